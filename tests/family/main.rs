//! Searching, extremes, moments, reductions that skip NaN, and the ways to interpolate, each against a plain oracle: at
//! sizes around every boundary of the kernels, with everything special that a float can be.

mod beyond;
mod extremes;
mod filling;
mod methods;
mod moments;
mod refusals;
mod search;
mod skipping;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Display;

use ndarray::{Array, ArrayView1, Dimension};
use ndgpu::{DeviceArray, Element, Float};

fn value<T: Float>(v: f64) -> T {
    T::from(v).unwrap()
}

fn wide<T: Float>(v: T) -> f64 {
    v.to_f64().unwrap()
}

fn read<E: Element, D: Dimension>(array: DeviceArray<E, D>) -> Array<E, D> {
    array.readback().wait().unwrap().into_array()
}

/// The smallest number above zero.
fn tiny<T: Float>() -> T {
    T::min_positive_value() * T::epsilon()
}

fn same<T: Float>(one: T, other: T) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}

/// Around the boundaries of the kernels, as in `tests/reduce.rs`.
const SHAPES: &[&[usize]] = &[
    &[1],
    &[2],
    &[63],
    &[64],
    &[65],
    &[4096],
    &[4097],
    &[65_537],
    &[300_001],
    &[1, 1],
    &[5, 3],
    &[3, 64],
    &[64, 63],
    &[65, 65],
    &[1000, 8],
    &[3, 5000],
    &[2, 70_001],
    &[2000, 3],
    &[70_001, 2],
    &[3, 4, 5],
    &[2, 300, 7],
    &[7, 1, 129],
    &[2, 3, 1, 4, 5],
];

/// The smallest or largest value of a line, and the first place where it is.
fn extreme<T: Float>(line: ArrayView1<'_, T>, wants_small: bool) -> (T, u32) {
    let mut best = 0;
    for (place, &v) in line.iter().enumerate() {
        let beats = if wants_small { v < line[best] } else { v > line[best] };
        if !line[best].is_nan() && (v.is_nan() || beats) {
            best = place;
        }
    }
    (line[best], best as u32)
}

/// Adds up without losing anything to speak of (A. Neumaier, ZAMM 54, 1974).
fn total(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for v in values {
        let next = sum + v;
        lost += if sum.abs() >= v.abs() { (sum - next) + v } else { (v - next) + sum };
        sum = next;
    }
    sum + lost
}

/// The mean of some values and the sum of the squares of the deviations from it.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (usize, f64, f64) {
    let count = values.clone().count();
    let mean = total(values.clone()) / count as f64;
    // The mean was rounded: what the deviations add up to says by how much.
    let rest = total(values.clone().map(|v| v - mean));
    (count, mean, total(values.map(|v| (v - mean) * (v - mean))) - rest * rest / count as f64)
}

/// NumPy's quotient of squares and degrees of freedom.
fn variance(count: usize, squares: f64, ddof: f64) -> f64 {
    let divisor = (count as f64 - ddof).max(0.0);
    if count == 0 { f64::NAN } else { squares / divisor }
}

fn near<T: Float>(got: T, want: f64, room: f64, what: impl Display) {
    let got = wide(got);
    let close = got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= room;
    assert!(close, "{what}: got {got}, but should be {want} to within {room}");
}
