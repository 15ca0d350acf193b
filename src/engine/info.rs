//! What a device is and can do: [`DeviceInfo`], known before anything is uploaded.

/// What 64-bit floats take.
pub(crate) const FLOAT64_FEATURES: wgpu::Features = wgpu::Features::SHADER_F64.union(wgpu::Features::SHADER_INT64);

/// What kind of machine computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// A GPU with memory of its own, behind a bus.
    DiscreteGpu,
    /// A GPU that shares the host's memory.
    IntegratedGpu,
    /// A GPU handed through by a hypervisor.
    VirtualGpu,
    /// A software rasteriser: a graphics driver that computes on the CPU (llvmpipe, SwiftShader, WARP). For tests.
    Software,
    /// The crate's native CPU engine.
    Cpu,
    /// An adapter whose driver does not say.
    Other,
}

impl DeviceKind {
    /// Whether this is GPU hardware: neither a software rasteriser nor the CPU engine.
    pub fn is_hardware_gpu(self) -> bool {
        !matches!(self, Self::Software | Self::Cpu)
    }
}

impl std::fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DiscreteGpu => "discrete GPU",
            Self::IntegratedGpu => "integrated GPU",
            Self::VirtualGpu => "virtual GPU",
            Self::Software => "software rasteriser",
            Self::Cpu => "native CPU engine",
            Self::Other => "GPU of unknown kind",
        })
    }
}

/// The sizes that end somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceLimits {
    /// The largest array, in bytes.
    pub max_buffer_bytes: u64,
    /// The largest piece of an array that one shader sees at once, in bytes. Larger arrays are worked on in pieces;
    /// an interpolation table has to fit.
    pub max_binding_bytes: u64,
    /// How many workgroups a dispatch has along one dimension; more are folded into the next.
    pub max_workgroups_per_dimension: u32,
}

/// What a driver makes of floating-point arithmetic. Shading languages allow it to do without each of these; a kernel of
/// one invocation finds out when a device is opened, in each float type that it has.
///
/// What results depend on which of them says the [crate's documentation](crate#what-drivers-make-of-numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arithmetic {
    /// Numbers below the smallest normal one (1.2e-38 in `f32`) are computed with and compared as they are, not as zero.
    pub subnormals: bool,
    /// A product is rounded before something is added to it: the two are not fused.
    pub separate_rounding: bool,
    /// Overflow gives an infinity, and infinities are computed with and compared as such.
    pub infinities: bool,
    /// What has no value is NaN, which stays NaN in whatever is computed from it, and is neither below, above nor equal to
    /// anything.
    pub nan: bool,
    /// Quotients and square roots are the nearest there are.
    pub rounded_division: bool,
}

impl Arithmetic {
    /// All of it as IEEE 754 has it.
    pub(crate) const IEEE: Self =
        Self { subnormals: true, separate_rounding: true, infinities: true, nan: true, rounded_division: true };

    /// Whether all of it is as IEEE 754 has it.
    pub fn is_ieee(self) -> bool {
        self == Self::IEEE
    }
}

impl std::fmt::Display for Arithmetic {
    /// `as IEEE 754 has it`, or what is not.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let departures = [
            (self.subnormals, "flushes subnormals"),
            (self.separate_rounding, "fuses products with sums"),
            (self.infinities, "has no infinities"),
            (self.nan, "takes NaN for a number"),
            (self.rounded_division, "does not round quotients and roots to nearest"),
        ];
        let departures: Vec<_> = departures.into_iter().filter(|(holds, _)| !holds).map(|(_, text)| text).collect();
        f.write_str(&if departures.is_empty() { "as IEEE 754 has it".into() } else { departures.join(", ") })
    }
}

