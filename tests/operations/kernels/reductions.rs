//! Every reduction along every axis of shapes around the blocks of the kernels.

use ndarray::{Array1, ArrayD, Axis, Ix1, IxDyn};
use ndgpu::{Device, DeviceArray, Float, Result};

use super::assert_same;
use crate::support::engines::{gpus, on_every_engine};
use crate::support::numbers::value;
use crate::support::random::Random;

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

fn reductions_by_every_path<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    let mut random = Random::new(29);
    // Rows and their lengths around the four of a block, and enough of both for several parts.
    for shape in [
        &[1, 8][..],
        &[3, 8],
        &[4, 8],
        &[5, 8],
        &[7, 12],
        &[8, 9],
        &[9, 1000],
        &[300, 64],
        &[5, 40_000],
        &[40_000, 4],
        &[3, 5, 4],
        &[2, 1000, 8],
        &[1, 7, 12],
        &[6, 40_001, 4],
        &[2, 3, 6],
        &[40_002, 8],
    ] {
        for special in [false, true] {
            let a = ArrayD::from_shape_fn(IxDyn(shape), |_| match random.below(50) {
                0 if special => T::nan(),
                _ => value::<T>(random.unit() * 2.0 - 1.0),
            });
            let full = ArrayD::from_shape_fn(IxDyn(shape), |_| value::<T>(random.unit() + 0.1));
            for axis in 0..shape.len() {
                let along = Array1::from_shape_fn(shape[axis], |_| value::<T>(random.unit() + 0.1));
                let on = |device: &Device, what: &str| {
                    let [a, full] = [&a, &full].map(|array| device.upload(array).unwrap());
                    reduced(what, &a, Axis(axis), &device.upload(&along).unwrap(), &full)
                };
                for what in REDUCTIONS {
                    let scale = if what.contains("sum") { 4.0 + shape[axis] as f64 * 1e-2 } else { 4.0 };
                    let say = format!("{name}: {what} of {shape:?} along {axis}, special {special}");
                    match (on(device, what), on(&cpu, what)) {
                        (Ok(got), Ok(want)) => assert_same(&got, &want, scale, &say),
                        // Weights that were all skipped.
                        (got, want) => {
                            let kind = |result: Result<Vec<T>>| result.err().map(|error| error.kind());
                            assert_eq!(kind(got), kind(want), "{say}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_reduction_gives_the_same_by_every_path() {
    on_every_engine!(reductions_by_every_path; on gpus());
}
