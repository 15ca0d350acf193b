//! Chooses a device: [`DeviceBuilder`], the environment, and the error if there is none.

use std::sync::Arc;

use crate::device::adapters::{self, Found};
use crate::device::{Device, traces};
use crate::engine::info::{Accumulator, DeviceInfo, DeviceKind};
use crate::error::{Error, ErrorKind, Result};

/// Chooses a device.
///
/// Without any option this does what [`Device::new`] does.
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
    named: Option<String>,
    backends: Option<wgpu::Backends>,
    allow_software: bool,
    options: OpenOptions,
}

/// How an adapter is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenOptions {
    pub without_f64: bool,
    pub accumulator: Option<Accumulator>,
    pub kernels_for: Option<DeviceKind>,
}

/// The device to look for.
enum Wish {
    /// The best device, the CPU engine included.
    Best { software: bool },
    /// The CPU engine.
    Cpu,
    /// Only GPU hardware.
    HardwareGpu,
    /// Only a software rasteriser.
    Software,
    /// An adapter whose name contains this, ignoring case.
    Named(String),
}

/// The environment variable that chooses the device.
const VARIABLE: &str = "NDGPU_DEVICE";

/// The origin of the request, for the error message.
enum Asked {
    Call,
    /// As the environment would.
    Word(String),
    Variable(String),
}

impl DeviceBuilder {
    /// Chooses the adapter whose name contains this (ignoring case), hardware or software rasteriser. Overrides
    /// `NDGPU_DEVICE`.
    pub fn adapter(mut self, part_of_name: impl Into<String>) -> Self {
        self.adapter = Some(part_of_name.into());
        self
    }

