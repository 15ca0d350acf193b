//! Injected faults: every call of wgpu that can fail goes through
//! [`ScopedDevice::with_error_scope`](crate::engine::gpu::error_scope::ScopedDevice::with_error_scope), and a test can
//! make the n-th of them fail, for want of memory or because the device is gone. So every place is tried where
//! something might be left half-done.

use std::sync::{Mutex, PoisonError};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The memory for it is refused.
    OutOfMemory,
    /// The device is destroyed just before.
    Destroyed,
}

/// What is to go wrong next.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Option<(Fault, usize)>>);

impl Faults {
    /// Lets a later call fail: the next one, if none come before.
    pub fn plan(&self, fault: Fault, calls_before: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((fault, calls_before));
    }

    /// Whether what was planned is still to come; it no longer does.
    pub fn cancel(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// A call is about to be made.
    pub fn inject(&self, device: &wgpu::Device) -> Result<(), wgpu::Error> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match planned.take() {
            None => Ok(()),
            Some((Fault::OutOfMemory, 0)) => Err(wgpu::Error::OutOfMemory { source: "refused by a test".into() }),
            Some((Fault::Destroyed, 0)) => {
                device.destroy();
                Ok(())
            }
            Some((fault, before)) => {
                *planned = Some((fault, before - 1));
                Ok(())
            }
        }
    }
}
