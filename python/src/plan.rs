//! `Plan`: calls captured once and replayed.

use std::sync::{Mutex, PoisonError};

use ndgpu::{AnyArray, ElementType};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::array::DeviceArray;
use crate::error::exception;
use crate::fork::expect_threads;
use crate::given::Given;

/// Calls that were captured once by `Device.capture`, to be replayed on new data in the same memory, with one
/// submission. Printing it tells its operations, passes and bytes, and what was fused.
#[pyclass(frozen, module = "ndgpu")]
pub struct Plan {
    plan: Mutex<ndgpu::Plan<Vec<AnyArray>, Vec<AnyArray>>>,
    inputs: Vec<ElementType>,
    /// Whether the function returned a tuple.
    gives_tuple: bool,
}

/// Runs a function of Python's once, without data.
pub fn capture(
    py: Python<'_>,
    device: &ndgpu::Device,
    inputs: &Bound<'_, PyAny>,
    function: &Bound<'_, PyAny>,
) -> PyResult<Plan> {
    expect_threads()?;
    let (inputs, _) = arrays(inputs, "inputs are")?;
    let mut raised = None;
    let mut gives_tuple = false;
    let captured = device.capture(inputs.iter().collect::<Vec<_>>(), |inputs: Vec<&AnyArray>| {
        let call = || {
            let inputs: Vec<_> = inputs.into_iter().map(|input| DeviceArray::new(input.clone())).collect();
            let (outputs, several) = arrays(&function.call1(PyTuple::new(py, inputs)?)?, "the function returned")?;
            gives_tuple = several;
            PyResult::Ok(outputs)
        };
        call().map_err(|error| {
            let message = error.to_string();
            raised = Some(error);
            ndgpu::Error::other(message)
        })
    });
    // What the function raised goes on as it was.
    let plan = captured.map_err(|error| raised.take().unwrap_or_else(|| exception(error)))?;
    let inputs = inputs.iter().map(AnyArray::element_type).collect();
    Ok(Plan { plan: Mutex::new(plan), inputs, gives_tuple })
}

/// An array, or a tuple of them.
fn arrays(object: &Bound<'_, PyAny>, what: &str) -> PyResult<(Vec<AnyArray>, bool)> {
    let one = |object: &Bound<'_, PyAny>| match object.cast::<DeviceArray>() {
        Ok(array) => Ok(array.get().array()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{what} {}, but only a DeviceArray or a tuple of them will do",
            object.get_type()
        ))),
    };
    match object.cast::<PyTuple>() {
        Ok(several) => Ok((several.iter().map(|object| one(&object)).collect::<PyResult<_>>()?, true)),
        Err(_) => Ok((vec![one(object)?], false)),
    }
}

#[pymethods]
impl Plan {
    /// Writes new values into the inputs, one argument for each: an array_like of the same shape, a DeviceArray of this
    /// device, or None for an input that stays as it is. Costs what an upload costs, into memory that is there.
    #[pyo3(signature = (*inputs))]
    fn write(&self, py: Python<'_>, inputs: &Bound<'_, PyTuple>) -> PyResult<()> {
        expect_threads()?;
        if inputs.len() != self.inputs.len() {
            return Err(PyValueError::new_err(format!(
                "the plan has {} inputs, but {} were given; None leaves one as it is",
                self.inputs.len(),
                inputs.len()
            )));
        }
        let given = inputs.iter().zip(&self.inputs).map(|(object, &input)| Given::of(&object, input));
        let given = given.collect::<PyResult<Vec<_>>>()?;
        py.detach(|| {
            let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            plan.write(given.iter().map(Given::data).collect::<Vec<_>>())
        })
        .map_err(exception)
    }

    /// Computes the outputs from what the inputs hold now: a DeviceArray, or a tuple if the function returned one. They
    /// lie in the plan's memory, and the next replay writes over them; what `.numpy()` gave stays.
    fn replay<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let outputs =
            py.detach(|| self.plan.lock().unwrap_or_else(PoisonError::into_inner).replay()).map_err(exception)?;
        let mut outputs = outputs.into_iter().map(DeviceArray::new);
        match (self.gives_tuple, outputs.next()) {
            (false, Some(only)) => Ok(Bound::new(py, only)?.into_any()),
            (_, first) => Ok(PyTuple::new(py, first.into_iter().chain(outputs).collect::<Vec<_>>())?.into_any()),
        }
    }

    /// How many kernels a replay runs on a GPU, or passes over memory on the CPU engine.
    #[getter]
    fn passes(&self) -> usize {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).passes()
    }

    /// The bytes that a replay reads and writes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// How many operations were fused into others.
    #[getter]
    fn fused(&self) -> usize {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).fused()
    }

    fn __repr__(&self) -> String {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).to_string()
    }
}
