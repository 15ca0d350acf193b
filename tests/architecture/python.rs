//! The native half of the Python package.

use std::path::Path;

use crate::imports::{Imports, Room};

/// What Python holds is in `handles`; above them are the computations, then the methods of each class.
const PYTHON: &[Room] = &[
    // Python, NumPy and memory, without devices.
    ("aligned", &[]),
    ("dtype", &[]),
    ("error", &[]),
    ("fork", &[]),
    ("refused", &[]),
    ("transfers", &[]),
    ("axes", &["error"]),
    ("memory", &["error"]),
    ("numbers", &["memory"]),
    ("search", &["axes", "memory"]),
    // The handles, and values on their way to and from a device.
    ("handles", &["dtype", "error", "fork"]),
    ("operand", &["dtype", "error", "fork", "numbers", "handles"]),
    ("new_values", &["dtype", "memory", "numbers", "handles"]),
    ("readback", &["axes", "dtype", "error", "memory", "handles"]),
    ("dlpack", &["handles", "readback"]),
    // Reductions: of typed arrays, and with the arguments of Python.
    ("reduce", &["axes", "dtype", "operand"]),
    ("reductions", &["axes", "dtype", "error", "handles", "reduce"]),
    ("vjp", &["axes", "dtype", "error", "handles", "operand", "reduce"]),
    // The classes.
    ("plan", &["dtype", "error", "fork", "handles", "new_values"]),
    ("device", &["dtype", "error", "fork", "transfers", "numbers", "handles", "operand", "plan"]),
    (
        "array",
        &[
            "axes",
            "dtype",
            "error",
            "numbers",
            "refused",
            "handles",
            "readback",
            "dlpack",
            "reduce",
            "reductions",
            "vjp",
        ],
    ),
    ("table", &["axes", "dtype", "error", "fork", "memory", "numbers", "handles", "operand"]),
    ("knots", &["dtype", "error", "fork", "numbers", "handles", "operand", "table"]),
    // A fast path past the classes.
    ("interp", &["axes", "error", "fork", "memory", "search", "handles", "table"]),
    // What XLA calls, past Python.
    ("xla_ffi", &[]),
    ("xla", &["dtype", "error", "fork", "handles", "table", "xla_ffi"]),
    (
        "crate",
        &[
            "aligned",
            "error",
            "fork",
            "refused",
            "transfers",
            "search",
            "handles",
            "plan",
            "device",
            "knots",
            "table",
            "interp",
            "xla",
        ],
    ),
];

#[test]
fn python_imports_one_way() {
    Imports::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("python/src/lib.rs")).must_follow(PYTHON);
}
