//! Moving data between host and device, and counting it: [`Device::upload`](crate::Device::upload), [`Readback`],
//! [`HostArray`], and the ledger behind [`Device::transfers`](crate::Device::transfers).
//!
//! Nothing else in the crate turns host data into device data or back.

mod host_array;
mod ledger;
mod readback;
mod upload;

pub use host_array::HostArray;
pub(crate) use ledger::Ledger;
pub use ledger::{TransferCost, TransferPath, TransferStats};
pub use readback::Readback;
pub(crate) use upload::bytes_of;
