//! The device abstraction: a [`Device`] is a GPU or the native CPU engine. Everything above it states a computation
//! once, as an [`Op`], whichever engine runs it.

mod adapters;
mod open;
pub(crate) mod recorder;
pub(crate) mod select;
mod traces;
pub(crate) mod transfers;

use std::sync::Arc;

use bytemuck::Pod;

use crate::device::recorder::Recorder;
use crate::device::transfers::Ledger;
use crate::device::transfers::TransferStats;
use crate::element::{Element, ElementType};
use crate::engine::Engine;
use crate::engine::check::{Check, CheckKind};
use crate::engine::gpu::GpuContext;
use crate::engine::info::{Accumulator, DeviceInfo, FLOAT64_FEATURES};
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::reduce::gpu::calibrate;
use crate::kernels::{Op, door};

/// Where arrays live and operations run: a GPU, or the native CPU engine.
///
/// A `Device` is a handle: cloning it is cheap, all clones are the same device, and it can be used from many threads.
///
/// ```
/// use ndgpu::Device;
///
/// let device = Device::new()?; // the fastest this machine has
/// println!("{}", device.info());
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Clone)]
pub struct Device {
    inner: Arc<Inner>,
    /// Records operations while a plan is captured.
    recorder: Option<Arc<Recorder>>,
}

struct Inner {
    info: DeviceInfo,
    engine: Engine,
    ledger: Ledger,
    /// Whether the application owns the wgpu device ([`Device::from_wgpu`]).
    is_shared: bool,
}

impl Device {
    /// The native CPU engine, which every machine has.
    ///
    /// Each call opens a device of its own, and arrays of two devices do not mix: clone the handle to use one twice.
    pub fn cpu() -> Self {
        Self::with(DeviceInfo::cpu(), Engine::cpu(), false)
    }

