//! Errors of the crate as Python's exceptions: those that NumPy raises where NumPy raises any.

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
    match error.kind() {
        ErrorKind::NoDevice => DeviceNotFoundError::new_err(message),
        ErrorKind::DeviceLost => DeviceLostError::new_err(message),
        ErrorKind::Driver => DeviceError::new_err(message),
        ErrorKind::UnsupportedElement => PyTypeError::new_err(message),
        ErrorKind::NotSorted { .. } => NotSortedError::new_err(message),
        // NumPy's words first.
        ErrorKind::ZeroWeights => {
            PyZeroDivisionError::new_err(format!("Weights sum to zero, can't be normalized ({message})"))
        }
        ErrorKind::OutOfMemory { .. } => PyMemoryError::new_err(message),
        _ => PyValueError::new_err(message),
    }
}

/// Messages tell what to call; here it is called otherwise.
fn in_python(message: &str) -> String {
    message
        .replace("Device::cpu()", "Device(\"cpu\")")
        .replace("Device::stream", "ndgpu.dask")
        .replace("InterpTable::builder", "the keywords of InterpTable")
}

/// NumPy's `AxisError`.
pub fn axis_error(py: Python<'_>, axis: isize, ndim: usize) -> PyErr {
    static AXIS_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = AXIS_ERROR.import(py, "numpy.exceptions", "AxisError").and_then(|class| class.call1((axis, ndim)));
    made.map_or_else(|failed| failed, PyErr::from_value)
}
