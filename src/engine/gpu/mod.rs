//! The GPU engine: a wgpu device, and what keeps it busy and its failures from becoming panics.
//!
//! - [`error_scope`]: `wgpu::Device` with every call in an error scope
//! - [`buffers`]: memory, pooled
//! - [`pipelines`]: kernels, put together from fragments and compiled once each; [`once_map`] is their cache
//! - [`queue`]: commands, recorded one after another into a [`batch`] and submitted together
//! - [`encoder`]: the interface of operations to all of this
//! - [`pending_map`]: buffer mappings in flight
//! - [`wait`]: waiting for them; `poller` has the threads that wake tasks
//! - [`self_check`]: the device's arithmetic, tried out
//! - `fault_injection` and `dispatch_log`, for tests: calls that fail on purpose, and dispatches written down

pub(crate) mod batch;
pub(crate) mod binding;
pub(crate) mod buffers;
#[cfg(test)]
pub(crate) mod dispatch_log;
pub(crate) mod encoder;
pub(crate) mod error_scope;
#[cfg(test)]
pub(crate) mod fault_injection;
pub(crate) mod once_map;
pub(crate) mod pending_map;
pub(crate) mod pipelines;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod poller;
pub(crate) mod queue;
#[cfg(not(target_arch = "wasm32"))]
mod self_check;
pub(crate) mod wait;
pub(crate) mod wgsl;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::check::{Check, CheckKind, Outcome};
use crate::engine::gpu::batch::{Batch, ParameterBuffer};
use crate::engine::gpu::binding::placeholders;
use crate::engine::gpu::buffers::{BufferPool, GpuBuffer, Purpose};
use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::gpu::pipelines::{Access, IMMEDIATE_BYTES, Pipelines};
#[cfg(not(target_arch = "wasm32"))]
use crate::engine::gpu::poller::Poller;
use crate::engine::info::{Accumulator, DeviceInfo};
use crate::error::{Error, ErrorKind, Result};

/// The kernels of the engine itself, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<pipelines::KernelSource> {
    use crate::engine::gpu::pipelines::KernelKey;
    use crate::float::dtype::FloatType::{F32, F64};
    use self_check::{Compensation, SelfCheckKernel};
    let kernels = [F32, F64].map(|element| {
        [Compensation::Split, Compensation::Fused].map(|compensation| SelfCheckKernel(element, compensation).source())
    });
    kernels.concat()
}

/// How Rust lays out what they read, for the test that compares it with WGSL's.
#[cfg(test)]
pub(crate) fn layouts() -> Vec<wgsl::Layout> {
    self_check::LAYOUTS.into()
}

/// How many checks share a buffer, if so many can be bound.
const CHECKS_PER_BUFFER: u64 = 4096;

/// An open wgpu device.
pub(crate) struct GpuContext {
    pub(crate) device: Arc<ScopedDevice>,
    queue: wgpu::Queue,
    info: DeviceInfo,
    /// Of the offsets of bindings, in bytes.
    alignment: u32,
    uniform_bytes: u64,
    /// Invocations of a workgroup, and bytes of its memory, at the most.
    workgroup: [u64; 2],
    pool: Arc<BufferPool>,
    pub(crate) pipelines: Pipelines,
    /// Where the parameters of dispatches go, unless commands carry them.
    parameters: Option<ParameterBuffer>,
    /// Bound in place of operands that a dispatch does not have.
    placeholders: wgpu::Buffer,
    batch: Mutex<Batch>,
    /// Held during a submission: submissions go in the order in which they were recorded.
    turn: Mutex<()>,
    #[cfg(not(target_arch = "wasm32"))]
    poller: Poller,
    checks: Mutex<Option<(wgpu::Buffer, u32)>>,
}

