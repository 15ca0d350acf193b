//! Which device: [`DeviceBuilder`], the environment, and what is said when there is none.

use std::sync::Arc;

use super::{Device, DeviceInfo, DeviceKind};
use crate::error::{Error, ErrorKind, Result};

/// Chooses a device.
///
/// Without any call this does what [`Device::new`] does.
///
/// ```no_run
/// use ndgpu::Device;
///
/// // Mesa's software Vulkan, for tests on machines without a GPU
/// let device = Device::builder().adapter("llvmpipe").build()?;
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DeviceBuilder {
    adapter: Option<String>,
    backends: Option<wgpu::Backends>,
    allow_software: bool,
    without_f64: bool,
}

/// What is being looked for.
enum Wish {
    /// The best, the CPU engine among them.
    Best { software: bool },
    /// The CPU engine.
    Cpu,
    /// Only GPU hardware.
    HardwareGpu,
    /// Only a software rasteriser.
    Software,
    /// An adapter whose name contains this, in any case of letters.
    Named(String),
}

impl DeviceBuilder {
    /// Takes the adapter whose name contains this (in any case of letters), be it hardware or a software rasteriser.
    /// Overrides `NDGPU_DEVICE`.
    pub fn adapter(mut self, part_of_name: impl Into<String>) -> Self {
        self.adapter = Some(part_of_name.into());
        self
    }

    /// Looks only behind these graphics APIs. Overrides `WGPU_BACKEND`.
    pub fn backends(mut self, backends: wgpu::Backends) -> Self {
        self.backends = Some(backends);
        self
    }

    /// Also takes a software rasteriser, if there is no GPU hardware, before the CPU engine. For tests: the CPU engine
    /// is faster.
    pub fn allow_software(mut self, allow: bool) -> Self {
        self.allow_software = allow;
        self
    }

    /// Uses the GPU as if it had no 64-bit floats, as many have not: `f64` is refused, and sums of `f32` are kept exact
    /// by compensation instead. For tests, and for GPUs whose 64-bit arithmetic is slow.
    pub fn without_f64(mut self) -> Self {
        self.without_f64 = true;
        self
    }

    /// Opens the device.
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`build_async`](Self::build_async) there.
    ///
    /// # Errors
    ///
    /// [`NoDevice`](ErrorKind::NoDevice) if nothing fits; the message lists what was found.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn build(self) -> Result<Device> {
        pollster::block_on(self.build_async())
    }

    /// The same without blocking.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_async(self) -> Result<Device> {
        let wish = match (&self.adapter, std::env::var("NDGPU_DEVICE")) {
            (Some(name), _) => Wish::Named(name.clone()),
            (None, Ok(name)) if !name.trim().is_empty() => Wish::from_environment(name.trim()),
            (None, _) => Wish::Best { software: self.allow_software },
        };
        self.open(wish).await
    }

    async fn open(self, wish: Wish) -> Result<Device> {
        if matches!(wish, Wish::Cpu) {
            return Ok(Device::cpu());
        }
        let found = adapters(self.backends).await;
        let mut fitting: Vec<_> = found.iter().filter(|(info, _)| wish.takes(info)).collect();
        fitting.sort_by_key(|(info, _)| rank(info.kind));
        let mut refusals = Vec::new();
        for (info, adapter) in &fitting {
            match open_adapter(info, adapter, self.without_f64).await {
                Ok(device) => return Ok(device),
                Err(reason) => refusals.push(format!("{info} could not be opened: {reason}")),
            }
        }
        if matches!(wish, Wish::Best { .. }) {
            return Ok(Device::cpu());
        }
        Err(no_device(&wish, self.backends, found.iter().map(|(info, _)| info), &refusals))
    }
}

impl Wish {
    fn from_environment(value: &str) -> Self {
        match value.to_lowercase().as_str() {
            "cpu" => Self::Cpu,
            "gpu" => Self::HardwareGpu,
            "software" => Self::Software,
            _ => Self::Named(value.to_owned()),
        }
    }

    fn takes(&self, info: &DeviceInfo) -> bool {
        match self {
            Self::Best { software } => info.kind.is_hardware_gpu() || *software,
            Self::Cpu => false,
            Self::HardwareGpu => info.kind.is_hardware_gpu(),
            Self::Software => info.kind == DeviceKind::Software,
            Self::Named(part) => info.name.to_lowercase().contains(&part.to_lowercase()),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Best { .. } => "a device".into(),
            Self::Cpu => "the CPU engine".into(),
            Self::HardwareGpu => "a hardware GPU".into(),
            Self::Software => "a software rasteriser".into(),
            Self::Named(part) => format!("an adapter whose name contains \"{part}\""),
        }
    }
}

/// What `NDGPU_DEVICE` would choose with this value.
#[cfg(not(target_arch = "wasm32"))]
pub(super) async fn named(name: &str) -> Result<Device> {
    DeviceBuilder::default().open(Wish::from_environment(name.trim())).await
}

/// A hardware GPU or an error.
pub(super) async fn hardware_gpu() -> Result<Device> {
    DeviceBuilder::default().open(Wish::HardwareGpu).await
}

