//! Reductions of arrays whose type is known only now, and what NumPy's `average` takes for weights.

use ndgpu::ndarray::{Axis, IxDyn};
use ndgpu::{AnyArray, DeviceArray, Error, Float, Result};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::axes::axes_of_average;
use crate::kind::{Kind, operand};

/// What gives a float for each line.
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
    /// The reduction of an array over some axes.
    pub fn of(self, array: &AnyArray, axes: &[Axis]) -> Result<AnyArray> {
        match array {
            AnyArray::F32(array) => self.of_floats(array, axes, |ddof| ddof as f32).map(Into::into),
            AnyArray::F64(array) => self.of_floats(array, axes, |ddof| ddof).map(Into::into),
            _ => Err(floats_only(array)),
        }
    }

    fn of_floats<T: Float>(
        self,
        array: &DeviceArray<T, IxDyn>,
        axes: &[Axis],
        float: impl Fn(f64) -> T,
    ) -> Result<DeviceArray<T, IxDyn>> {
        match self {
            Self::Sum => array.sum_axes(axes),
            Self::Mean => array.mean_axes(axes),
            Self::Min => array.min_axes(axes),
            Self::Max => array.max_axes(axes),
            Self::Var { ddof } => array.var_axes(axes, float(ddof)),
            Self::Std { ddof } => array.std_axes(axes, float(ddof)),
        }
    }
}

fn floats_only(array: &AnyArray) -> Error {
    Error::other(format!("this takes float32 or float64, but the array holds {}", Kind::of(array).name()))
}

/// Where the smallest or the largest value is: along an axis, or of the whole array.
pub fn locate(array: &AnyArray, largest: bool, axis: Option<Axis>) -> Result<AnyArray> {
    fn place<T: Float>(array: &DeviceArray<T, IxDyn>, largest: bool, axis: Option<Axis>) -> Result<AnyArray> {
        Ok(match (largest, axis) {
            (true, Some(axis)) => array.argmax_axis(axis)?.into(),
            (false, Some(axis)) => array.argmin_axis(axis)?.into(),
            (true, None) => array.argmax()?.into(),
            (false, None) => array.argmin()?.into(),
        })
    }
    match array {
        AnyArray::F32(array) => place(array, largest, axis),
        AnyArray::F64(array) => place(array, largest, axis),
        _ => Err(floats_only(array)),
    }
}

/// `(a - mean) / std` over some axes.
pub fn standardize(array: &AnyArray, axes: &[Axis], ddof: f64) -> Result<AnyArray> {
    match array {
        AnyArray::F32(array) => array.standardize_axes(axes, ddof as f32).map(Into::into),
        AnyArray::F64(array) => array.standardize_axes(axes, ddof).map(Into::into),
        _ => Err(floats_only(array)),
    }
}

/// Weights that fit an array, and the axes they weigh.
pub struct Weighted {
    axes: Vec<Axis>,
    weights: Option<AnyArray>,
}

impl Weighted {
    /// Weights of the array's shape, or of the lengths of the axes in the order in which they are named.
    pub fn new(
        array: &AnyArray,
        axis: Option<&Bound<'_, PyAny>>,
        weights: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let shape = array.shape();
        let axes = axes_of_average(axis, shape.len())?;
        let Some(given) = weights else { return Ok(Self { axes, weights: None }) };
        let weights = operand(given.py(), "weights", given, array.device(), Kind::of(array))?;
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

    /// The averages, and the sums of the weights if they are wanted and there are weights. Where these are zero the
    /// average is `fill`; without it that is an error.
    pub fn average(&self, array: &AnyArray, returned: bool, fill: Option<f64>) -> Result<(AnyArray, Option<AnyArray>)> {
        let axes = &self.axes;
        match (array, &self.weights) {
            (array, None) => {
                let average = Reduction::Mean.of(array, axes)?;
                let counts = if returned { Some(counts(array, axes, average.shape())?) } else { None };
                Ok((average, counts))
            }
            (AnyArray::F32(array), Some(AnyArray::F32(weights))) => {
                averages(array, axes, weights, returned, fill.map(|fill| fill as f32))
            }
            (AnyArray::F64(array), Some(AnyArray::F64(weights))) => averages(array, axes, weights, returned, fill),
            _ => Err(floats_only(array)),
        }
    }

    /// The sums of the weighted values; of the values themselves without weights.
    pub fn sum(&self, array: &AnyArray) -> Result<AnyArray> {
        match (array, &self.weights) {
            (array, None) => Reduction::Sum.of(array, &self.axes),
            (AnyArray::F32(array), Some(AnyArray::F32(weights))) => {
                array.weighted_sum_axes(&self.axes, weights).map(Into::into)
            }
            (AnyArray::F64(array), Some(AnyArray::F64(weights))) => {
                array.weighted_sum_axes(&self.axes, weights).map(Into::into)
            }
            _ => Err(floats_only(array)),
        }
    }
}

fn averages<T: Float>(
    array: &DeviceArray<T, IxDyn>,
    axes: &[Axis],
    weights: &DeviceArray<T, IxDyn>,
    returned: bool,
    fill: Option<T>,
) -> Result<(AnyArray, Option<AnyArray>)>
where
    AnyArray: From<DeviceArray<T, IxDyn>>,
{
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

/// Without weights each value weighs 1.
fn counts(array: &AnyArray, axes: &[Axis], shape: &[usize]) -> Result<AnyArray> {
    let count: usize = axes.iter().map(|axis| array.shape()[axis.index()]).product();
    let device = array.device();
    Ok(match array {
        AnyArray::F32(_) => device.upload(&ndgpu::ndarray::Array::from_elem(IxDyn(shape), count as f32))?.into(),
        _ => device.upload(&ndgpu::ndarray::Array::from_elem(IxDyn(shape), count as f64))?.into(),
    })
}
