//! `Plan`: calls captured once and replayed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use ndgpu::AnyArray;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::dtype::{Array, DType};
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::DeviceArray;
use crate::new_values::NewValues;

/// Calls that were captured once by `Device.capture`, to be replayed on new data in the same memory, with one
/// submission. Printing it shows its operations, passes and bytes, and what was fused.
#[pyclass(frozen, module = "ndgpu")]
pub struct Plan {
    plan: Mutex<ndgpu::Plan<Vec<AnyArray>, Vec<AnyArray>>>,
    inputs: Vec<DType>,
    /// Whether the function returned a tuple.
    returns_tuple: bool,
}

/// Runs a Python function once, without data.
pub fn capture(
    py: Python<'_>,
    device: &ndgpu::Device,
    inputs: &Bound<'_, PyAny>,
    function: &Bound<'_, PyAny>,
) -> PyResult<Plan> {
    ensure_threads()?;
    let (inputs, _) = arrays(inputs, "inputs are")?;
    let dtypes = inputs.iter().map(Array::dtype).collect();
    let inputs: Vec<AnyArray> = inputs.into_iter().map(AnyArray::from).collect();
    let mut raised = None;
    let mut returns_tuple = false;
    let captured = device.capture(inputs.iter().collect::<Vec<_>>(), |inputs: Vec<&AnyArray>| {
        let call = || {
            let outputs = function.call1(PyTuple::new(py, handles(inputs.into_iter().cloned())?)?)?;
            let (outputs, is_tuple) = arrays(&outputs, "the function returned")?;
            returns_tuple = is_tuple;
            PyResult::Ok(outputs.into_iter().map(AnyArray::from).collect())
        };
        call().map_err(|error| {
            let message = error.to_string();
            raised = Some(error);
            ndgpu::Error::other(message)
        })
    });
    // An exception of the function is raised unchanged.
    let plan = captured.map_err(|error| raised.take().unwrap_or_else(|| exception(error)))?;
    Ok(Plan { plan: Mutex::new(plan), inputs: dtypes, returns_tuple })
}

fn handles(arrays: impl Iterator<Item = AnyArray>) -> PyResult<Vec<DeviceArray>> {
    arrays.map(|array| Array::try_from(array).map(DeviceArray::new)).collect()
}

/// The arrays of an argument, and whether it is a tuple of them.
fn arrays(object: &Bound<'_, PyAny>, what: &str) -> PyResult<(Vec<Array>, bool)> {
    let one = |object: &Bound<'_, PyAny>| match object.cast::<DeviceArray>() {
        Ok(array) => Ok(array.get().array()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{what} {}, but only a DeviceArray or a tuple of them will do",
            object.get_type()
        ))),
    };
    match object.cast::<PyTuple>() {
        Ok(tuple) => Ok((tuple.iter().map(|object| one(&object)).collect::<PyResult<_>>()?, true)),
        Err(_) => Ok((vec![one(object)?], false)),
    }
}

#[pymethods]
impl Plan {
    /// Writes new values into the inputs, one argument for each: an array_like of the same shape, a DeviceArray of this
    /// device, or None for an input that stays as it is. Costs an upload, but allocates no memory.
    #[pyo3(signature = (*inputs))]
    fn write(&self, py: Python<'_>, inputs: &Bound<'_, PyTuple>) -> PyResult<()> {
        ensure_threads()?;
        if inputs.len() != self.inputs.len() {
            return Err(PyValueError::new_err(format!(
                "the plan has {} inputs, but {} were given; None leaves one as it is",
                self.inputs.len(),
                inputs.len()
            )));
        }
        let values = inputs.iter().zip(&self.inputs).map(|(object, &input)| NewValues::of(&object, input));
        let values = values.collect::<PyResult<Vec<_>>>()?;
        py.detach(|| self.lock().write(values.iter().map(NewValues::data).collect::<Vec<_>>())).map_err(exception)
    }

    /// Computes the outputs from what the inputs hold now: a DeviceArray, or a tuple if the function returned one. They
    /// are in the plan's memory, and the next replay overwrites them; what `.numpy()` returned stays.
    fn replay<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let outputs = py.detach(|| self.lock().replay()).map_err(exception)?;
        let mut outputs = handles(outputs.into_iter())?.into_iter();
        match (self.returns_tuple, outputs.next()) {
            (false, Some(only)) => Ok(Bound::new(py, only)?.into_any()),
            (_, first) => Ok(PyTuple::new(py, first.into_iter().chain(outputs).collect::<Vec<_>>())?.into_any()),
        }
    }

    /// How many kernels a replay runs on a GPU, or passes over memory on the CPU engine.
    #[getter]
    fn passes(&self) -> usize {
        self.lock().passes()
    }

    /// The bytes that a replay reads and writes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.lock().bytes()
    }

    /// How many operations were fused into others.
    #[getter]
    fn fused(&self) -> usize {
        self.lock().fused()
    }

    fn __repr__(&self) -> String {
        self.lock().to_string()
    }
}

impl Plan {
    fn lock(&self) -> MutexGuard<'_, ndgpu::Plan<Vec<AnyArray>, Vec<AnyArray>>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
