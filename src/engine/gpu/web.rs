//! The poller of a browser, which calls back on completion and cannot block.

use std::sync::Arc;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::gpu::pending_map::Landing;
use crate::error::Result;

/// Nothing has to be polled: the callback wakes the task.
pub(crate) struct Poller;

impl Poller {
    pub fn new(_device: &Arc<ScopedDevice>) -> Self {
        Self
    }

    /// Drives a mapping to completion, which takes no more than its submission.
    pub(crate) fn watch(&self, _landing: &Arc<Landing>, _context: &Arc<GpuContext>) {}
}

impl GpuContext {
    /// Submits the batch. A browser executes nothing during the call.
    pub fn flush_soon(self: &Arc<Self>) {
        // The device stores an error.
        let _ = self.flush();
    }

    /// Left unknown: nothing here can wait for the answer.
    pub(crate) fn check_arithmetic(&mut self) -> Result<()> {
        Ok(())
    }
}