impl GpuContext {
    /// Takes over a device. `owned` says that it is nobody else's, so that its handlers may be set.
    pub fn new(device: wgpu::Device, queue: wgpu::Queue, info: DeviceInfo, owned: bool) -> Result<Self> {
        let limits = device.limits();
        let device = ScopedDevice::new(device, owned, info.backend == Some(wgpu::Backend::Gl));
        let has_immediates = device.raw().features().contains(wgpu::Features::IMMEDIATES);
        let parameters = match has_immediates && limits.max_immediate_size >= IMMEDIATE_BYTES {
            true => pipelines::ParametersIn::Immediates,
            false => pipelines::ParametersIn::Uniform,
        };
        let alignment = limits.min_storage_buffer_offset_alignment;
        let (slots, placeholders) = device.checked("opening the device", || {
            let slots = ParameterBuffer::new(device.raw(), &limits, parameters);
            (slots, placeholders(device.raw(), alignment))
        })?;
        let mut context = Self {
            pipelines: Pipelines::new(&device, parameters),
            parameters: slots,
            placeholders,
            batch: Mutex::default(),
            turn: Mutex::default(),
            #[cfg(not(target_arch = "wasm32"))]
            poller: Poller::new(&device),
            pool: BufferPool::new(&device, &info),
            alignment,
            uniform_bytes: limits.max_uniform_buffer_binding_size,
            workgroup: [
                limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x).into(),
                limits.max_compute_workgroup_storage_size.into(),
            ],
            checks: Mutex::default(),
            device,
            queue,
            info,
        };
        context.check_arithmetic()?;
        Ok(context)
    }

    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Settles how sums of f32 are kept.
    pub fn set_accumulator(&mut self, accumulator: Accumulator) {
        self.info.accumulator = Some(accumulator);
        // Sums of f64 are compensated in any case.
        if !self.info.supports_f64 && accumulator == Accumulator::FusedFloat32 {
            self.info.compensated_sums &= self.info.fuses_f32;
        }
    }

    /// Whether workgroups of so many lanes, with so much memory, can be had.
    pub fn takes_workgroups(&self, lanes: u64, bytes: u64) -> bool {
        self.workgroup[0] >= lanes && self.workgroup[1] >= bytes
    }

    /// What the wgpu device was requested with.
    pub fn features(&self) -> wgpu::Features {
        self.device.raw().features()
    }

    /// The number of storage buffers a kernel can have.
    pub fn storage_buffers(&self) -> u32 {
        self.device.raw().limits().max_storage_buffers_per_shader_stage
    }

    /// The size of the largest uniform binding.
    pub fn uniform_bytes(&self) -> u64 {
        self.uniform_bytes
    }

    /// A buffer for an array of `bytes`.
    pub fn storage(&self, bytes: u64) -> Result<GpuBuffer> {
        self.buffer(Purpose::Storage, bytes)
    }

    /// A buffer of at least `bytes` with any contents.
    pub fn buffer(&self, purpose: Purpose, bytes: u64) -> Result<GpuBuffer> {
        self.pool.take(purpose, bytes)
    }

    /// A word for the outcome of a check, zero until a kernel writes it.
    pub fn check(&self, kind: CheckKind) -> Result<Arc<Check>> {
        let (buffer, index) = self.words(1)?;
        Ok(Check::new(kind, Outcome::Word { buffer, index }))
    }

    /// Consecutive words for the outcomes of checks, zero until a kernel writes them: at most those of a buffer.
    pub fn words(&self, count: u32) -> Result<(wgpu::Buffer, u32)> {
        self.device.health()?;
        let mut current = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let (buffer, used) = match current.take() {
            Some((buffer, used)) if u64::from(used + count) * 4 <= buffer.size() => (buffer, used),
            _ => (self.check_buffer()?, 0),
        };
        *current = Some((buffer.clone(), used + count));
        Ok((buffer, used))
    }

    /// A buffer of such words. Words are never used twice and wgpu clears a fresh buffer, so no kernel has to.
    pub fn check_buffer(&self) -> Result<wgpu::Buffer> {
        self.device.checked("creating a buffer", || {
            self.device.raw().create_buffer(&wgpu::BufferDescriptor {
                label: Some("ndgpu checks"),
                size: self.info.limits.max_binding_bytes.min(4 * CHECKS_PER_BUFFER),
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        })
    }

    /// Waits until all commands have been executed.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn synchronize(&self) -> Result<()> {
        self.flush()?;
        self.device.wait_for(None);
        self.health()
    }

    /// An error unless an application's buffer is one of this device's, unmapped, and neither destroyed nor invalid.
    ///
    /// wgpu has no query for any of this, but it refuses commands, so some are tried: a binding, and a submitted copy
    /// of the buffer's first bytes. Each wgpu instance numbers its buffers by itself: the number of another instance's
    /// buffer is either unknown here, which makes wgpu panic, or that of a different buffer, which wgpu does not
    /// detect. So a command that must fail is tried too, whose error only the buffer's own device reports.
    ///
    /// In a browser errors arrive later, as those of other commands do.
    pub fn accepts(&self, buffer: &wgpu::Buffer) -> Result<()> {
        let refused = |reason: String| {
            Err(Error::new(
                ErrorKind::InvalidOption,
                format!("the buffer cannot be used on device \"{}\": {reason}", self.info.name),
            ))
        };
        let not_of_this_device = "it is not a buffer of this wgpu device; make it with the device that was given to \
                                  Device::from_wgpu";
        let device = self.device.raw();
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            self.device.with_error_scope(|| {
                let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                    label: None,
                    entries: &[pipelines::buffer_entry(0, Access::ReadWrite)],
                });
                let _ = device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: None,
                    layout: &layout,
                    entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
                });
                let target = device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size: 4,
                    usage: wgpu::BufferUsages::COPY_DST,
                    mapped_at_creation: false,
                });
                let mut encoder = device.create_command_encoder(&Default::default());
                encoder.copy_buffer_to_buffer(buffer, 0, &target, 0, 4);
                self.queue.submit([encoder.finish()]);
            })
        }));
        match attempt {
            Err(_) => return refused(not_of_this_device.into()),
            Ok(Err(complaint)) => {
                self.device.health()?;
                if !self.device.is_alive() {
                    return Err(self.device.lose(&complaint.to_string()));
                }
                return refused(complaint.to_string()).map_err(|error| error.with_source(Arc::new(complaint)));
            }
            Ok(Ok(())) => {}
        }
        // Unmapping an unmapped buffer is an error, and a buffer of this device is unmapped, or the copy had failed.
        let complaint = catch_unwind(AssertUnwindSafe(|| self.device.with_error_scope(|| buffer.unmap())));
        match complaint {
            _ if cfg!(target_arch = "wasm32") => Ok(()),
            Ok(Err(_)) => Ok(()),
            _ => refused(not_of_this_device.into()),
        }
    }

    /// The first fault, if there was one.
    pub fn health(&self) -> Result<()> {
        self.device.health()
    }
}

impl Drop for GpuContext {
    fn drop(&mut self) {
        // The application may still read a shared buffer that recorded commands write.
        let _ = self.flush();
    }
}
