//! Moving data between host and device, and counting it: [`Device::upload`](crate::Device::upload), [`Readback`],
//! and [`HostArray`]. The device's ledger counts what they move.
//!
//! Nothing else in the crate turns host data into device data or back.

mod gather;
mod host_array;
mod readback;
mod upload;

pub(crate) use gather::gathered;
pub use host_array::HostArray;
pub use readback::Readback;
