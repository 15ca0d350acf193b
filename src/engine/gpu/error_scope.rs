//! [`ScopedDevice`] wraps `wgpu::Device`: every fallible call runs in an error scope, every poll behind `catch_unwind`.
//! The first fatal error is stored and returned from then on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;

use crate::error::{Error, ErrorKind, Result};

/// A wgpu device, and the fatal error that ended its use, once there is one.
pub(crate) struct ScopedDevice {
    device: wgpu::Device,
    faulty: AtomicBool,
    reason: Mutex<Option<Error>>,
    /// Held during every call where all threads share one context, as with GL: wgpu waits a second for the context, and
    /// then panics.
    turn: Option<Mutex<()>>,
    /// The faults that tests inject.
    #[cfg(test)]
    pub faults: crate::engine::gpu::fault_injection::Faults,
}

impl ScopedDevice {
    /// `owned` says that the application has no handle to the device, so that its handlers may be set.
    /// `one_at_a_time` says that only one thread at a time can use it.
    pub fn new(device: wgpu::Device, owned: bool, one_at_a_time: bool) -> Arc<Self> {
        let scoped = Arc::new(Self {
            device,
            faulty: AtomicBool::new(false),
            reason: Mutex::default(),
            turn: one_at_a_time.then(Mutex::default),
            #[cfg(test)]
            faults: Default::default(),
        });
        if owned {
            // The handlers belong to the device, and must not keep it alive.
            let seen = Arc::downgrade(&scoped);
            scoped.device.set_device_lost_callback(move |_, reason| {
                seen.upgrade().map(|scoped| scoped.lose(&reason));
            });
            let seen = Arc::downgrade(&scoped);
            scoped.device.on_uncaptured_error(Arc::new(move |error| {
                seen.upgrade().map(|scoped| scoped.poison(refusal("a command", error)));
            }));
        }
        scoped
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

    /// Runs calls of wgpu in error scopes and returns the error, if any: outside of a scope it would become a panic.
    /// (In a browser errors arrive after the call has returned, at the handler for uncaptured errors.)
    pub fn with_error_scope<R>(&self, calls: impl FnOnce() -> R) -> std::result::Result<R, wgpu::Error> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        if cfg!(target_arch = "wasm32") {
            // A scope would keep them from that handler.
            return Ok(calls());
        }
        #[cfg(test)]
        self.faults.inject(&self.device)?;
        let _turn = self.turn();
        let scopes = [OutOfMemory, Validation, Internal].map(|filter| self.device.push_error_scope(filter));
        let value = calls();
        let mut complaint = None;
        for scope in scopes.into_iter().rev() {
            complaint = scope.pop().now_or_never().flatten().or(complaint);
        }
        complaint.map_or(Ok(value), Err)
    }

    /// The same for calls that fail only if memory runs out, the device is lost, or this crate has a bug; `what` names
    /// them.
    pub fn checked<R>(&self, what: &str, calls: impl FnOnce() -> R) -> Result<R> {
        self.with_error_scope(calls).map_err(|error| self.classify(what, error))
    }

    /// Turns an unexpected error of wgpu's into one of this crate's. On a lost device any call can fail in any way.
    pub fn classify(&self, what: &str, complaint: wgpu::Error) -> Error {
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

    /// Whether the device still allocates memory, which a lost one does not.
    pub fn is_alive(&self) -> bool {
        let mapped = self.with_error_scope(|| {
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

    /// Polls wgpu, and treats an error or a panic of it as a lost device.
    pub fn poll(&self, how: wgpu::PollType) {
        let _turn = self.turn();
        // No state of this crate is touched inside, so unwinding leaves nothing half-done.
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

/// The error of a command that this crate got wrong, or the driver.
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
