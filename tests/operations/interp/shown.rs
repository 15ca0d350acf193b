//! Rows as literals, and results as text, in which NaN equals NaN.

use ndarray::{Array1, Dimension};
use ndgpu::{DeviceArray, Float};

use crate::support::arrays::values;
use crate::support::numbers::{value, wide};

/// A row of values of the element type.
pub fn row<T: Float>(values: &[f64]) -> Array1<T> {
    values.iter().map(|&v| value(v)).collect()
}

/// What a result is, so that NaN equals NaN.
pub fn shown<T: Float, D: Dimension>(result: DeviceArray<T, D>) -> Vec<String> {
    values(&result).into_iter().map(|y| wide(y).to_string()).collect()
}
