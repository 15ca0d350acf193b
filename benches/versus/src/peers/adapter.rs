//! The adapter that ndgpu's GPU engine uses, and with it every peer on bare wgpu.

use ndgpu::{Device, DeviceKind};

use crate::outcome::{Outcome, told};

/// What a worker has to know besides its workload.
#[derive(Clone, Default)]
pub struct Options {
    /// Part of the name of the adapter to use, if not the best.
    pub adapter: Option<String>,
}

/// Hardware, else a software rasteriser, unless an adapter is named.
pub fn open(options: &Options) -> Outcome<Device> {
    if let Some(name) = &options.adapter {
        return Device::builder().adapter(name).build().map_err(told);
    }
    Device::gpu().or_else(|error| {
        let software = Device::builder().allow_software(true).build().map_err(told)?;
        if software.info().kind == DeviceKind::Cpu { Err(error.to_string()) } else { Ok(software) }
    })
}
