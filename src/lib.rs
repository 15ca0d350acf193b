//! ndgpu
#![deny(missing_docs)]

mod accumulate;
mod array;
mod device;
mod element;
mod error;
mod interp;
mod knots;
mod reduce;
mod shader;
mod tiles;
mod transfer;

pub use array::DeviceArray;
pub use device::{Device, DeviceBuilder, DeviceInfo, DeviceKind, DeviceLimits};
pub use element::{Element, ElementType, Float};
pub use error::{Error, ErrorKind, Result};
pub use interp::{HostData, InterpTable, InterpTableBuilder, Order};
pub use transfer::{HostArray, Readback, TransferCost, TransferPath, TransferStats};
pub use wgpu;
