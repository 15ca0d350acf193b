//! An operation is a value: a small struct that names its operands and its output, already validated, with memory for
//! the output at hand. Running it now is eager execution; keeping it to run it again is a plan. Neither is a second
//! path, and an engine is nothing but one of its two methods.

use std::sync::Arc;

use super::gpu::GpuContext;
use super::host::HostPool;
use crate::error::Result;

/// Something a device can do.
pub(crate) trait Operation {
    /// Computes the output now, on the CPU engine.
    fn on_cpu(&self, pool: &Arc<HostPool>) -> Result<()>;

    /// Records the commands that compute the output.
    fn on_gpu(&self, context: &GpuContext) -> Result<()>;
}
