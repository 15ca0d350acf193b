//! Moving data between host and device, and counting it: [`Device::upload`](crate::Device::upload), [`Readback`],
//! and [`HostArray`]. The device's ledger counts what they move.
//!
//! Nothing else in the crate turns host data into device data or back.

pub(crate) mod host_array;
pub(crate) mod readback;
pub(crate) mod upload;
