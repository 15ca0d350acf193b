//! What goes wrong inside wgpu, kept from becoming a panic: error scopes around every call, and [`Faults`], the memory
//! of a device that can no longer be trusted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;

use crate::error::{Error, ErrorKind, Result};

/// The reason why a device cannot be used any more, once there is one.
#[derive(Default)]
pub(crate) struct Faults {
    faulty: AtomicBool,
    reason: Mutex<Option<Error>>,
}

impl Faults {
    /// Every later call returns this error, unless an earlier one is known.
    pub fn poison(&self, error: Error) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.faulty.store(true, Ordering::Release);
    }

    /// The device was lost, says its driver.
    pub fn lose(&self, reason: &str) -> Error {
        let reason = if reason.is_empty() { "the driver gives no reason" } else { reason };
        let error = Error::new(
            ErrorKind::DeviceLost,
            format!("the device was lost ({reason}); its arrays are gone, open another device and upload again"),
        );
        self.poison(error.clone());
        error
    }

    /// An error if the device is no longer to be trusted.
    pub fn check(&self) -> Result<()> {
        if !self.faulty.load(Ordering::Acquire) {
            return Ok(());
        }
        match &*self.reason.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

/// Runs wgpu calls and returns what they complain of instead of letting it reach the default handler, which panics.
/// In a browser errors come later, by way of the handler for uncaptured errors.
pub(crate) fn guarded<R>(device: &wgpu::Device, calls: impl FnOnce() -> R) -> std::result::Result<R, wgpu::Error> {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let scopes = [OutOfMemory, Validation, Internal].map(|filter| device.push_error_scope(filter));
    let value = calls();
    let mut complaint = None;
    for scope in scopes.into_iter().rev() {
        complaint = scope.pop().now_or_never().flatten().or(complaint);
    }
    match complaint {
        None => Ok(value),
        Some(error) => Err(error),
    }
}

/// An error of wgpu that says our own command was wrong, or that the driver failed.
pub(crate) fn driver_error(what: &str, error: &wgpu::Error) -> Error {
    Error::new(
        ErrorKind::Driver,
        format!("{what} failed in wgpu or the driver: {error}; open another device, and please report this"),
    )
}
