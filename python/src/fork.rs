//! Detection of forked processes: `fork` does not copy threads, so waiting for those of a device would hang.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Whether this process, or one that it was forked from, has opened a device, which starts threads.
static HAS_THREADS: AtomicBool = AtomicBool::new(false);
/// Whether those threads stayed in the parent process.
static LOST_THREADS: AtomicBool = AtomicBool::new(false);

pub fn record_threads() {
    HAS_THREADS.store(true, Ordering::Relaxed);
}

/// Registered with `os.register_at_fork` for the child process.
#[pyfunction]
pub fn _after_fork() {
    LOST_THREADS.store(HAS_THREADS.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// An error in a forked process, which has no threads of the device.
pub fn ensure_threads() -> PyResult<()> {
    if !LOST_THREADS.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "this process was forked from one that had opened a device, whose threads stayed there: start processes by \
         \"spawn\" or \"forkserver\" (multiprocessing.set_start_method), or open the first device after forking",
    ))
}
