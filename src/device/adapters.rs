//! The adapters that graphics drivers offer, and which drivers are loaded to list them.

use crate::device::traces;
use crate::engine::info::DeviceInfo;

/// The adapters found, and the graphics APIs that were searched.
pub(crate) struct Found {
    pub adapters: Vec<DeviceInfo>,
    pub looked: wgpu::Backends,
}

impl Found {
    /// Nothing, for no driver was asked.
    pub fn without_looking() -> Self {
        // The default of wgpu's is all.
        Self { adapters: Vec::new(), looked: wgpu::Backends::empty() }
    }
}

/// The graphics APIs named by this builder, or else by the environment.
pub(crate) fn named_backends(backends: Option<wgpu::Backends>) -> Option<wgpu::Backends> {
    backends.or_else(wgpu::Backends::from_env)
}

/// Whether drivers are loaded to look for GPU hardware.
pub(crate) fn looks_for_hardware(backends: Option<wgpu::Backends>) -> bool {
    named_backends(backends).is_some() || traces::of_named_drivers() || traces::of_a_gpu()
}

/// All adapters that can compute: behind the named graphics APIs, else behind the native ones of wgpu's first class,
/// and behind GL only if none of those is `enough`, since it would load a second driver for the same GPU.
pub(crate) async fn all(backends: Option<wgpu::Backends>, enough: impl Fn(&DeviceInfo) -> bool) -> Found {
    if let Some(backends) = named_backends(backends) {
        return Found { adapters: behind(backends).await, looked: backends & compiled() };
    }
    let first = compiled() - wgpu::Backends::GL - wgpu::Backends::NOOP;
    let mut found = Found { adapters: behind(first).await, looked: first };
    if !found.adapters.iter().any(enough) {
        found.adapters.extend(behind(wgpu::Backends::GL).await);
        found.looked |= wgpu::Backends::GL & compiled();
    }
    found
}

/// The graphics APIs that wgpu supports on this system.
fn compiled() -> wgpu::Backends {
    wgpu::Instance::enabled_backend_features()
}

/// All adapters behind these graphics APIs that can compute.
async fn behind(backends: wgpu::Backends) -> Vec<DeviceInfo> {
    let backends = backends & compiled();
    if backends.is_empty() {
        return Vec::new();
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle().with_env();
    descriptor.backends = backends;
    let instance = wgpu::Instance::new(descriptor);
    let found = instance.enumerate_adapters(backends).await;
    let able = found.into_iter().filter(|adapter| {
        let downlevel = adapter.get_downlevel_capabilities().flags;
        downlevel.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            && adapter.limits().max_storage_buffers_per_shader_stage >= 8
    });
    able.map(|adapter| DeviceInfo::of_adapter(&adapter, adapter.features(), &adapter.limits())).collect()
}
