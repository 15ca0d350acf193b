//! The backward passes of reductions, with the arguments of Python.

use ndgpu::DeviceArray;
use ndgpu::ndarray::{Axis, IxDyn};
use pyo3::prelude::*;

use crate::axes::axes;
use crate::dtype::{Array, Float, with_float};
use crate::error::exception;
use crate::handles::DeviceArray as Handle;
use crate::operand::operand;
use crate::reduce::{Weights, same_type};

/// A reduction that is differentiated in its one operand.
#[derive(Clone, Copy)]
pub enum Backward {
    Sum,
    Mean,
    Var { ddof: f64 },
    Std { ddof: f64 },
    Standardize { ddof: f64 },
}

impl Backward {
    fn of<T: Float>(
        self,
        array: &DeviceArray<T, IxDyn>,
        axes: &[Axis],
        g: &DeviceArray<T, IxDyn>,
    ) -> ndgpu::Result<DeviceArray<T, IxDyn>> {
        match self {
            Self::Sum => array.sum_axes_vjp(axes, g),
            Self::Mean => array.mean_axes_vjp(axes, g),
            Self::Var { ddof } => array.var_axes_vjp(axes, T::nearest(ddof), g),
            Self::Std { ddof } => array.std_axes_vjp(axes, T::nearest(ddof), g),
            Self::Standardize { ddof } => array.standardize_axes_vjp(axes, T::nearest(ddof), g),
        }
    }
}

/// The cotangents of the array, from those of the result.
pub fn plain(
    py: Python<'_>,
    array: &Handle,
    backward: Backward,
    g: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
) -> PyResult<Handle> {
    let array = array.operand()?;
    let axes = axes(axis, array.shape().len())?;
    with_float!(array.floats().map_err(exception)?, array => {
        let g = operand(py, "g", g, array.device())?;
        Handle::computed(py, || backward.of(array, &axes, &g))
    })
}

/// A reduction that is differentiated in its array and in its weights.
#[derive(Clone, Copy)]
pub enum WeightedBackward {
    Average,
    Sum,
}

/// The cotangents of the array and of the weights, from those of the result; without weights `None` of them.
pub fn weighted(
    py: Python<'_>,
    array: &Handle,
    backward: WeightedBackward,
    g: &Bound<'_, PyAny>,
    axis: Option<&Bound<'_, PyAny>>,
    weights: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Handle, Option<Handle>)> {
    let array = array.operand()?;
    let weights = Weights::new(&array, axis, weights)?;
    let axes = weights.axes();
    with_float!(array.floats().map_err(exception)?, array => {
        let g = operand(py, "g", g, array.device())?;
        let found: ndgpu::Result<(Array, Option<Array>)> = py.detach(|| {
            let Some(weights) = weights.weights() else {
                return Ok((Backward::Mean.of(array, axes, &g)?.into(), None));
            };
            let weights = same_type(array, weights)?;
            let (array, weights) = match backward {
                WeightedBackward::Average => array.average_axes_vjp(axes, weights, &g)?,
                WeightedBackward::Sum => array.weighted_sum_axes_vjp(axes, weights, &g)?,
            };
            Ok((array.into(), Some(weights.into())))
        });
        let (array, weights) = found.map_err(exception)?;
        Ok((Handle::new(array), weights.map(Handle::new)))
    })
}
