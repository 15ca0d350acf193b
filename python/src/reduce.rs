//! Reductions of arrays of any dtype and shape, and NumPy's rules for the `weights` of `average`.

use ndgpu::ndarray::{self, Axis, IxDyn};
use ndgpu::{DeviceArray, Error, Result};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::axes::axes_of_iterable;
use crate::dtype::{Array, Float, with_float, with_type};
use crate::operand::operand;

/// A reduction to floats.
#[derive(Clone, Copy)]
pub enum Reduction {
    Sum,
    Mean,
    Min,
    Max,
    Var { ddof: f64 },
    Std { ddof: f64 },
}

impl Reduction {
    pub fn over_axes(self, array: &Array, axes: &[Axis]) -> Result<Array> {
        with_float!(array.floats()?, array => self.of_floats(array, axes).map(Array::from))
    }

    fn of_floats<T: Float>(self, array: &DeviceArray<T, IxDyn>, axes: &[Axis]) -> Result<DeviceArray<T, IxDyn>> {
        match self {
            Self::Sum => array.sum_axes(axes),
            Self::Mean => array.mean_axes(axes),
            Self::Min => array.min_axes(axes),
            Self::Max => array.max_axes(axes),
            Self::Var { ddof } => array.var_axes(axes, T::nearest(ddof)),
            Self::Std { ddof } => array.std_axes(axes, T::nearest(ddof)),
        }
    }
}

#[derive(Clone, Copy)]
pub enum Extremum {
    Min,
    Max,
}

/// `argmin` or `argmax`: along an axis, or of the flattened array.
pub fn arg_extremum(array: &Array, extremum: Extremum, axis: Option<Axis>) -> Result<Array> {
    with_float!(array.floats()?, array => Ok(match (extremum, axis) {
        (Extremum::Max, Some(axis)) => array.argmax_axis(axis)?.into(),
        (Extremum::Min, Some(axis)) => array.argmin_axis(axis)?.into(),
        (Extremum::Max, None) => array.argmax()?.into(),
        (Extremum::Min, None) => array.argmin()?.into(),
    }))
}

/// `(a - mean) / std` over some axes.
pub fn standardize(array: &Array, axes: &[Axis], ddof: f64) -> Result<Array> {
    fn of_floats<T: Float>(array: &DeviceArray<T, IxDyn>, axes: &[Axis], ddof: f64) -> Result<Array> {
        array.standardize_axes(axes, T::nearest(ddof)).map(Array::from)
    }
    with_float!(array.floats()?, array => of_floats(array, axes, ddof))
}

/// The weights for an array, and the axes to average over.
pub struct Weights {
    axes: Vec<Axis>,
    weights: Option<Array>,
}

impl Weights {
    /// Weights of the array's shape, or of the lengths of the axes in the order in which they are named.
    pub fn new(array: &Array, axis: Option<&Bound<'_, PyAny>>, weights: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let shape = array.shape();
        let axes = axes_of_iterable(axis, shape.len())?;
        let Some(given) = weights else { return Ok(Self { axes, weights: None }) };
        let (py, device) = (given.py(), array.device());
        let weights = with_type!(array.dtype(), T => Array::from(operand::<T>(py, "weights", given, device)?));
        if weights.shape() != shape {
            if axis.is_none() {
                return Err(PyTypeError::new_err("Axis must be specified when shapes of a and weights differ."));
            }
            let lengths: Vec<_> = axes.iter().map(|axis| shape[axis.index()]).collect();
            if weights.shape() != lengths {
                return Err(PyValueError::new_err(format!(
                    "Shape of weights must be consistent with shape of a along specified axis. (weights have shape \
                     {:?}; give {lengths:?}, or {shape:?})",
                    weights.shape()
                )));
            }
        }
        Ok(Self { axes, weights: Some(weights) })
    }

    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    pub fn weights(&self) -> Option<&Array> {
        self.weights.as_ref()
    }

    /// The averages, and the sums of the weights if `returned`. Where a sum of weights is zero the average is `fill`;
    /// without it that is an error.
    pub fn average(&self, array: &Array, returned: bool, fill: Option<f64>) -> Result<(Array, Option<Array>)> {
        let Some(weights) = &self.weights else {
            let average = Reduction::Mean.over_axes(array, &self.axes)?;
            let counts = if returned { Some(self.counts(array, average.shape())?) } else { None };
            return Ok((average, counts));
        };
        with_float!(array.floats()?, array => {
            averages(array, &self.axes, same_type(array, weights)?, returned, fill)
        })
    }

    /// The sums of the weighted values; of the values themselves without weights.
    pub fn sum(&self, array: &Array) -> Result<Array> {
        let Some(weights) = &self.weights else { return Reduction::Sum.over_axes(array, &self.axes) };
        with_float!(array.floats()?, array => {
            array.weighted_sum_axes(&self.axes, same_type(array, weights)?).map(Array::from)
        })
    }

    /// The sums of weights of 1, which is what no weights mean.
    fn counts(&self, array: &Array, shape: &[usize]) -> Result<Array> {
        fn filled<T: Float>(like: &DeviceArray<T, IxDyn>, shape: &[usize], number: f64) -> Result<Array> {
            like.device().upload(&ndarray::Array::from_elem(IxDyn(shape), T::nearest(number))).map(Array::from)
        }
        let count: usize = self.axes.iter().map(|axis| array.shape()[axis.index()]).product();
        with_float!(array.floats()?, array => filled(array, shape, count as f64))
    }
}

/// The weights, which have been made for an array of this type.
pub fn same_type<'w, T: Float>(_: &DeviceArray<T, IxDyn>, weights: &'w Array) -> Result<&'w DeviceArray<T, IxDyn>> {
    weights.typed().ok_or_else(|| Error::other("array and weights differ in type"))
}

fn averages<T: Float>(
    array: &DeviceArray<T, IxDyn>,
    axes: &[Axis],
    weights: &DeviceArray<T, IxDyn>,
    returned: bool,
    fill: Option<f64>,
) -> Result<(Array, Option<Array>)> {
    let fill = fill.map(T::nearest);
    if !returned {
        let average = match fill {
            Some(fill) => array.average_axes_or(axes, weights, fill)?,
            None => array.average_axes(axes, weights)?,
        };
        return Ok((average.into(), None));
    }
    let (average, sums) = match fill {
        Some(fill) => array.average_axes_returned_or(axes, weights, fill)?,
        None => array.average_axes_returned(axes, weights)?,
    };
    Ok((average.into(), Some(sums.into())))
}
