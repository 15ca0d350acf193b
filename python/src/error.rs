//! The crate's errors as Python exceptions, of the class that NumPy raises if it does.

use ndgpu::ErrorKind;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyTypeError, PyValueError, PyZeroDivisionError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use pyo3::{PyErr, create_exception};

create_exception!(ndgpu, DeviceError, PyRuntimeError, "The device or its driver failed.");
create_exception!(
    ndgpu,
    DeviceNotFoundError,
    DeviceError,
    "No device fits what was asked for; the message lists what was found."
);
create_exception!(
    ndgpu,
    DeviceLostError,
    DeviceError,
    "The device is gone (a driver reset, an unplugged GPU). Open another one."
);
create_exception!(
    ndgpu,
    NotSortedError,
    PyValueError,
    "Knots are not in order. Interpolation of NumPy arrays takes them as numpy.interp does; tables can sort them."
);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("DeviceError", py.get_type::<DeviceError>())?;
    module.add("DeviceNotFoundError", py.get_type::<DeviceNotFoundError>())?;
    module.add("DeviceLostError", py.get_type::<DeviceLostError>())?;
    module.add("NotSortedError", py.get_type::<NotSortedError>())
}

/// The exception for an error of the crate.
pub fn exception(error: ndgpu::Error) -> PyErr {
    let message = in_python(&error.to_string());
    let message = if error.kind() == ErrorKind::NoDevice { in_two_lines(&message) } else { message };
    match error.kind() {
        ErrorKind::NoDevice => DeviceNotFoundError::new_err(message),
        ErrorKind::DeviceLost => DeviceLostError::new_err(message),
        ErrorKind::Driver => DeviceError::new_err(message),
        ErrorKind::UnsupportedElement => PyTypeError::new_err(message),
        ErrorKind::NotSorted { .. } => NotSortedError::new_err(message),
        // NumPy's message first.
        ErrorKind::ZeroWeights => {
            PyZeroDivisionError::new_err(format!("Weights sum to zero, can't be normalized ({message})"))
        }
        ErrorKind::OutOfMemory { .. } => PyMemoryError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// A message of the crate in Python's terms: it names functions to call, which have other names here.
fn in_python(message: &str) -> String {
    const PHRASES: [(&str, &str); 8] = [
        ("Device::cpu()", "Device(\"cpu\")"),
        ("Device::stream", "ndgpu.dask"),
        ("InterpTable::builder", "the keywords of InterpTable"),
        ("WGPU_BACKEND or DeviceBuilder::backends", "WGPU_BACKEND"),
        ("AnyData::Unchanged", "None"),
        ("name an axis (average_axis)", "name an axis"),
        ("closure", "function"),
        ("Backends(", "("),
    ];
    let message = PHRASES.iter().fold(message.to_owned(), |message, (rust, python)| message.replace(rust, python));
    let mut words = String::with_capacity(message.len());
    let mut rest = message.as_str();
    while !rest.is_empty() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let starts_word = rest.starts_with(is_word);
        let end = rest.find(|c| is_word(c) != starts_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        words.push_str(&if starts_word { word(part) } else { part.to_owned() });
        rest = after;
    }
    words
}

/// A Rust name in Python: keywords for enums, dots for paths, NumPy's dtypes, and functions without `_axis` in their
/// name, which is an argument.
fn word(rust: &str) -> String {
    match rust {
        "f32" => return "float32".into(),
        "f64" => return "float64".into(),
        "u32" => return "uint32".into(),
        _ => {}
    }
    if let Some((class, name)) = rust.split_once("::") {
        return match class {
            "Order" | "Method" | "Side" => format!("{}=\"{}\"", class.to_lowercase(), name.to_lowercase()),
            _ => format!("{class}.{}", word(name).replace("::", ".")),
        };
    }
    ["_axis_or", "_axes_or", "_axis", "_axes"]
        .into_iter()
        .find_map(|axis| rust.strip_suffix(axis))
        .unwrap_or(rust)
        .to_owned()
}

/// What was not found, and the remedy on a line of its own.
fn in_two_lines(message: &str) -> String {
    const REMEDIES: [&str; 4] = [" On Linux a GPU", " On Windows a GPU", " On macOS every GPU", " A GPU needs"];
    let Some(end) = REMEDIES.iter().filter_map(|remedy| message.find(remedy)).min() else { return message.to_owned() };
    let (found, remedy) = message.split_at(end);
    if !found.contains("whose name contains") {
        return format!("{found}\n{}", remedy.trim_start());
    }
    // If no device has the name, another name is the remedy, not another driver.
    format!(
        "{found}\nA device is \"cpu\", which works on every machine, \"gpu\", \"software\", or part of a name that \
         ndgpu.Device.available() lists: NVIDIA's GPUs are reached by Vulkan, and \"cuda\" is the name of none."
    )
}

/// For the test that translates every message of the crate.
#[pyfunction]
pub fn _in_python(message: &str) -> String {
    in_python(message)
}

/// NumPy's `AxisError`.
pub fn axis_error(py: Python<'_>, axis: isize, ndim: usize) -> PyErr {
    static AXIS_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = AXIS_ERROR.import(py, "numpy.exceptions", "AxisError").and_then(|class| class.call1((axis, ndim)));
    made.map_or_else(|failed| failed, PyErr::from_value)
}
