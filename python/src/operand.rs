//! Arguments that are on the device already or are uploaded for a call, and the dtype that a call computes in.

use ndgpu::ndarray::IxDyn;
use numpy::{PyArrayDescr, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::dtype::{DType, Element};
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::DeviceArray;
use crate::numbers::{Rounding, borrowed, numbers};

/// An array on a device as it is, and anything else as the array that NumPy makes of it.
pub fn numbers_or_device_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if object.is_instance_of::<DeviceArray>() { Ok(object.clone()) } else { numbers(object).map(Bound::into_any) }
}

/// The dtype for some objects: the one that is asked for; else float32 or uint32 if all of them have that, else
/// float64, as NumPy promotes integers and bools.
pub fn common_dtype(dtype: Option<&Bound<'_, PyAny>>, objects: &[&Bound<'_, PyAny>]) -> PyResult<DType> {
    if let Some(dtype) = dtype {
        let dtype = PyArrayDescr::new(dtype.py(), dtype)?;
        return DType::from_numpy(&dtype).ok_or_else(|| {
            PyTypeError::new_err(format!("a device holds float32, float64 and uint32, but dtype is {dtype}"))
        });
    }
    let mut dtypes = objects.iter().map(|object| dtype_of(object));
    let first = dtypes.next().flatten();
    Ok(first.filter(|first| dtypes.all(|dtype| dtype == Some(*first))).unwrap_or(DType::F64))
}

fn dtype_of(object: &Bound<'_, PyAny>) -> Option<DType> {
    if let Ok(array) = object.cast::<DeviceArray>() {
        return Some(array.get().array().dtype());
    }
    DType::from_numpy(&object.cast::<PyUntypedArray>().ok()?.dtype())
}

/// A copy on the device, which later writes to the NumPy array do not change.
pub fn uploaded<T: Element>(
    py: Python<'_>,
    device: &ndgpu::Device,
    object: &Bound<'_, PyAny>,
    rounding: Rounding,
) -> PyResult<ndgpu::DeviceArray<T, IxDyn>> {
    ensure_threads()?;
    let values = borrowed::<T>(object, rounding)?;
    py.detach(|| device.upload(&values.view())).map_err(exception)
}

/// An array over the NumPy array's own memory on the CPU engine, a copy on a GPU.
pub fn lent<T: Element>(
    py: Python<'_>,
    device: &ndgpu::Device,
    object: &Bound<'_, PyAny>,
) -> PyResult<ndgpu::DeviceArray<T, IxDyn>> {
    ensure_threads()?;
    let values = borrowed::<T>(object, Rounding::Refused)?;
    let shape = IxDyn(values.shape());
    py.detach(|| device.upload_owned(values, shape)).map_err(exception)
}

/// An argument of the type that the call computes with: uploaded as that unless it is on the device, where another
/// dtype is refused, since devices convert nothing implicitly.
pub fn operand<T: Element>(
    py: Python<'_>,
    name: &str,
    object: &Bound<'_, PyAny>,
    device: &ndgpu::Device,
) -> PyResult<ndgpu::DeviceArray<T, IxDyn>> {
    let Ok(array) = object.cast::<DeviceArray>() else {
        return uploaded(py, device, object, Rounding::Refused);
    };
    let array = array.get().operand()?;
    array.typed().cloned().ok_or_else(|| {
        PyTypeError::new_err(format!(
            "{name} holds {}, but this computes with {}; upload both with the same dtype",
            array.dtype().name(),
            T::DTYPE.name()
        ))
    })
}
