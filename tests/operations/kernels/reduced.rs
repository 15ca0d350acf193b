//! Reductions by name, and when two results are the same.

use ndarray::{Array1, Axis, Ix1, IxDyn};
use ndgpu::{DeviceArray, Float, Result};

use crate::support::compare::all_near;
use crate::support::numbers::{value, wide};

/// Equal, or NaN both, or as close as rounding at this scale allows.
pub fn assert_same<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    all_near(got, want, |_| scale * wide(T::epsilon()), what);
}

pub fn arr(values: &[f32]) -> Array1<f32> {
    Array1::from(values.to_vec())
}

/// A reduction, by name.
pub fn reduced<T: Float>(
    what: &str,
    a: &DeviceArray<T, IxDyn>,
    axis: Axis,
    along: &DeviceArray<T, Ix1>,
    full: &DeviceArray<T, IxDyn>,
) -> Result<Vec<T>> {
    let result = match what {
        "sum" => a.sum_axis(axis)?,
        "mean" => a.mean_axis(axis)?,
        "average" => a.average_axis(axis, along)?,
        "full" => a.average_axis(axis, full)?,
        "weighted sum" => a.weighted_sum_axis(axis, full)?,
        "std" => a.std_axis(axis, T::one())?,
        "min" => a.min_axis(axis)?,
        "max" => a.max_axis(axis)?,
        "skipping mean" => a.skip_nan().mean_axis(axis)?,
        "skipping average" => a.skip_nan().average_axis(axis, along)?,
        "skipping std" => a.skip_nan().std_axis(axis, T::zero())?,
        "argmax" => {
            let indices = a.argmax_axis(axis)?.readback().wait()?.into_array();
            return Ok(indices.iter().map(|&index| value(f64::from(index))).collect());
        }
        _ => a.skip_nan().min_axis(axis)?,
    };
    Ok(result.readback().wait()?.into_array().into_raw_vec_and_offset().0)
}

/// Every reduction there is, by name.
pub const REDUCTIONS: [&str; 13] = [
    "sum",
    "mean",
    "average",
    "full",
    "weighted sum",
    "std",
    "min",
    "max",
    "argmax",
    "skipping mean",
    "skipping average",
    "skipping std",
    "skipping min",
];
