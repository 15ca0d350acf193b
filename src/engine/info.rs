//! [`DeviceInfo`]: the properties and capabilities of a device, known before anything is uploaded.

/// The features that 64-bit floats need.
pub(crate) const FLOAT64_FEATURES: wgpu::Features = wgpu::Features::SHADER_F64.union(wgpu::Features::SHADER_INT64);

/// The kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceKind {
    /// A GPU with dedicated memory, behind a bus.
    DiscreteGpu,
    /// A GPU that shares the host's memory.
    IntegratedGpu,
    /// A GPU passed through by a hypervisor.
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

/// How sums of `f32` are kept as exact as in twice the precision. On a GPU the one that is faster there is found by
/// measurement when the device is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Accumulator {
    /// In `f64`. Needs a device with `f64`, whose rate on GPUs ranges from half of that of `f32` to a sixty-fourth.
    Float64,
    /// In two `f32`: the sum, and what it was rounded by. The rounding error of a product comes from a fused
    /// multiply-add, so this needs a device where `fma` rounds once.
    FusedFloat32,
    /// In two `f32`, where the factors of a product are split in halves to find its rounding error: without `f64`, and
    /// without relying on `fma`.
    SplitFloat32,
}

impl std::fmt::Display for Accumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float64 => "f64",
            Self::FusedFloat32 => "two f32, fused multiply-add",
            Self::SplitFloat32 => "two f32",
        })
    }
}

/// The size limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceLimits {
    /// The largest array, in bytes.
    pub max_buffer_bytes: u64,
    /// The largest part of an array that one shader can access, in bytes. Larger arrays are processed in pieces; an
    /// interpolation table has to fit.
    pub max_binding_bytes: u64,
    /// The number of workgroups along one dimension of a dispatch; more are folded into the next.
    pub max_workgroups_per_dimension: u32,
}

/// How a driver implements floating-point arithmetic. Shading languages require none of these; a kernel of one
/// invocation tests them when a device is opened, in each float type that it has.
///
/// The [crate's documentation](crate#what-drivers-make-of-numbers) lists which results depend on which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arithmetic {
    /// Subnormals (below 1.2e-38 in `f32`) are preserved, in arithmetic and in comparisons; otherwise the driver
    /// flushes them to zero.
    pub subnormals: bool,
    /// A product is rounded before the addition of another number: the two are not fused.
    pub separate_rounding: bool,
    /// Overflow gives an infinity, and infinities are computed with and compared as such.
    pub infinities: bool,
    /// Undefined results are NaN, NaN propagates, and it compares neither less than, greater than nor equal to
    /// anything.
    pub nan: bool,
    /// Quotients and square roots are correctly rounded.
    pub rounded_division: bool,
}

impl Arithmetic {
    /// All of it as IEEE 754 requires.
    pub(crate) const IEEE: Self =
        Self { subnormals: true, separate_rounding: true, infinities: true, nan: true, rounded_division: true };

    /// Whether all of it is as IEEE 754 requires.
    pub fn is_ieee(self) -> bool {
        self == Self::IEEE
    }
}

impl std::fmt::Display for Arithmetic {
    /// Prints `as IEEE 754 has it`, or the departures.
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

/// The properties and capabilities of a device.
///
/// Two are equal if their contents are, as those of two equal GPUs; each of these still [opens](Self::open) its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// The adapter's name as its driver gives it, or that of the CPU engine.
    pub name: String,
    /// The kind of device.
    pub kind: DeviceKind,
    /// The graphics API in use; `None` for the CPU engine.
    pub backend: Option<wgpu::Backend>,
    /// The driver and its version, as far as it reports them.
    pub driver: String,
    /// Whether host and device share memory, so that [`into_readback`](crate::DeviceArray::into_readback) maps an array
    /// in place.
    pub unified_memory: bool,
    /// Whether arrays of `f64` are supported. On a GPU that requires 64-bit floats and integers in shaders.
    pub supports_f64: bool,
    /// Whether compensated sums are exact here; a driver's compiler can optimise the compensation away. Tested by a
    /// small kernel when the device is opened; `false` for a device that is only listed, and in a browser. Without it,
    /// sums of `f32` on a GPU without 64-bit floats, and sums of `f64`, are as exact as plain addition in a tree.
    pub compensated_sums: bool,
    /// How sums of `f32` are kept here, unless [`DeviceBuilder::accumulator`](crate::DeviceBuilder::accumulator) chose;
    /// `None` for a device that is only listed.
    pub accumulator: Option<Accumulator>,
    /// How this driver implements floating-point arithmetic, tested by the same kernel; `None` for a device that is
    /// only listed, and in a browser, where nothing can wait for the outcome.
    pub arithmetic: Option<Arithmetic>,
    /// The size limits.
    pub limits: DeviceLimits,
    /// Kernels are chosen for this kind of device.
    pub(crate) kernels_for: DeviceKind,
    /// Whether compensated sums are exact with `fma`, in either type.
    pub(crate) fuses_f32: bool,
    pub(crate) fuses_f64: bool,
    /// The handle by which it is opened.
    adapter: Handle,
}

/// A wgpu adapter; `None` for the CPU engine. It is no property of the device, so all compare equal.
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
    /// The handle by which it is opened.
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
            accumulator: Some(Accumulator::Float64),
            arithmetic: Some(Arithmetic::IEEE),
            limits: DeviceLimits {
                max_buffer_bytes: isize::MAX as u64,
                max_binding_bytes: isize::MAX as u64,
                max_workgroups_per_dimension: u32::MAX,
            },
            kernels_for: DeviceKind::Cpu,
            fuses_f32: true,
            fuses_f64: true,
            adapter: Handle(None),
        }
    }

    /// The device that this adapter would give with these features and limits.
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
            accumulator: None,
            arithmetic: None,
            limits: DeviceLimits {
                // Sizes are multiples of words of 4 bytes, which kernels count in 32 bits; some drivers report one byte
                // less than a power of two.
                max_buffer_bytes: (limits.max_buffer_size & !3).min(4 * u64::from(u32::MAX)),
                max_binding_bytes: limits.max_storage_buffer_binding_size & !3,
                max_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            },
            kernels_for: kind,
            fuses_f32: false,
            fuses_f64: false,
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
