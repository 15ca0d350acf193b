//! What a `DeviceArray` does not do by itself: arithmetic, comparisons and looks at single elements, which on NumPy
//! arrays need the values, and on a device would copy them here.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyType};

const NOT_BY_ITSELF: &str = "a DeviceArray does not become a NumPy array by itself, as that may copy it from the \
                             device: call .numpy(), or use ndgpu's functions, which leave it there";

/// With a second operand on either side; what assigns (`+=`) falls back to these.
const BINARY: [&str; 14] = [
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "xor",
    "or",
];

/// Python's own `==` would say whether two are the same object, and `!=` and `bool` that they are not. Hashes are still
/// those of the objects: in a dict or set an array is found by what it is, without a comparison.
const OTHERS: [&str; 17] = [
    "lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs", "invert", "round", "bool", "iter", "reversed", "contains",
    "getitem", "setitem",
];

pub fn not_by_itself() -> PyErr {
    PyTypeError::new_err(NOT_BY_ITSELF)
}

/// Gives a class these methods, each of which refuses.
pub fn refuse(class: &Bound<'_, PyType>) -> PyResult<()> {
    let refusing =
        PyCFunction::new_closure(class.py(), Some(c"refused"), Some(c"Refuses: call `.numpy()`."), |_, _| {
            PyResult::<()>::Err(not_by_itself())
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
