//! NumPy's `interp` and `average` for [`ndarray`] data on any GPU or on all cores of the CPU, with the cost of every
//! copy between host and device in plain sight.
//!
//! A [`Device`] is a GPU behind wgpu (Vulkan, Metal, DX12, GL) or the native CPU engine, which every machine has.
//! Arrays are uploaded by [`Device::upload`] and stay there as [`DeviceArray`]s. An [`InterpTable`] looks values up in
//! them, and reductions such as [`DeviceArray::average_axis`] average their rows. [`DeviceArray::readback`] brings
//! results back, and says what that costs. Nothing else moves data.
//!
//! ```
//! use ndarray::{Axis, arr1, arr2};
//! use ndgpu::{Device, InterpTable};
//!
//! let device = Device::new()?; // a GPU if there is one, else the CPU engine
//!
//! // a calibration curve, applied to a batch of readings
//! let curve = InterpTable::new(&device, &[0.0_f32, 1.0, 4.0], &[0.0_f32, 10.0, 100.0])?;
//! let readings = device.upload(&arr2(&[[0.5_f32, 1.0, 2.0], [3.0, 4.0, 9.0]]))?;
//! let values = curve.interp(&readings)?; // stays on the device
//!
//! // the weighted average of each row; only these two numbers come back
//! let weights = device.upload(&arr1(&[1.0_f32, 2.0, 1.0]))?;
//! let averages = values.average_axis(Axis(1), &weights)?;
//! let host = averages.readback().wait()?; // or .await
//! assert_eq!(host.view(), arr1(&[16.25, 92.5]));
//!
//! assert_eq!(device.transfers().readback_bytes, 8);
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! - The [guide] has NumPy's, SciPy's and TensorFlow's calls beside ndgpu's.
//! - [`async_services`] tells programs on an executor which calls to keep off its threads.
//! - The [differences from NumPy](#differences-from-numpy) are in one table below.
//! - In the repository, `docs/DESIGN.md` says how the crate is built and why, `docs/COMPARE.md` compares it with other
//!   libraries, `docs/PLATFORMS.md` lists systems and drivers, `docs/RELIABILITY.md` what is promised and tested,
//!   `docs/BENCHMARKS.md` what was measured.
//!
//! # What happens when
//!
//! - **Uploads** copy the data once, into memory that the device reads from. Any layout will do: strided, reversed,
//!   broadcast.
//! - **Operations** return at once on a GPU: their commands are recorded, and submitted when a result is wanted or
//!   enough work has come together. On the CPU engine they are done when the call returns, on all cores.
//! - **Readbacks** are futures: await them under any executor, or block in [`Readback::wait`]. On the CPU engine the
//!   time goes by in the calls before. [`Readback::cost`] gives the bytes and their path, [`HostArray::view`] looks at
//!   the memory in which they arrived without another copy, and [`Device::transfers`] adds everything up.
//! - **Repeated work** is captured once and replayed: [`Device::capture`] makes a [`Plan`] of ordinary calls.
//! - **Data larger than a device** go through it in chunks: [`Device::stream`]. [`Devices`] share rows among several.
//!
//! | path of a readback | when | what is copied |
//! |---|---|---|
//! | [`Shared`](TransferPath::Shared) | CPU engine | nothing |
//! | [`Mapped`](TransferPath::Mapped) | unified memory, `into_readback` of an array that nobody else holds | nothing |
//! | [`Staged`](TransferPath::Staged) | everything else | all bytes once, into a buffer that the host can see |
//!
//! Readbacks that are queued together travel together:
//!
//! ```
//! use futures::future::try_join;
//! use ndarray::{Array2, Axis};
//! use ndgpu::Device;
//!
//! let device = Device::new()?;
//! let a = device.upload(&Array2::<f32>::ones((1000, 8)))?;
//! let (sums, means) = (a.sum_axis(Axis(0))?, a.mean_axis(Axis(1))?);
//! assert_eq!(sums.readback().cost().bytes, 8 * 4);
//!
//! let (sums, means) = pollster::block_on(try_join(sums.readback(), means.readback()))?;
//! assert_eq!((sums.view()[0], means.view()[999]), (1000.0, 1.0));
//! assert_eq!(device.transfers().readback_bytes, 8 * 4 + 1000 * 4);
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! # Errors that arrive with the data
//!
//! What the host can know (shapes, axes, the order of knots on the host) fails in the call. What only the device can
//! see fails at the readback, because nothing stops the device just to look: a sum of weights that is zero
//! ([`ErrorKind::ZeroWeights`]), and knots computed on the device that are out of order ([`ErrorKind::NotSorted`]).
//! Such an error is the `Err` of every readback of data that depend on it, on both engines alike, so a wrong result
//! cannot arrive as a right one.
//!
//! ```
//! use ndgpu::{Device, ErrorKind};
//!
//! let device = Device::new()?;
//! let a = device.upload(&[1.0_f32, 2.0])?;
//! let weights = device.upload(&[1.0_f32, -1.0])?;
//! let average = a.average(&weights)?; // nobody has looked yet
//! let error = average.readback().wait().unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::ZeroWeights);
//! # Ok::<(), ndgpu::Error>(())
//! ```
//!
//! # Exactness
//!
//! Interpolation follows NumPy branch by branch, special values included; in `f64` the CPU engine gives NumPy's bits.
//! It stays in the type it was given: `f32` in, `f32` out. Sums are as exact as if added in twice the precision and
//! rounded once, at any length, along any axis: `f32` in `f64`, or in pairs of `f32` on a GPU without `f64`; `f64` in
//! pairs of `f64`. (In pairs the range stays that of the type: an intermediate sum beyond it is infinite.) Results of
//! the CPU engine depend neither on the number of cores nor on the instruction set.
//!
#![doc = include_str!("../docs/DIFFERENCES.md")]
//!
//! # What drivers make of numbers
//!
//! Shading languages let a driver flush subnormal numbers, fuse products with sums, round quotients carelessly, and
//! assume that NaN and infinities do not occur. When a device is opened, one small kernel finds out;
//! [`DeviceInfo::arithmetic`] and [`DeviceInfo::compensated_sums`] say what it found. The CPU engine always computes as
//! IEEE 754 says.
//!
//! | where | what differs |
//! |---|---|
//! | everything decided from bits alone: the order of knots, searches and bins, exact hits, the indices of extremes, NaN and infinite queries, fills | nothing, on any driver |
//! | no `subnormals` | every subnormal number, a knot's distance, a slope or a product included, counts as zero: results are those of numbers from 1.2e-38 on (2.2e-308 in `f64`) |
//! | no `separate_rounding`, no `rounded_division` | the last digit or two |
//! | no `infinities`, no `nan` | results that IEEE 754 makes infinite or NaN on the way (opposite infinities as neighbours, overflowing slopes) are any number |
//! | no `compensated_sums` | sums of `f32` without `f64`, and sums of `f64`, are as exact as plain addition in a tree |

