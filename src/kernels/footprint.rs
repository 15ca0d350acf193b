//! An operation is a value: a small struct that names its operands and its output, already validated, with memory for
//! the output at hand. Running it now is eager execution; keeping it to run it again is a plan. Neither is a second
//! path, and an engine is nothing but one of its two methods.

use std::any::Any;
use std::sync::Arc;

use crate::engine::gpu::encoder::Commands;
use crate::engine::host::memory::HostPool;
use crate::engine::storage::Use;
use crate::error::Result;

/// Something a device can do.
pub(crate) trait Operation: Any + Send + Sync {
    /// Computes the output now, on the CPU engine.
    fn on_cpu(&self, pool: &Arc<HostPool>) -> Result<()>;

    /// Gives the commands that compute the output.
    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()>;

    /// What it is called, and what memory it touches.
    fn account(&self) -> Account;
}

/// What an operation does, for a plan to print, and to find out who else needs its output.
#[derive(Clone)]
pub(crate) struct Account {
    /// In a few words, shapes among them.
    pub name: String,
    pub reads: Vec<Use>,
    pub writes: Vec<Use>,
}
