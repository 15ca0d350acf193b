//! The device: a wgpu device of this program's own, which ndgpu computes on as well, so that a kernel written here and
//! ndgpu's kernels run in one queue. It has the features and limits that ndgpu asks for when it opens one itself, and
//! timestamps where there are any.

use ndgpu::{Device, DeviceInfo, DeviceKind, ErrorKind, wgpu};
use wgpu::Features;

use crate::findings::{Finding, tell};
use crate::outcome::{Outcome, told};

pub struct Gpu {
    pub device: Device,
    pub raw: wgpu::Device,
    pub queue: wgpu::Queue,
}

/// What ndgpu would open: the adapter named, else what `NDGPU_DEVICE` names, else hardware, else a software rasteriser.
pub fn chosen(adapter: Option<&str>) -> Outcome<DeviceInfo> {
    let device = match (adapter, std::env::var("NDGPU_DEVICE")) {
        (Some(name), _) => Device::builder().adapter(name).build().map_err(told)?,
        (None, Ok(word)) if !word.trim().is_empty() => Device::named(&word).map_err(told)?,
        _ => Device::gpu().or_else(|error| {
            let other = Device::builder().allow_software(true).build().map_err(told)?;
            if other.info().kind == DeviceKind::Cpu { Err(error.to_string()) } else { Ok(other) }
        })?,
    };
    if device.info().kind == DeviceKind::Cpu {
        return Err("the CPU engine is no GPU: NDGPU_DEVICE names it".into());
    }
    Ok(device.info().clone())
}

pub fn open(adapter: Option<&str>) -> Outcome<Gpu> {
    let info = chosen(adapter)?;
    let adapter = adapter_of(&info)?;
    let mut wanted = Features::IMMEDIATES
        | Features::SHADER_F64
        | Features::SHADER_INT64
        | Features::TIMESTAMP_QUERY
        | Features::TIMESTAMP_QUERY_INSIDE_ENCODERS;
    if info.unified_memory {
        wanted |= Features::MAPPABLE_PRIMARY_BUFFERS;
    }
    let request = wgpu::DeviceDescriptor {
        label: Some("gpu-report"),
        required_features: adapter.features() & wanted,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (raw, queue) = pollster::block_on(adapter.request_device(&request)).map_err(told)?;
    raw.set_device_lost_callback(|reason, message| {
        if reason != wgpu::DeviceLostReason::Destroyed {
            tell(Finding::Problem(format!("the device was lost: {message}")));
        }
    });
    raw.on_uncaptured_error(std::sync::Arc::new(|error: wgpu::Error| tell(Finding::Problem(error.to_string()))));
    let device = Device::from_wgpu(&adapter, raw.clone(), queue.clone()).map_err(told)?;
    Ok(Gpu { device, raw, queue })
}

/// The adapter that a device of ndgpu's is on, as wgpu has it.
pub fn adapter_of(info: &DeviceInfo) -> Outcome<wgpu::Adapter> {
    let backends = wgpu::Backends::from(info.backend.ok_or("the CPU engine has no adapter")?);
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle().with_env();
    descriptor.backends = backends;
    let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
    let same = adapters.into_iter().find(|adapter| adapter.get_info().name == info.name);
    same.ok_or_else(|| format!("{} is not found again", info.name))
}

impl Gpu {
    pub fn is_software(&self) -> bool {
        self.device.info().kind == DeviceKind::Software
    }

    pub fn wait(&self) -> Outcome<()> {
        self.raw.poll(wgpu::PollType::wait_indefinitely()).map_err(told).map(drop)
    }

    /// A buffer, or why the device has no room for it.
    pub fn buffer(&self, size: u64, usage: wgpu::BufferUsages) -> Outcome<wgpu::Buffer> {
        let scopes = [wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation];
        let guards = scopes.map(|filter| self.raw.push_error_scope(filter));
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        let buffer = self.raw.create_buffer(&descriptor);
        // Scopes end in the order opposite to that in which they began.
        let errors = guards.into_iter().rev().filter_map(|guard| pollster::block_on(guard.pop()));
        match errors.last() {
            Some(error) => Err(error.to_string()),
            None => Ok(buffer),
        }
    }
}

/// What an error of ndgpu's means for the section: after a lost device nothing more can be measured.
pub fn sentence(error: ndgpu::Error) -> String {
    match error.kind() {
        ErrorKind::DeviceLost => format!("the device was lost: {error}"),
        _ => error.to_string(),
    }
}

/// Whether a sentence is about a lost device.
pub fn is_lost(sentence: &str) -> bool {
    sentence.starts_with("the device was lost")
}