#![deny(missing_docs)]
#![forbid(unsafe_code)]

// What tests and the crate share calls the crate by its name.
#[cfg(test)]
extern crate self as ndgpu;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;

mod array;
#[cfg(not(target_arch = "wasm32"))]
pub mod async_services;
#[cfg(not(target_arch = "wasm32"))]
mod background;
mod device;
#[cfg(not(target_arch = "wasm32"))]
mod devices;
mod element;
mod engine;
mod error;
mod float;
pub mod guide;
mod index;
mod kernels;
mod plan;
mod simd;
mod stream;
mod table;
#[cfg(test)]
mod testing;
mod transfer;

pub use ndarray;
pub use wgpu;

pub use crate::array::DeviceArray;
pub use crate::array::any::AnyArray;
pub use crate::array::host_data::{HostData, HostView};
pub use crate::array::skip_nan::SkipNan;
#[cfg(not(target_arch = "wasm32"))]
pub use crate::background::{Background, in_background};
pub use crate::device::Device;
pub use crate::device::select::DeviceBuilder;
pub use crate::device::transfers::{TransferCost, TransferPath, TransferStats};
#[cfg(not(target_arch = "wasm32"))]
pub use crate::devices::Devices;
pub use crate::element::{Element, ElementType, Float};
pub use crate::engine::info::{Accumulator, Arithmetic, DeviceInfo, DeviceKind, DeviceLimits};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::kernels::arrange::op::Order;
pub use crate::kernels::interp::op::Method;
pub use crate::plan::Plan;
pub use crate::plan::any::AnyData;
pub use crate::plan::arrays::{PlanArrays, PlanData, PlanInputs};
pub use crate::stream::ChunkStream;
pub use crate::stream::chunk::Chunk;
pub use crate::stream::progress::{StreamMonitor, StreamProgress};
pub use crate::table::InterpTable;
pub use crate::table::builder::InterpTableBuilder;
pub use crate::table::derivatives::{InterpCotangents, Tangents, Wanted};
pub use crate::table::device_builder::DeviceTableBuilder;
pub use crate::table::knots::{Knots, Side};
pub use crate::table::located::{Fields, Located};
pub use crate::transfer::host_array::HostArray;
pub use crate::transfer::readback::Readback;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
