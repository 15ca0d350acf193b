//! What a browser has in place of threads: it calls back when a copy has arrived, and nothing in it can wait.

use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::error_scope::Watched;
use crate::engine::gpu::pending_map::Landing;
use crate::error::Result;

/// Nothing has to be asked: the call back wakes who awaits a copy.
pub(crate) struct Poller;

impl Poller {
    pub fn new(_device: &Arc<Watched>) -> Self {
        Self
    }

    /// Sees to it that a copy lands, which only takes that it was submitted.
    pub(crate) fn watch(&self, _landing: &Arc<Landing>, _context: &Arc<GpuContext>) {}
}

impl GpuContext {
    /// Submits what has been recorded. A browser's queue never works in the call itself.
    pub fn flush_soon(self: &Arc<Self>) {
        // A fault is kept by the device.
        let _ = self.flush();
    }

    /// Not known where nothing can wait for the answer.
    pub(crate) fn check_arithmetic(&mut self) -> Result<()> {
        Ok(())
    }
}
