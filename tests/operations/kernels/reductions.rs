//! Every reduction along every axis of shapes around the blocks of the kernels.

use ndarray::{Array1, ArrayD, Axis, IxDyn};
use ndgpu::{Device, Float, Result};

use super::reduced::{REDUCTIONS, assert_same, reduced};
use crate::support::engines::{gpus, on_every_engine};
use crate::support::numbers::value;
use crate::support::random::Random;

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
