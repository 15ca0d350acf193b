//! Operators that a `DeviceArray` refuses: arithmetic, comparisons and indexing, which need the values and would copy
//! them from the device implicitly.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyType};

const MESSAGE: &str = "a DeviceArray does not become a NumPy array by itself, as that may copy it from the device: \
                             call .numpy(), or use ndgpu's functions, which leave it there";

/// Binary operators, which may be reflected; in-place ones (`+=`) fall back to these.
const BINARY: [&str; 14] = [
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "xor",
    "or",
];

/// Python's default `==` and `!=` would compare identities, and `bool` would be true. Hashes remain those of the
/// objects: dicts and sets find an array by its identity, without a comparison.
const OTHERS: [&str; 17] = [
    "lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs", "invert", "round", "bool", "iter", "reversed", "contains",
    "getitem", "setitem",
];

pub fn implicit_conversion() -> PyErr {
    PyTypeError::new_err(MESSAGE)
}

/// Adds these methods to a class, each of which raises a TypeError.
pub fn refuse_operators(class: &Bound<'_, PyType>) -> PyResult<()> {
    let refusing =
        PyCFunction::new_closure(class.py(), Some(c"refused"), Some(c"Refuses: call `.numpy()`."), |_, _| {
            PyResult::<()>::Err(implicit_conversion())
        })?;
    for name in BINARY {
        class.setattr(format!("__{name}__"), &refusing)?;
        class.setattr(format!("__r{name}__"), &refusing)?;
    }
    for name in OTHERS {
        class.setattr(format!("__{name}__"), &refusing)?;
    }
    Ok(())
}
