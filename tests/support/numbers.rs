//! Numbers of either float type, by way of f64.

use ndgpu::Float;

/// A number as the element type has it.
pub fn value<T: Float>(number: f64) -> T {
    T::from(number).unwrap()
}

/// A number as f64, which loses nothing.
pub fn wide<T: Float>(number: T) -> f64 {
    number.to_f64().unwrap()
}

/// Equal, or both NaN.
pub fn same<T: Float>(one: T, other: T) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}

/// The smallest number above zero.
pub fn tiny<T: Float>() -> T {
    T::min_positive_value() * T::epsilon()
}