    /// Shares the application's own wgpu device, so that its buffers can be computed on without a copy.
    ///
    /// The device determines the limits (wgpu's defaults are small: 128 MiB a binding) and the features (`SHADER_F64`
    /// with `SHADER_INT64` for `f64`, `MAPPABLE_PRIMARY_BUFFERS` for readback without a copy on unified memory). The
    /// application keeps its handlers for lost devices and uncaptured errors.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](ErrorKind::InvalidOption) if the device does not offer what every kernel needs: 8 storage
    /// buffers a shader stage and workgroups of 64.
    pub fn from_wgpu(adapter: &wgpu::Adapter, device: wgpu::Device, queue: wgpu::Queue) -> Result<Self> {
        let limits = device.limits();
        if limits.max_storage_buffers_per_shader_stage < 8 || limits.max_compute_invocations_per_workgroup < 64 {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                format!(
                    "this wgpu device allows {} storage buffers a shader stage and {} invocations a workgroup, but \
                     kernels need 8 and 64; request it with the adapter's limits",
                    limits.max_storage_buffers_per_shader_stage, limits.max_compute_invocations_per_workgroup
                ),
            ));
        }
        let info = DeviceInfo::of_adapter(adapter, device.features(), &limits);
        Self::from_parts(device, queue, info, None, false)
    }

    /// Takes over a wgpu device, with sums of f32 kept as asked for, or in the way that is faster.
    pub(crate) fn from_parts(
        device: wgpu::Device,
        queue: wgpu::Queue,
        info: DeviceInfo,
        accumulator: Option<Accumulator>,
        owned: bool,
    ) -> Result<Self> {
        if accumulator == Some(Accumulator::Float64) && !info.supports_f64 {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                format!(
                    "sums of f32 cannot be kept in f64 on device \"{}\", which has no 64-bit floats, or was opened \
                     without them; leave out DeviceBuilder::accumulator, or ask for another",
                    info.name
                ),
            ));
        }
        let mut context = GpuContext::new(device, queue, info, owned)?;
        let accumulator = accumulator.map_or_else(|| calibrate::accumulator(&context), Ok)?;
        context.set_accumulator(accumulator);
        Ok(Self::with(context.info().clone(), context.into(), !owned))
    }

    fn with(info: DeviceInfo, engine: Engine, is_shared: bool) -> Self {
        Self { inner: Arc::new(Inner { info, engine, ledger: Ledger::default(), is_shared }), recorder: None }
    }

    /// What this device is and can do.
    pub fn info(&self) -> &DeviceInfo {
        &self.inner.info
    }

    /// Waits until all operations requested from this device are complete. For timing; results need no such call.
    ///
    /// Not on wasm32: nothing can block in a browser. Await a readback there.
    ///
    /// # Errors
    ///
    /// [`DeviceLost`](ErrorKind::DeviceLost), or [`Driver`](ErrorKind::Driver) if a command failed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn synchronize(&self) -> Result<()> {
        self.engine().synchronize()
    }

    /// The transfers to and from this device so far, over all its clones.
    pub fn transfers(&self) -> TransferStats {
        self.ledger().stats()
    }

    /// The number of submissions to the GPU's queue so far; always 0 on the CPU engine.
    pub fn submissions(&self) -> u64 {
        self.engine().submissions()
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Whether both are handles to the same device.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// A handle that records operations for a plan.
    pub(crate) fn recording(&self, recorder: &Arc<Recorder>) -> Self {
        Self { inner: self.inner.clone(), recorder: Some(recorder.clone()) }
    }

    /// A handle that runs operations at once, also while a plan is being captured.
    pub(crate) fn eager(&self) -> Self {
        Self { inner: self.inner.clone(), recorder: None }
    }

    /// The recorder, if operations are recorded instead of run.
    pub(crate) fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.recorder.as_ref()
    }

    /// An error unless `other` is this device; `what` names the array at fault.
    pub(crate) fn ensure_same_device(&self, other: &Self, what: &str) -> Result<()> {
        if self.same_as(other) {
            return Ok(());
        }
        Err(Error::device_mismatch(what, &self.info().name, &other.info().name))
    }

    /// The handle for results computed from operands of this one and of `other`: recording if either is. An error if
    /// they are different devices, or belong to different plans; `what` names the array at fault.
    pub(crate) fn common_device(&self, other: &Self, what: &str) -> Result<Self> {
        self.ensure_same_device(other, what)?;
        match (&self.recorder, &other.recorder) {
            (Some(one), Some(another)) if !Arc::ptr_eq(one, another) => {
                Err(recorder::not_capturable(format!("{what} belongs to another plan than what it is used with")))
            }
            (Some(_), _) => Ok(self.clone()),
            (None, _) => Ok(other.clone()),
        }
    }

    /// An error if the device does not support arrays of this type.
    pub(crate) fn supports<T: Element>(&self) -> Result<()> {
        if T::TYPE != ElementType::F64 || self.info().supports_f64 {
            return Ok(());
        }
        let name = &self.info().name;
        let missing = match (self.engine().gpu(), self.info().adapter()) {
            (Some(context), Some(adapter)) => {
                let missing = FLOAT64_FEATURES - context.features();
                Some((missing, adapter.features().contains(missing)))
            }
            _ => None,
        };
        let why = match missing {
            Some((missing, true)) if self.inner.is_shared => format!(
                "device \"{name}\" was requested by the application without {missing:?}, which its adapter has; name \
                 {FLOAT64_FEATURES:?} in the required_features of its wgpu::DeviceDescriptor,"
            ),
            Some((_, true)) => {
                format!("device \"{name}\" was opened without 64-bit floats; leave out DeviceBuilder::without_f64,")
            }
            _ => format!("device \"{name}\" has no 64-bit floats in shaders;"),
        };
        Err(Error::new(
            ErrorKind::UnsupportedElement,
            format!("{why} convert to f32 (subtract an offset first if values are large), or use Device::cpu()"),
        ))
    }

    /// Memory for `len` elements with unspecified contents.
    pub(crate) fn allocate<T: Pod + Send + Sync>(&self, len: usize) -> Result<Storage> {
        self.engine().allocate::<T>(len)
    }

    /// A check to be carried out on this device.
    pub(crate) fn check(&self, kind: CheckKind) -> Result<Arc<Check>> {
        match &self.recorder {
            Some(recorder) => recorder.check(kind, self.engine().gpu().map(|context| &**context)),
            None => self.engine().check(kind),
        }
    }

    /// Runs an operation, or records it for the plan that is being captured.
    pub(crate) fn run(&self, op: impl Into<Op>) -> Result<()> {
        match &self.recorder {
            Some(recorder) => recorder.record(op.into()),
            None => door::run(self.engine(), &op.into()),
        }
    }
}

/// Handles are equal if they refer to the same device.
impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        self.same_as(other)
    }
}

impl Eq for Device {}

impl std::hash::Hash for Device {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.inner).hash(state);
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({})", self.info())
    }
}
