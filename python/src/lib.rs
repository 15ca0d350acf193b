//! `ndgpu._ndgpu`, the native half of the Python package `ndgpu`: devices, arrays, tables and plans on them, and fast
//! paths for calls of NumPy's functions that need no conversion. The rest of NumPy's signatures, dtypes and exceptions
//! is the Python half, in `package/ndgpu`.
//!
//! Uses the public API of the crate only. The interpreter's lock is released while data are copied and computed on.
//! `unsafe` is in [`memory`], where NumPy and Rust read each other's memory, in [`aligned`], which allocates it, and in
//! [`xla_ffi`], where XLA calls.

mod aligned;
mod array;
mod axes;
mod device;
mod dlpack;
mod dtype;
mod error;
mod fork;
mod handles;
mod interp;
mod knots;
mod memory;
mod new_values;
mod numbers;
mod operand;
mod plan;
mod readback;
mod reduce;
mod reductions;
mod refused;
mod search;
mod table;
mod transfers;
mod vjp;
mod xla;
mod xla_ffi;

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: aligned::Aligned = aligned::Aligned;

#[pymodule(name = "_ndgpu")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(module)?;
    module.add_class::<handles::Device>()?;
    module.add_class::<device::Listed>()?;
    module.add_class::<transfers::Transfers>()?;
    module.add_class::<handles::DeviceArray>()?;
    refused::refuse_operators(&module.py().get_type::<handles::DeviceArray>())?;
    module.add_class::<table::InterpTable>()?;
    module.add_class::<table::located::Located>()?;
    module.add_class::<knots::Knots>()?;
    module.add_class::<plan::Plan>()?;
    module.add_function(wrap_pyfunction!(interp::interp, module)?)?;
    module.add_function(wrap_pyfunction!(search::searchsorted, module)?)?;
    module.add_function(wrap_pyfunction!(fork::_after_fork, module)?)?;
    module.add_function(wrap_pyfunction!(error::_in_python, module)?)?;
    xla::register(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
