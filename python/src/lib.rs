//! `ndgpu._ndgpu`, the native half of the Python package `ndgpu`: devices, what lies on them, and the short way for
//! calls of NumPy's functions that need no conversion. What NumPy's signatures, dtypes and exceptions ask for beyond
//! that is Python's half, in `package/ndgpu`.
//!
//! Stands on the public API of the crate alone. The interpreter's lock is released while data are copied and computed
//! on. `unsafe` is in [`memory`], where NumPy looks at Rust's memory, and Rust at NumPy's, and in [`aligned`], which
//! allocates it.

mod aligned;
mod array;
mod axes;
mod device;
mod error;
mod fork;
mod given;
mod interp;
mod kind;
mod knots;
mod memory;
mod numbers;
mod plan;
mod reduce;
mod refused;
mod search;
mod table;

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: aligned::Aligned = aligned::Aligned;

#[pymodule(name = "_ndgpu")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(module)?;
    module.add_class::<device::Device>()?;
    module.add_class::<device::Listed>()?;
    module.add_class::<device::Transfers>()?;
    module.add_class::<array::DeviceArray>()?;
    refused::refuse(&module.py().get_type::<array::DeviceArray>())?;
    module.add_class::<table::InterpTable>()?;
    module.add_class::<knots::Knots>()?;
    module.add_class::<plan::Plan>()?;
    module.add_function(wrap_pyfunction!(interp::interp, module)?)?;
    module.add_function(wrap_pyfunction!(search::places, module)?)?;
    module.add_function(wrap_pyfunction!(fork::_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(error::_in_python, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
