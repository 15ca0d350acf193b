//! Readback: the values of an array on a device as a NumPy array or as a Python scalar.

use std::sync::OnceLock;

use ndgpu::ndarray::{Array1, IxDyn};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::axes::MAX_NDIM_OF_BINDINGS;
use crate::dtype::{Array, Element, with_array};
use crate::error::exception;
use crate::handles::DeviceArray;
use crate::memory::{copied, forbid_writing, into_numpy, shared};

/// Whose memory the NumPy array has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// The array's own memory on the CPU engine, a copy elsewhere; read-only in either case.
    ReadOnly,
    /// The same of an array that nobody else refers to, writeable.
    Taken,
    /// A copy on every engine, writeable.
    Copied,
}

/// The values as a NumPy array, which is counted.
pub fn to_numpy<'py>(py: Python<'py>, array: &DeviceArray, ownership: Ownership) -> PyResult<Bound<'py, PyAny>> {
    let values = read_back(py, array.operand()?, ownership)?;
    array.count_readback();
    Ok(values)
}

/// The only element, as a Python number.
pub fn item<'py>(py: Python<'py>, array: &DeviceArray) -> PyResult<Bound<'py, PyAny>> {
    if let Some(shape) = not_scalar(array) {
        return Err(PyValueError::new_err(format!(
            "can only convert an array of size 1 to a Python scalar, but the shape is {shape:?}: call .numpy()"
        )));
    }
    to_numpy(py, array, Ownership::ReadOnly)?.call_method0("item")
}

/// The only element, as `float(array)` and the like want it.
pub fn scalar<'py>(py: Python<'py>, array: &DeviceArray) -> PyResult<Bound<'py, PyAny>> {
    if let Some(shape) = not_scalar(array) {
        return Err(PyTypeError::new_err(format!(
            "only length-1 arrays can be converted to Python scalars, but the shape is {shape:?}: call .numpy()"
        )));
    }
    item(py, array)
}

/// The shape of an array that does not have exactly one element.
fn not_scalar(array: &DeviceArray) -> Option<Vec<usize>> {
    let array = array.array();
    (array.shape().iter().product::<usize>() != 1).then(|| array.shape().to_vec())
}

/// The values as a writeable NumPy array, for an array that nobody else refers to: the handle is left with an empty
/// array.
pub fn take<'py>(py: Python<'py>, array: &DeviceArray) -> PyResult<Bound<'py, PyAny>> {
    static EMPTY: OnceLock<Array> = OnceLock::new();
    let empty = match EMPTY.get() {
        Some(empty) => empty,
        None => {
            let empty = ndgpu::Device::cpu().upload(&Array1::<f32>::default(0));
            EMPTY.get_or_init(|| empty.map(Array::from).expect("an array without elements"))
        }
    };
    let taken = std::mem::replace(&mut *array.lock(), empty.clone());
    read_back(py, taken, Ownership::Taken)
}

/// The values as a NumPy array. Waits for the device.
fn read_back(py: Python<'_>, array: Array, ownership: Ownership) -> PyResult<Bound<'_, PyAny>> {
    if array.shape().len() > MAX_NDIM_OF_BINDINGS {
        let shape = array.shape().to_vec();
        let flat = array.reshape(&[shape.iter().product()]).map_err(exception)?;
        drop(array);
        return read_back(py, flat, ownership)?.call_method1("reshape", (shape,));
    }
    with_array!(array, array => read_typed(py, array, ownership))
}

fn read_typed<T: Element>(
    py: Python<'_>,
    array: ndgpu::DeviceArray<T, IxDyn>,
    ownership: Ownership,
) -> PyResult<Bound<'_, PyAny>> {
    let values = py.detach(|| match ownership {
        Ownership::Taken => array.into_readback().wait(),
        Ownership::ReadOnly | Ownership::Copied => array.readback().wait(),
    });
    let values = values.map_err(exception)?;
    let array = match ownership {
        Ownership::Taken => into_numpy(py, values),
        Ownership::ReadOnly => shared(py, values),
        Ownership::Copied => copied(py, values),
    }?;
    if ownership == Ownership::ReadOnly {
        forbid_writing(array.as_any())?;
    }
    Ok(array.into_any())
}
