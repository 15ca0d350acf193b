//! For services on an executor (tokio, smol and others): which calls take long, and how to keep them from delaying
//! other tasks.
//!
//! Awaiting a [`Readback`] never blocks a thread. But a call before it may occupy its thread, and an executor's thread
//! that is busy polls no other task, accepts no connection and fires no timeout: 32 requests of 10 ms each, on one
//! thread, are a third of a second in which not even the timeouts of these requests can fire.
//!
//! | call | CPU engine | GPU | software GPU |
//! |---|---|---|---|
//! | [`Device::new`](crate::Device::new), `builder().build()` | microseconds | 0.1 to 1 s | 0.1 to 1 s |
//! | [`upload`](crate::Device::upload), `overwrite`, `plan.write` | a copy: 0.1 ms for 1 MB | the same | the same |
//! | [`InterpTable::new`](crate::InterpTable::new), [`Knots::new`](crate::Knots::new) | about 10 ns a knot | 20 to 100 ns a knot | the same |
//! | `interp`, `average_axis` and all other operations | **as long as they compute**, on all cores | recorded in 0.1 ms; the first of its kind compiles a shader: 1 to 100 ms | the same |
//! | [`plan.replay()`](crate::Plan::replay), the next item of a [stream](crate::Device::stream) | as long as they compute | 0.1 ms | up to 50 ms |
//! | [`readback()`][readback], `into_readback()` | nothing | recorded in 0.1 ms | the same |
//! | awaiting it | at once | when the data are there; the first poll submits what was recorded: 0.1 ms | up to 50 ms a submission |
//! | [`Readback::wait`](crate::Readback::wait), [`Device::synchronize`](crate::Device::synchronize), [`to_device`](crate::DeviceArray::to_device), [`Devices::map_rows`](crate::Devices::map_rows) | as long as they compute | blocks until the data are there | the same |
//! | dropping the [`HostArray`](crate::HostArray) that arrived | microseconds | microseconds; with OpenGL, whose calls take turns, as long as the submissions of others | the same |
//!
//! # The recipe
//!
//! Run the calls [in the background](crate::in_background), and end the closure with a readback that is awaited
//! outside. Then no thread is occupied while a GPU computes, and the same code serves both engines:
//!
//! ```
//! use std::time::Duration;
//!
//! use ndarray::{Array2, Axis, Ix1};
//! use ndgpu::{Device, DeviceArray, HostArray, InterpTable, in_background};
//!
//! /// Handles are cheap to clone, for each request anew.
//! #[derive(Clone)]
//! struct Service {
//!     device: Device,
//!     curve: InterpTable<f32>,
//!     weights: DeviceArray<f32, Ix1>,
//! }
//!
//! impl Service {
//!     async fn averages(&self, readings: Array2<f32>) -> ndgpu::Result<HostArray<f32, Ix1>> {
//!         let Self { device, curve, weights } = self.clone();
//!         let readback = in_background(move || {
//!             let readings = device.upload(&readings)?;
//!             Ok::<_, ndgpu::Error>(curve.interp(&readings)?.average_axis(Axis(1), &weights)?.into_readback())
//!         });
//!         readback.await?.await
//!     }
//! }
//!
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! runtime.block_on(async {
//!     let service = in_background(|| {
//!         let device = Device::new()?;
//!         let curve = InterpTable::new(&device, &[0.0_f32, 1.0, 4.0], &[0.0_f32, 10.0, 100.0])?;
//!         let weights = device.upload(&[1.0_f32, 2.0, 1.0])?;
//!         Ok::<_, ndgpu::Error>(Service { device, curve, weights })
//!     });
//!     let service = service.await?;
//!
//!     let request = service.averages(Array2::from_elem((1000, 3), 0.5));
//!     let averages = tokio::time::timeout(Duration::from_secs(10), request).await??;
//!     assert_eq!(averages.view()[999], 5.0);
//!     Ok::<_, Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `tests/futures.rs` runs 32 such tasks at once while another counts milliseconds, on both engines, on an executor
//! with one thread: the longest gap stays below a quarter of the time that the tasks take together. Without the recipe
//! it is all of that time on the CPU engine.
//!
//! An executor's own facility works as well: `tokio::task::spawn_blocking`, `smol::unblock`. Tokio's admits 512 calls
//! at a time, and each call of the CPU engine uses all cores, so limit them: with a `tokio::sync::Semaphore` of as many
//! permits as there are cores, whose permit moves into the closure. Do not run the calls on rayon's own threads
//! (`rayon::spawn`): a call that waits for its other cores steals other work of that pool meanwhile, another request
//! among them.
//!
//! # Limits
//!
//! - As many requests compute at a time as the CPU engine has threads; the others wait in a queue. Each of those keeps
//!   its data, so admit no more than memory can hold: with a semaphore around the whole request, or
//!   [`buffer_unordered`](futures::stream::StreamExt::buffer_unordered) where requests are a stream.
//! - With OpenGL, read the result and drop it in the background too: on the executor's thread the drop waits until the
//!   submissions of other requests are complete, which takes a software GPU 30 to 150 ms.
//! - A timeout drops the request. Calls that have not started are never made; those that have run to their end, and the
//!   result is dropped. A call cannot be interrupted: split data that take seconds, one background call per chunk.
//! - Not worth it below 0.1 ms: a sum of 10,000 elements is done before another thread has started. Call it in the
//!   task.
//! - Work in the background must not wait for other work in the background: there may be no thread left for that.
//!
//! [`Readback`]: crate::Readback
//! [readback]: crate::DeviceArray::readback
