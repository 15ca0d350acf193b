//! The GPU engine: a wgpu device, and what it takes to keep it busy and to survive it.
//!
//! - [`buffers`]: memory, pooled
//! - [`kernel`]: shaders, assembled from fragments and compiled once each
//! - [`batch`]: commands, recorded one after another and submitted together
//! - [`landing`]: copies on their way to the host, and the thread that wakes who awaits them
//! - [`fault`]: errors of wgpu, kept from becoming panics
//!
//! Everything is recorded in the order of the calls into one encoder, which is submitted when somebody wants to see a
//! result, or when enough work has come together that the device should begin.

mod batch;
mod buffers;
mod fault;
mod kernel;
mod landing;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use batch::Binding;
pub(crate) use buffers::{GpuBuffer, Purpose};
pub(crate) use fault::guarded;
pub(crate) use kernel::{Access, Kernel};
pub(crate) use landing::Landing;

use super::DeviceInfo;
use super::check::{Check, Outcome, Question};
use crate::error::Result;
use batch::Batch;
use buffers::BufferPool;
use fault::{Faults, driver_error};
use kernel::Pipelines;
use landing::Poller;

/// How many checks share a buffer.
const CHECKS_PER_BUFFER: u32 = 4096;

/// An open wgpu device.
pub(crate) struct GpuContext {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: DeviceInfo,
    alignment: u64,
    pool: Arc<BufferPool>,
    pipelines: Pipelines,
    batch: Mutex<Batch>,
    poller: Poller,
    checks: Mutex<Option<(wgpu::Buffer, u32)>>,
    faults: Arc<Faults>,
}

impl GpuContext {
    /// Takes over a device. `owned` says that it is nobody else's, so that its handlers may be set.
    pub fn new(device: wgpu::Device, queue: wgpu::Queue, info: DeviceInfo, owned: bool) -> Result<Self> {
        let faults = Arc::new(Faults::default());
        if owned {
            let seen = faults.clone();
            device.set_device_lost_callback(move |_, reason| {
                seen.lose(&reason);
            });
            let seen = faults.clone();
            device.on_uncaptured_error(Arc::new(move |error| seen.poison(driver_error("a command", &error))));
        }
        let limits = device.limits();
        let batch = Batch::new(&device, &limits);
        let pool = BufferPool::new(&device, &info, faults.clone());
        Ok(Self {
            pipelines: Pipelines::new(&device),
            batch: Mutex::new(batch),
            poller: Poller::new(device.clone(), faults.clone()),
            alignment: limits.min_storage_buffer_offset_alignment.into(),
            checks: Mutex::default(),
            device,
            queue,
            info,
            pool,
            faults,
        })
    }

    pub fn info(&self) -> &DeviceInfo {
        &self.info
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
    pub fn check(&self, question: Question) -> Result<Arc<Check>> {
        self.faults.check()?;
        let mut current = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        let (buffer, used) = match current.take() {
            Some((buffer, used)) if used < CHECKS_PER_BUFFER => (buffer, used),
            _ => (self.check_buffer()?, 0),
        };
        *current = Some((buffer.clone(), used + 1));
        Ok(Check::new(question, Outcome::Word { buffer, index: used }))
    }

    /// Words are never used twice, and wgpu clears a fresh buffer: no kernel has to.
    fn check_buffer(&self) -> Result<wgpu::Buffer> {
        guarded(&self.device, || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("ndgpu checks"),
                size: u64::from(CHECKS_PER_BUFFER) * 4,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        })
        .map_err(|error| driver_error("creating a buffer", &error))
    }

    /// Waits until everything that was asked for has been done.
    pub fn synchronize(&self) -> Result<()> {
        self.flush()?;
        self.wait_for(None);
        self.faults.check()
    }

    /// Blocks until a submission has been executed, or the device is lost.
    pub fn wait_for(&self, submission: Option<wgpu::SubmissionIndex>) {
        poll(&self.device, wgpu::PollType::Wait { submission_index: submission, timeout: None }, &self.faults);
    }

    /// Whether an application's buffer can be used here at all, which wgpu only tells by refusing a binding.
    pub fn accepts(&self, buffer: &wgpu::Buffer) -> std::result::Result<(), wgpu::Error> {
        guarded(&self.device, || {
            let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: None,
                entries: &[kernel::storage_entry(0, Access::ReadWrite)],
            });
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &layout,
                entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
            })
        })
        .map(drop)
    }

    /// The first fault, if there was one.
    pub fn health(&self) -> Result<()> {
        self.faults.check()
    }
}

impl Drop for GpuContext {
    fn drop(&mut self) {
        // What was asked for and not yet submitted still counts: an application may look at a shared buffer.
        let _ = self.flush();
    }
}

/// Polls, and takes for a loss what wgpu would panic about.
fn poll(device: &wgpu::Device, how: wgpu::PollType, faults: &Faults) {
    // No state of ours is touched inside, so nothing can be left half-done by unwinding.
    match catch_unwind(AssertUnwindSafe(|| device.poll(how))) {
        Ok(Ok(_)) | Ok(Err(wgpu::PollError::Timeout)) => {}
        Ok(Err(error)) => drop(faults.lose(&error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            drop(faults.lose(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()));
        }
    }
}