    /// Chooses as `NDGPU_DEVICE` with this value would: `"cpu"`, `"gpu"`, `"software"`, or part of an adapter's name.
    /// Overrides `NDGPU_DEVICE`; [`adapter`](Self::adapter) overrides this.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.named = Some(name.into());
        self
    }

    /// Restricts the search to these graphics APIs, whether or not the machine shows traces of a GPU. Overrides
    /// `WGPU_BACKEND`.
    pub fn backends(mut self, backends: wgpu::Backends) -> Self {
        self.backends = Some(backends);
        self
    }

    /// Also accepts a software rasteriser if there is no GPU hardware, in preference to the CPU engine. For tests: the
    /// CPU engine is faster.
    pub fn allow_software(mut self, allow: bool) -> Self {
        self.allow_software = allow;
        self
    }

    /// Uses the GPU as if it had no 64-bit floats, like many GPUs: `f64` is refused, and sums of `f32` are kept exact
    /// by compensation instead. For tests, and for GPUs whose 64-bit arithmetic is slow.
    pub fn without_f64(mut self) -> Self {
        self.options.without_f64 = true;
        self
    }

    /// Keeps sums of `f32` in this way on a GPU, instead of the one that was faster when the device was opened.
    ///
    /// [`DeviceInfo::compensated_sums`] says whether a compensated one is exact there.
    pub fn accumulator(mut self, accumulator: Accumulator) -> Self {
        self.options.accumulator = Some(accumulator);
        self
    }

    /// Uses the kernels that are made for this kind of device, whatever the adapter says of itself: those for
    /// [`Software`](DeviceKind::Software) rasterisers, or those for hardware. For tests, and for drivers that do not
    /// say, or not the truth. The results are the same.
    pub fn kernels_for(mut self, kind: DeviceKind) -> Self {
        self.options.kernels_for = Some(kind);
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
        let (wish, asked) = self.wish();
        self.open(wish, asked).await
    }

    /// The devices to choose from, best first: those behind the named graphics APIs, else behind all of them; with
    /// [`allow_software`](Self::allow_software) also software rasterisers on a machine without a GPU, where
    /// [`Device::available`] loads no driver that would report them.
    ///
    /// ```
    /// use ndgpu::{Device, DeviceKind};
    ///
    /// let all = Device::builder().allow_software(true).available();
    /// assert!(all.iter().any(|info| info.kind == DeviceKind::Cpu));
    /// ```
    ///
    /// Not on wasm32: nothing can block in a browser. Await [`available_async`](Self::available_async) there.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn available(self) -> Vec<DeviceInfo> {
        pollster::block_on(self.available_async())
    }

    /// The same without blocking. A browser tells of one GPU.
    pub async fn available_async(self) -> Vec<DeviceInfo> {
        let mut all = Vec::new();
        if self.lists_drivers() {
            // A second driver that tells of the same software is worth nothing, one that may tell of a GPU is.
            let may_have_hardware = traces::of_a_gpu();
            let enough = |info: &DeviceInfo| info.kind.is_hardware_gpu() || !may_have_hardware;
            all = adapters::all(self.backends, enough).await.adapters;
        }
        all.push(DeviceInfo::cpu());
        all.sort_by_key(|info| rank(info.kind));
        all
    }

    /// Whether [`build`](Self::build) loads graphics drivers: if this machine looks as if it had a GPU, or if drivers
    /// are asked for by what was chosen here or by the environment. Programs in which a driver must not be loaded, or
    /// must be loaded in a way of their own, ask first.
    ///
    /// A driver is asked for by [`adapter`](Self::adapter), [`backends`](Self::backends),
    /// [`allow_software`](Self::allow_software), `NDGPU_DEVICE` other than `cpu` and `gpu`, `WGPU_BACKEND`,
    /// `VK_DRIVER_FILES`, `VK_ICD_FILENAMES` and `VK_ADD_DRIVER_FILES`. Looking for a GPU, on Linux, is looking for its
    /// nodes in `/dev`, and takes some microseconds; other systems have the drivers loaded, and are taken to have one.
    pub fn loads_drivers(&self) -> bool {
        self.wish().0.loads_drivers(self.backends)
    }

    /// The same of [`available`](Self::available).
    pub fn lists_drivers(&self) -> bool {
        // NDGPU_DEVICE=cpu selects a device, but hides none.
        self.allow_software || adapters::looks_for_hardware(self.backends) || self.loads_drivers()
    }

    fn wish(&self) -> (Wish, Asked) {
        if let Some(name) = &self.adapter {
            return (Wish::Named(name.clone()), Asked::Call);
        }
        if let Some(word) = &self.named {
            return (Wish::from_word(word), Asked::Word(word.clone()));
        }
        match std::env::var(VARIABLE) {
            Ok(word) if !word.trim().is_empty() => (Wish::from_word(&word), Asked::Variable(word)),
            _ => (Wish::Best { software: self.allow_software }, Asked::Call),
        }
    }

    async fn open(self, wish: Wish, asked: Asked) -> Result<Device> {
        if matches!(wish, Wish::Cpu) {
            return Ok(Device::cpu());
        }
        let mut found = Found::without_looking();
        if wish.loads_drivers(self.backends) {
            let may_have_hardware = traces::of_a_gpu();
            found = adapters::all(self.backends, |info| wish.is_enough(info, may_have_hardware)).await;
        }
        let mut fitting: Vec<_> = found.adapters.iter().filter(|info| wish.takes(info)).collect();
        fitting.sort_by_key(|info| rank(info.kind));
        let mut refusals = Vec::new();
        for info in fitting {
            match open_adapter(info, self.options).await {
                Ok(device) => return Ok(device),
                // What was asked for is at fault, not the adapter.
                Err(reason) if reason.kind() == ErrorKind::InvalidOption => return Err(reason),
                Err(reason) => refusals.push(format!("{info} could not be opened: {reason}")),
            }
        }
        if matches!(wish, Wish::Best { .. }) {
            return Ok(Device::cpu());
        }
        Err(no_device(&wish, &asked, &found, &refusals))
    }
}

impl Wish {
    fn from_word(word: &str) -> Self {
        match word.trim().to_lowercase().as_str() {
            "cpu" => Self::Cpu,
            "gpu" => Self::HardwareGpu,
            "software" => Self::Software,
            _ => Self::Named(word.trim().to_owned()),
        }
    }

