//! Moves data between host and device and counts them: [`Device::upload`](crate::Device::upload), [`Readback`], and
//! [`HostArray`]. The counts are in the device's ledger.
//!
//! Nothing else in the crate turns host data into device data or back.

pub(crate) mod host_array;
pub(crate) mod readback;
pub(crate) mod upload;
