//! [`Watched`]: a wgpu device from which nothing that goes wrong escapes as a panic.
//!
//! Every call that wgpu might complain about goes through an error scope, every poll through a guard against unwinding,
//! and what cannot be forgiven is remembered: from then on every call gets the same answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;

use crate::error::{Error, ErrorKind, Result};

/// A wgpu device, and the reason why it cannot be used any more, once there is one.
pub(crate) struct Watched {
    device: wgpu::Device,
    faulty: AtomicBool,
    reason: Mutex<Option<Error>>,
    /// Held through every call where all threads share one context, as with GL: wgpu waits a second for its turn, and then
    /// panics.
    turn: Option<Mutex<()>>,
    /// What tests let go wrong.
    #[cfg(test)]
    pub faults: crate::engine::gpu::fault_injection::Faults,
}

impl Watched {
    /// Watches a device. `owned` says that it is nobody else's, so that its handlers may be set.
    /// `one_at_a_time` says that only one thread at a time can use it.
    pub fn new(device: wgpu::Device, owned: bool, one_at_a_time: bool) -> Arc<Self> {
        let watched = Arc::new(Self {
            device,
            faulty: AtomicBool::new(false),
            reason: Mutex::default(),
            turn: one_at_a_time.then(Mutex::default),
            #[cfg(test)]
            faults: Default::default(),
        });
        if owned {
            // The handlers belong to the device, and must not keep it alive.
            let seen = Arc::downgrade(&watched);
            watched.device.set_device_lost_callback(move |_, reason| {
                seen.upgrade().map(|watched| watched.lose(&reason));
            });
            let seen = Arc::downgrade(&watched);
            watched.device.on_uncaptured_error(Arc::new(move |error| {
                seen.upgrade().map(|watched| watched.poison(refusal("a command", error)));
            }));
        }
        watched
    }

    pub fn raw(&self) -> &wgpu::Device {
        &self.device
    }

    /// Every later call returns this error, unless an earlier one is known.
    pub fn poison(&self, error: Error) -> Error {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        self.faulty.store(true, Ordering::Release);
        error
    }

    /// The device is lost, for the driver's reason.
    pub fn lose(&self, reason: &str) -> Error {
        self.poison(lost(reason))
    }

    /// The device is lost, as an error tells.
    pub fn lose_by(&self, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.lose_saying(&error.to_string(), error)
    }

    /// The same with a reason that says more.
    pub fn lose_saying(&self, reason: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.poison(lost(reason).with_source(Arc::new(error)))
    }

    /// An error if the device is no longer to be trusted.
    pub fn health(&self) -> Result<()> {
        if !self.faulty.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.reason.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Makes calls of wgpu and returns what it complains of, which its default handler would make a panic of. (In a
    /// browser complaints come later than anyone here could ask for them, by way of the handler for uncaptured errors.)
    pub fn attempt<R>(&self, calls: impl FnOnce() -> R) -> std::result::Result<R, wgpu::Error> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        if cfg!(target_arch = "wasm32") {
            // A scope would only keep them from that handler.
            return Ok(calls());
        }
        #[cfg(test)]
        self.faults.strike(&self.device)?;
        let _turn = self.turn();
        let scopes = [OutOfMemory, Validation, Internal].map(|filter| self.device.push_error_scope(filter));
        let value = calls();
        let mut complaint = None;
        for scope in scopes.into_iter().rev() {
            complaint = scope.pop().now_or_never().flatten().or(complaint);
        }
        complaint.map_or(Ok(value), Err)
    }

    /// The same for calls that cannot go wrong unless the device is lost or we made a mistake; `what` names them.
    pub fn guard<R>(&self, what: &str, calls: impl FnOnce() -> R) -> Result<R> {
        self.attempt(calls).map_err(|error| self.explain(what, error))
    }

    /// What an unexpected complaint means. On a lost device wgpu complains of whatever was lost with it.
    pub fn explain(&self, what: &str, complaint: wgpu::Error) -> Error {
        if let Err(known) = self.health() {
            return known;
        }
        if !self.is_alive() {
            return self.lose_by(complaint);
        }
        match complaint {
            wgpu::Error::OutOfMemory { .. } => Error::new(
                ErrorKind::OutOfMemory { bytes: 0 },
                format!("{what} failed for want of memory; drop arrays that are no longer needed"),
            )
            .with_source(Arc::new(complaint)),
            _ => refusal(what, complaint),
        }
    }

    /// Whether the device still gives memory, which a lost one does not.
    pub fn is_alive(&self) -> bool {
        let mapped = self.attempt(|| {
            let probe = self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("ndgpu probe"),
                size: 16,
                usage: wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            });
            probe.get_mapped_range_mut(..).is_ok()
        });
        mapped.unwrap_or(false)
    }

    /// Lets wgpu look at what has been done, and takes for a loss what it would panic about.
    pub fn poll(&self, how: wgpu::PollType) {
        let _turn = self.turn();
        // No state of ours is touched inside, so nothing can be left half-done by unwinding.
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(how))) {
            Ok(Ok(_)) | Ok(Err(wgpu::PollError::Timeout)) => {}
            Ok(Err(error)) => drop(self.lose_by(error)),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                drop(self.lose(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()));
            }
        }
    }

    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.turn.as_ref().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Blocks until a submission has been executed, or the last one.
    pub fn wait_for(&self, submission_index: Option<wgpu::SubmissionIndex>) {
        self.poll(wgpu::PollType::Wait { submission_index, timeout: None });
    }
}

/// A command of ours was wrong, or the driver failed.
fn refusal(what: &str, complaint: wgpu::Error) -> Error {
    Error::new(
        ErrorKind::Driver,
        format!("{what} failed in wgpu or the driver: {complaint}; open another device, and please report this"),
    )
    .with_source(Arc::new(complaint))
}

fn lost(reason: &str) -> Error {
    let reason = if reason.is_empty() { "the driver gives no reason" } else { reason };
    Error::new(
        ErrorKind::DeviceLost,
        format!("the device was lost ({reason}); its arrays are gone, open another device and upload again"),
    )
}
