//! Results do not depend on the kernel that was chosen: sizes on each side of every boundary, and everything that makes
//! the GPU engine choose another kernel, against the CPU engine, which knows none of them.

mod reductions;
mod tables;
mod tiles;

use ndarray::Array1;
use ndgpu::Float;

use crate::support::compare::all_near;
use crate::support::numbers::wide;

/// Equal, or NaN both, or as close as rounding at this scale allows.
fn assert_same<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    all_near(got, want, |_| scale * wide(T::epsilon()), what);
}

fn arr(values: &[f32]) -> Array1<f32> {
    Array1::from(values.to_vec())
}
