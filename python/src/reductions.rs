//! Reductions with the arguments of Python: `axis`, `keepdims` and `weights`.

use ndgpu::ndarray::Axis;
use pyo3::prelude::*;

use crate::axes::{axes, keepdims_shape, single_axis};
use crate::dtype::Array;
use crate::error::exception;
use crate::handles::DeviceArray;
use crate::reduce::{self, Extremum, Nan, Reduction, Weights};

pub fn reduce(
    py: Python<'_>,
    array: &DeviceArray,
    reduction: Reduction,
    axis: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
    nan: Nan,
) -> PyResult<DeviceArray> {
    let array = array.operand()?;
    let axes = axes(axis, array.shape().len())?;
    let shape = keepdims.then(|| keepdims_shape(array.shape(), &axes));
    DeviceArray::computed(py, || reshaped(reduction.over_axes(&array, &axes, nan)?, shape.as_deref()))
}

pub fn arg_extremum(
    py: Python<'_>,
    array: &DeviceArray,
    extremum: Extremum,
    axis: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
) -> PyResult<DeviceArray> {
    let array = array.operand()?;
    let ndim = array.shape().len();
    let axis = axis.map(|axis| single_axis(axis, ndim)).transpose()?;
    let reduced = axis.map_or_else(|| (0..ndim).map(Axis).collect(), |axis| vec![axis]);
    let shape = keepdims.then(|| keepdims_shape(array.shape(), &reduced));
    DeviceArray::computed(py, || reshaped(reduce::arg_extremum(&array, extremum, axis)?, shape.as_deref()))
}

/// The average, or with `returned` a tuple of it and the sums of the weights.
#[expect(clippy::too_many_arguments, reason = "they are those of DeviceArray.average")]
pub fn average<'py>(
    py: Python<'py>,
    array: &DeviceArray,
    axis: Option<&Bound<'py, PyAny>>,
    weights: Option<&Bound<'py, PyAny>>,
    returned: bool,
    keepdims: bool,
    zero_weights: Option<f64>,
    nan: Nan,
) -> PyResult<Bound<'py, PyAny>> {
    let array = array.operand()?;
    let weights = Weights::new(&array, axis, weights)?;
    let shape = keepdims.then(|| keepdims_shape(array.shape(), weights.axes()));
    let (average, sums) = py.detach(|| weights.average(&array, returned, zero_weights, nan)).map_err(exception)?;
    let handle = |array| reshaped(array, shape.as_deref()).map(DeviceArray::new).map_err(exception);
    let average = handle(average)?;
    match sums {
        Some(sums) => Ok((average, handle(sums)?).into_pyobject(py)?.into_any()),
        None => Ok(Bound::new(py, average)?.into_any()),
    }
}

pub fn weighted_sum(
    py: Python<'_>,
    array: &DeviceArray,
    weights: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    keepdims: bool,
    nan: Nan,
) -> PyResult<DeviceArray> {
    let array = array.operand()?;
    let weights = Weights::new(&array, axis, Some(weights))?;
    let shape = keepdims.then(|| keepdims_shape(array.shape(), weights.axes()));
    DeviceArray::computed(py, || reshaped(weights.sum(&array, nan)?, shape.as_deref()))
}

pub fn standardize(
    py: Python<'_>,
    array: &DeviceArray,
    axis: Option<&Bound<'_, PyAny>>,
    ddof: f64,
) -> PyResult<DeviceArray> {
    let array = array.operand()?;
    let axes = axes(axis, array.shape().len())?;
    DeviceArray::computed(py, || reduce::standardize(&array, &axes, ddof))
}

fn reshaped(array: Array, shape: Option<&[usize]>) -> ndgpu::Result<Array> {
    match shape {
        Some(shape) => array.reshape(shape),
        None => Ok(array),
    }
}
