//! Processes that were forked: threads do not come along, and what waits for them would wait for ever.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Whether this process, or the one it was forked from, has opened a device, and with it threads.
static HAS_THREADS: AtomicBool = AtomicBool::new(false);
/// Whether those threads are another process's.
static LOST_THREADS: AtomicBool = AtomicBool::new(false);

pub fn starts_threads() {
    HAS_THREADS.store(true, Ordering::Relaxed);
}

/// Python calls this in a process that was just forked.
#[pyfunction]
pub fn _after_fork() {
    LOST_THREADS.store(HAS_THREADS.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// An error in a process whose threads stayed behind.
pub fn expect_threads() -> PyResult<()> {
    if !LOST_THREADS.load(Ordering::Relaxed) {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "this process was forked from one that had opened a device, whose threads stayed there: start processes by \
         \"spawn\" or \"forkserver\" (multiprocessing.set_start_method), or open the first device after forking",
    ))
}