    /// Whether the search has to load drivers: for a hardware GPU only where there may be one, for other adapters
    /// always.
    fn loads_drivers(&self, backends: Option<wgpu::Backends>) -> bool {
        match self {
            Self::Cpu => false,
            Self::HardwareGpu | Self::Best { software: false } => adapters::looks_for_hardware(backends),
            Self::Best { software: true } | Self::Software | Self::Named(_) => true,
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

    /// Whether no other driver can offer a better device.
    fn is_enough(&self, info: &DeviceInfo, may_have_hardware: bool) -> bool {
        match self {
            Self::Best { .. } | Self::HardwareGpu => info.kind.is_hardware_gpu() || !may_have_hardware,
            _ => self.takes(info),
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

/// A hardware GPU or an error.
pub(crate) async fn hardware_gpu() -> Result<Device> {
    DeviceBuilder::default().open(Wish::HardwareGpu, Asked::Call).await
}

/// Opens every hardware GPU, each through the first graphics API that offers it.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn all_hardware() -> Result<Vec<Device>> {
    if !adapters::looks_for_hardware(None) {
        return Ok(Vec::new());
    }
    let mut found = adapters::all(None, |info| info.kind.is_hardware_gpu()).await.adapters;
    found.retain(|info| info.kind.is_hardware_gpu());
    found.sort_by_key(|info| rank(info.kind));
    let mut devices: Vec<Device> = Vec::new();
    for info in &found {
        let has_it = |device: &Device| device.info().name == info.name && device.info().backend != info.backend;
        if !devices.iter().any(has_it) {
            devices.push(info.open_async().await?);
        }
    }
    Ok(devices)
}

/// Lower is better. An adapter of unknown kind (GL often does not tell) comes after the known GPUs.
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

/// Opens a listed adapter by its handle.
pub(crate) async fn open_adapter(info: &DeviceInfo, options: OpenOptions) -> Result<Device> {
    let Some(adapter) = info.adapter() else {
        return Ok(Device::cpu());
    };
    let mut wanted = wgpu::Features::IMMEDIATES;
    if !options.without_f64 {
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
    let mut info = DeviceInfo::of_adapter(adapter, device.features(), &device.limits());
    if let Some(kind) = options.kernels_for {
        info.kernels_for = kind;
    }
    Device::from_parts(device, queue, info, options.accumulator, true)
}

fn no_device(wish: &Wish, asked: &Asked, found: &Found, refusals: &[String]) -> Error {
    let words = "\"cpu\", \"gpu\", \"software\", or part of an adapter's name";
    let asked = match asked {
        Asked::Call => String::new(),
        Asked::Word(word) => format!("a device named \"{word}\" is not here (a name is {words}): "),
        Asked::Variable(word) => format!("the environment variable {VARIABLE} is \"{word}\" (it takes {words}): "),
    };
    let outcome = match found.looked.is_empty() && found.adapters.is_empty() && !wish.loads_drivers(None) {
        true => {
            ", but this machine has no trace of one (no /dev/dri, /dev/nvidia*, /dev/kfd, /dev/dxg or the like), so no \
                 driver was loaded; where that is wrong, WGPU_BACKEND or DeviceBuilder::backends has drivers asked."
                .into()
        }
        false => {
            let listed: Vec<_> = found.adapters.iter().map(ToString::to_string).collect();
            let listed = if listed.is_empty() { "no adapter at all".into() } else { listed.join("; ") };
            format!(" behind {:?} and found: {listed}.", found.looked)
        }
    };
    let refused = if refusals.is_empty() { String::new() } else { format!(" {}.", refusals.join("; ")) };
    Error::new(
        ErrorKind::NoDevice,
        format!(
            "{asked}looked for {}{outcome}{refused} {} Device::cpu() works on every machine.",
            wish.describe(),
            how_to_get_one()
        ),
    )
}

fn how_to_get_one() -> &'static str {
    if cfg!(target_os = "linux") {
        "On Linux a GPU needs the Vulkan loader and its driver: install libvulkan1 with mesa-vulkan-drivers (AMD, \
         Intel; also the software rasteriser llvmpipe) or the vendor's driver (NVIDIA) on Debian and Ubuntu, \
         vulkan-loader with mesa-vulkan-drivers on Fedora, vulkan-icd-loader with vulkan-radeon, vulkan-intel or \
         nvidia-utils on Arch; `vulkaninfo --summary` shows what is there."
    } else if cfg!(target_os = "windows") {
        "On Windows a GPU needs the vendor's driver with DirectX 12 or Vulkan."
    } else if cfg!(target_os = "macos") {
        "On macOS every GPU that has Metal works."
    } else {
        "A GPU needs a driver for Vulkan, Metal, DirectX 12 or WebGPU."
    }
}
