//! wgpu's backend that computes nothing: buffers, copies and mappings are real, and everything is validated as on a
//! real device, but kernels leave their output as it was. What limits do to the bookkeeping shows here without memory
//! or time.

use ndgpu::{Device, Result, wgpu};

/// What a device can do whose limits are small and odd.
pub fn small_limits() -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: 4096,
        max_compute_workgroups_per_dimension: 3,
        max_uniform_buffer_binding_size: 1024,
        ..wgpu::Limits::default()
    }
}

/// A device without a driver, with these limits, and room for immediates if it has them.
pub fn noop(limits: wgpu::Limits, features: wgpu::Features) -> Result<Device> {
    let max_immediate_size = if features.contains(wgpu::Features::IMMEDIATES) { 128 } else { 0 };
    let limits = wgpu::Limits { max_immediate_size, ..limits };
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::NOOP;
    descriptor.backend_options.noop =
        wgpu::NoopBackendOptions { enable: true, limits: Some(limits.clone()), ..Default::default() };
    let instance = wgpu::Instance::new(descriptor);
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::NOOP));
    let adapter = adapters.first().expect("the backend is compiled in, and enabled");
    let wanted = wgpu::DeviceDescriptor { required_features: features, required_limits: limits, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&wanted)).expect("it has what it was made with");
    Device::from_wgpu(adapter, device, queue)
}

/// Parameters in the commands, and 64-bit floats.
pub const ALL_FEATURES: wgpu::Features =
    wgpu::Features::IMMEDIATES.union(wgpu::Features::SHADER_F64).union(wgpu::Features::SHADER_INT64);