/// Every hardware GPU, open. One that several graphics APIs offer is opened through the first of them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn all_hardware() -> Result<Vec<Device>> {
    let mut found = adapters(None).await;
    found.retain(|(info, _)| info.kind.is_hardware_gpu());
    found.sort_by_key(|(info, _)| rank(info.kind));
    let mut devices: Vec<Device> = Vec::new();
    for (info, adapter) in &found {
        let has_it = |device: &Device| device.info().name == info.name && device.info().backend != info.backend;
        if !devices.iter().any(has_it) {
            devices.push(open_adapter(info, adapter, false).await?);
        }
    }
    Ok(devices)
}

/// All devices in order of preference.
pub(super) async fn available() -> Vec<DeviceInfo> {
    let mut all: Vec<_> = adapters(None).await.into_iter().map(|(info, _)| info).collect();
    all.push(DeviceInfo::cpu());
    all.sort_by_key(|info| rank(info.kind));
    all
}

/// The lower, the better. An adapter of unknown kind (GL often does not say) comes after the known GPUs.
fn rank(kind: DeviceKind) -> u8 {
    match kind {
        DeviceKind::DiscreteGpu => 0,
        DeviceKind::IntegratedGpu => 1,
        DeviceKind::VirtualGpu => 2,
        DeviceKind::Other => 3,
        DeviceKind::Cpu => 4,
        DeviceKind::Software => 5,
    }
}

async fn adapters(backends: Option<wgpu::Backends>) -> Vec<(DeviceInfo, wgpu::Adapter)> {
    let backends = wanted_backends(backends);
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle().with_env();
    descriptor.backends = backends;
    let instance = wgpu::Instance::new(descriptor);
    let found = instance.enumerate_adapters(backends).await;
    let able = found.into_iter().filter(|adapter| {
        let downlevel = adapter.get_downlevel_capabilities().flags;
        downlevel.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
            && adapter.limits().max_storage_buffers_per_shader_stage >= 8
    });
    able.map(|adapter| {
        let info = DeviceInfo::of_adapter(&adapter.get_info(), adapter.features(), &adapter.limits());
        (info, adapter)
    })
    .collect()
}

/// Without a wish: the native APIs first class in wgpu, and GL for what has nothing else.
fn wanted_backends(backends: Option<wgpu::Backends>) -> wgpu::Backends {
    backends.or_else(wgpu::Backends::from_env).unwrap_or(wgpu::Backends::all() - wgpu::Backends::NOOP)
}

async fn open_adapter(info: &DeviceInfo, adapter: &wgpu::Adapter, without_f64: bool) -> Result<Device> {
    let mut wanted = wgpu::Features::IMMEDIATES;
    if !without_f64 {
        wanted |= wgpu::Features::SHADER_F64 | wgpu::Features::SHADER_INT64;
    }
    if info.unified_memory {
        wanted |= wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    }
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("ndgpu"),
        required_features: adapter.features() & wanted,
        // The defaults are far smaller than what the adapter can do.
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let opened = adapter.request_device(&descriptor).await;
    let (device, queue) =
        opened.map_err(|error| Error::new(ErrorKind::Driver, error.to_string()).with_source(Arc::new(error)))?;
    let info = DeviceInfo::of_adapter(&adapter.get_info(), device.features(), &device.limits());
    Device::over(device, queue, info, true)
}

fn no_device<'a>(
    wish: &Wish,
    backends: Option<wgpu::Backends>,
    found: impl Iterator<Item = &'a DeviceInfo>,
    refusals: &[String],
) -> Error {
    let looked = wanted_backends(backends) & compiled_backends();
    let found: Vec<_> = found.map(|info| info.to_string()).collect();
    let found = if found.is_empty() { "no adapter at all".into() } else { found.join("; ") };
    let refused = if refusals.is_empty() { String::new() } else { format!(" {}.", refusals.join("; ")) };
    Error::new(
        ErrorKind::NoDevice,
        format!(
            "looked for {} behind {looked:?} and found: {found}.{refused} {} Device::cpu() works on every machine.",
            wish.describe(),
            how_to_get_one()
        ),
    )
}

/// The graphics APIs that wgpu has on this system.
fn compiled_backends() -> wgpu::Backends {
    wgpu::Instance::enabled_backend_features()
}

fn how_to_get_one() -> &'static str {
    if cfg!(target_os = "linux") {
        "On Linux a GPU needs the Vulkan loader and its driver: install libvulkan1 with mesa-vulkan-drivers (AMD, Intel; \
         also the software rasteriser llvmpipe) or the vendor's driver (NVIDIA) on Debian and Ubuntu, vulkan-loader \
         with mesa-vulkan-drivers on Fedora, vulkan-icd-loader with vulkan-radeon, vulkan-intel or nvidia-utils on \
         Arch; `vulkaninfo --summary` shows what is there."
    } else if cfg!(target_os = "windows") {
        "On Windows a GPU needs the vendor's driver with DirectX 12 or Vulkan."
    } else if cfg!(target_os = "macos") {
        "On macOS every GPU that has Metal works."
    } else {
        "A GPU needs a driver for Vulkan, Metal, DirectX 12 or WebGPU."
    }
}