/// What a device is and can do.
///
/// Two are equal if they say the same, as those of two equal GPUs do; each of these still [opens](Self::open) its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The adapter's name as its driver gives it, or that of the CPU engine.
    pub name: String,
    /// What kind of machine computes.
    pub kind: DeviceKind,
    /// The graphics API in use; `None` for the CPU engine.
    pub backend: Option<wgpu::Backend>,
    /// The driver and its version, as far as it tells.
    pub driver: String,
    /// Whether host and device share their memory, so that [`into_readback`](crate::DeviceArray::into_readback) maps
    /// an array where it lies.
    pub unified_memory: bool,
    /// Whether arrays of `f64` can be uploaded. On a GPU that takes 64-bit floats and integers in shaders.
    pub supports_f64: bool,
    /// Whether sums that keep what rounding loses are exact here, which a driver's compiler can undo. Found out by a
    /// small kernel when the device is opened; of a device that is only listed, and in a browser, `false`. Without it, sums of `f32` on a
    /// GPU without 64-bit floats, and sums of `f64`, are as exact as plain addition in a tree.
    pub compensated_sums: bool,
    /// What this driver makes of floating-point arithmetic, found out by the same kernel; `None` of a device that is only
    /// listed, and in a browser, where nothing can wait for the answer.
    pub arithmetic: Option<Arithmetic>,
    /// The sizes that end somewhere.
    pub limits: DeviceLimits,
    /// What it is opened by.
    adapter: Handle,
}

/// An adapter of wgpu's; none for the CPU engine. Says nothing about what a device is, so that all are equal.
#[derive(Clone)]
struct Handle(Option<wgpu::Adapter>);

impl PartialEq for Handle {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Handle {}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl DeviceInfo {
    /// What it is opened by.
    pub(crate) fn adapter(&self) -> Option<&wgpu::Adapter> {
        self.adapter.0.as_ref()
    }

    pub(crate) fn cpu() -> Self {
        Self {
            name: "ndgpu native CPU engine".into(),
            kind: DeviceKind::Cpu,
            backend: None,
            driver: format!("{} threads", rayon::current_num_threads()),
            unified_memory: true,
            supports_f64: true,
            compensated_sums: true,
            arithmetic: Some(Arithmetic::IEEE),
            limits: DeviceLimits {
                max_buffer_bytes: isize::MAX as u64,
                max_binding_bytes: isize::MAX as u64,
                max_workgroups_per_dimension: u32::MAX,
            },
            adapter: Handle(None),
        }
    }

    /// What using this adapter would give with these features and limits.
    pub(crate) fn of_adapter(adapter: &wgpu::Adapter, features: wgpu::Features, limits: &wgpu::Limits) -> Self {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu,
            wgpu::DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu,
            wgpu::DeviceType::VirtualGpu => DeviceKind::VirtualGpu,
            wgpu::DeviceType::Cpu => DeviceKind::Software,
            wgpu::DeviceType::Other => DeviceKind::Other,
        };
        let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
        Self {
            name: info.name,
            kind,
            backend: Some(info.backend),
            driver,
            unified_memory: matches!(kind, DeviceKind::IntegratedGpu | DeviceKind::Software)
                && features.contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS),
            supports_f64: features.contains(FLOAT64_FEATURES),
            compensated_sums: false,
            arithmetic: None,
            limits: DeviceLimits {
                // Sizes are counted in words of 4 bytes; some drivers end one byte before a power of two.
                // Kernels count them in 32 bits.
                max_buffer_bytes: (limits.max_buffer_size & !3).min(4 * u64::from(u32::MAX)),
                max_binding_bytes: limits.max_storage_buffer_binding_size & !3,
                max_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            },
            adapter: Handle(Some(adapter.clone())),
        }
    }
}

impl std::fmt::Display for DeviceInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}", self.name, self.kind)?;
        if let Some(backend) = self.backend {
            write!(f, ", {backend}")?;
        }
        if !self.driver.is_empty() {
            write!(f, ", {}", self.driver)?;
        }
        f.write_str(")")
    }
}
