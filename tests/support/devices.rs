//! The adapter under test, and devices on it: opened as users do, shared by an application, or with small limits.
//!
//! The adapter is a software rasteriser where there is one, so that the tests need no hardware; `NDGPU_TEST_ADAPTER`, a
//! part of an adapter's name, puts another in its place. Without it the tests fail: a test that skips its GPU half in
//! silence proves nothing.

use ndgpu::{Device, DeviceBuilder, wgpu};

/// Whether a device takes numbers below the smallest normal one for zero.
pub fn flushes_subnormals(device: &Device) -> bool {
    device.info().arithmetic.is_some_and(|arithmetic| !arithmetic.subnormals)
}

/// Part of the name of the adapter that is tested.
pub fn adapter_name() -> String {
    let wanted = std::env::var("NDGPU_TEST_ADAPTER").ok().filter(|name| !name.trim().is_empty());
    // Every Windows has WARP, every Mac has a GPU; elsewhere scripts/test installs Mesa's.
    let usual = match std::env::consts::OS {
        "windows" => "Basic Render",
        "macos" => "Apple",
        _ => "llvmpipe",
    };
    wanted.as_deref().unwrap_or(usual).trim().to_owned()
}

/// What a buffer has to be for to hold an array.
pub const ARRAY: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

/// A buffer of an application's, for arrays.
pub fn array_buffer(raw: &wgpu::Device, size: u64) -> wgpu::Buffer {
    raw.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage: ARRAY, mapped_at_creation: false })
}

/// A wgpu device as an application would have it: with wgpu's default limits, and no features.
pub fn application() -> (wgpu::Adapter, wgpu::Device, wgpu::Queue) {
    application_with(|_| wgpu::DeviceDescriptor::default())
}

/// A wgpu device of an application that wants something of its own.
pub fn application_with(
    wanted: impl Fn(&wgpu::Adapter) -> wgpu::DeviceDescriptor<'static>,
) -> (wgpu::Adapter, wgpu::Device, wgpu::Queue) {
    let name = adapter_name().to_lowercase();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle().with_env());
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::all());
    let adapters = pollster::block_on(instance.enumerate_adapters(backends));
    let adapter = adapters.into_iter().find(|adapter| adapter.get_info().name.to_lowercase().contains(&name));
    let adapter = adapter.expect("an adapter to test on: run scripts/test");
    let (device, queue) = pollster::block_on(adapter.request_device(&wanted(&adapter))).unwrap();
    (adapter, device, queue)
}

/// The device under test with small limits: so many bytes a binding, so many workgroups a dimension.
pub fn small(binding: u64, groups: u32, alignment: u32, features: wgpu::Features) -> Device {
    let (adapter, raw, queue) = application_with(|adapter| wgpu::DeviceDescriptor {
        required_features: adapter.features() & features,
        required_limits: wgpu::Limits {
            max_storage_buffer_binding_size: binding,
            max_compute_workgroups_per_dimension: groups,
            min_storage_buffer_offset_alignment: alignment.max(adapter.limits().min_storage_buffer_offset_alignment),
            max_uniform_buffer_binding_size: 1024,
            max_immediate_size: if (adapter.features() & features).contains(wgpu::Features::IMMEDIATES) {
                128
            } else {
                0
            },
            ..wgpu::Limits::default()
        },
        ..Default::default()
    });
    Device::from_wgpu(&adapter, raw, queue).unwrap()
}

/// The adapter under test, opened as this builder says.
pub fn open_gpu(builder: DeviceBuilder) -> Device {
    let adapter = &adapter_name();
    builder.adapter(adapter).build().unwrap_or_else(|error| {
        panic!(
            "These tests need a GPU, a software one will do, and \"{adapter}\" could not be had. Run scripts/test: \
             it sets up what the tests need. To test another adapter name it in NDGPU_TEST_ADAPTER.\n{error}"
        )
    })
}
