//! Reductions as hardware computes them: lanes of a workgroup that share rows, at lengths and numbers of rows around
//! every boundary, with each way to keep sums. The values are small integers, so that every sum is exact and every
//! engine has to give the same bits.

use ndarray::{Array, Array1, Array2, Axis, Dimension};
use ndgpu::{Accumulator, Device, DeviceArray, DeviceKind};

use crate::support::corpus::case::Real;
use crate::support::devices::open_gpu;
use crate::support::random::Random;

/// Around one lane, several, a workgroup, and more than one turn; fours and not.
const LENGTHS: [usize; 26] =
    [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128, 255, 256, 260, 1000, 1023, 1024, 4100];
/// Around four rows, the rows of a workgroup, and the number from which on a lane has four rows however many there are.
const ROWS: [usize; 14] = [1, 2, 3, 4, 5, 8, 15, 16, 17, 63, 64, 65, 257, 1030];
/// No more elements than this, for the sake of time.
const LARGEST: usize = 70_000;

/// Small integers, and now and then NaN.
fn values<T: Real>(random: &mut Random, missing: bool) -> T {
    let value = (random.unit() * 33.0).floor() - 16.0;
    if missing && random.unit() < 0.1 { T::of(f64::NAN) } else { T::of(value) }
}

fn read<T: Real, D: Dimension>(array: DeviceArray<T, D>) -> Vec<T> {
    array.readback().wait().unwrap().view().iter().copied().collect()
}

/// What is computed of an array, its weights along an axis, and its own weights.
fn results<T: Real>(device: &Device, array: &Array2<T>, along: &Array1<T>, own: &Array2<T>, axis: Axis) -> Vec<Vec<T>> {
    let [array, own] = [array, own].map(|host| device.upload(host).unwrap());
    let along = device.upload(along).unwrap();
    let indices = |found: DeviceArray<u32, _>| -> Vec<T> {
        found.readback().wait().unwrap().view().iter().map(|&index| T::of(f64::from(index))).collect()
    };
    let skipping = array.skip_nan();
    vec![
        read(array.sum_axis(axis).unwrap()),
        read(array.mean_axis(axis).unwrap()),
        read(array.weighted_sum_axis(axis, &along).unwrap()),
        read(array.weighted_sum_axis(axis, &own).unwrap()),
        read(array.average_axis(axis, &along).unwrap()),
        read(array.min_axis(axis).unwrap()),
        read(array.max_axis(axis).unwrap()),
        indices(array.argmin_axis(axis).unwrap()),
        read(array.var_axis(axis, T::zero()).unwrap()),
        read(skipping.sum_axis(axis).unwrap()),
        read(skipping.average_axis_or(axis, &along, T::of(7.0)).unwrap()),
        read(skipping.max_axis(axis).unwrap()),
    ]
}

fn same_as_the_cpu<T: Real>(device: &Device, what: &str) {
    let cpu = Device::cpu();
    let mut random = Random::new(20);
    for len in LENGTHS {
        for rows in ROWS.into_iter().filter(|rows| len * rows <= LARGEST) {
            let missing = (len + rows).is_multiple_of(3);
            for (shape, axis) in [((rows, len), Axis(1)), ((len, rows), Axis(0))] {
                let array = Array::from_shape_simple_fn(shape, || values::<T>(&mut random, missing));
                // Positive, so that no sum of them is zero.
                let own = Array::from_shape_simple_fn(shape, || T::of((random.unit() * 7.0).floor() + 1.0));
                let along = Array::from_shape_simple_fn(len, || T::of((random.unit() * 7.0).floor() + 1.0));
                let got = results(device, &array, &along, &own, axis);
                let want = results(&cpu, &array, &along, &own, axis);
                for (number, (got, want)) in got.iter().zip(&want).enumerate() {
                    let same = |(got, want): (&T, &T)| got == want || (got.is_nan() && want.is_nan());
                    // Deviations from a mean are no integers.
                    let near = |(got, want): (&T, &T)| {
                        let (got, want): (f64, f64) = ((*got).into(), (*want).into());
                        (got - want).abs() <= want.abs() * 1e-6 || (got.is_nan() && want.is_nan())
                    };
                    // Quotients are exact where products are.
                    let is_quotient = [1, 4, 10].contains(&number) && !device.info().compensated_sums;
                    let is_near = number == 8 || is_quotient;
                    let all = got.len() == want.len()
                        && got.iter().zip(want).all(|pair| if is_near { near(pair) } else { same(pair) });
                    assert!(all, "{what}: result {number} of {shape:?} along {axis:?}: {got:?}, not {want:?}");
                }
            }
        }
    }
}

fn as_hardware() -> ndgpu::DeviceBuilder {
    Device::builder().kernels_for(DeviceKind::DiscreteGpu)
}

#[test]
fn lanes_give_what_the_cpu_gives_at_every_boundary() {
    let device = open_gpu(as_hardware());
    same_as_the_cpu::<f32>(&device, "f32");
    if device.info().supports_f64 {
        same_as_the_cpu::<f64>(&device, "f64");
    }
}

#[test]
fn every_accumulator_gives_the_same_sums() {
    for accumulator in [Accumulator::FusedFloat32, Accumulator::SplitFloat32] {
        let device = open_gpu(as_hardware().without_f64().accumulator(accumulator));
        assert_eq!(device.info().accumulator, Some(accumulator));
        same_as_the_cpu::<f32>(&device, &accumulator.to_string());
    }
}

/// Two f32 hold what one loses, with either way to find the errors of products: here there are none, for a software
/// rasteriser's `fma` may round twice.
#[test]
fn sums_in_two_numbers_keep_what_one_would_lose() {
    let ends = [1e8_f32, 1.0, -1e8, 0.25, 3e7, -3e7, 1.5, 0.0];
    let array = Array2::from_shape_fn((20, 4096), |(row, index)| ends[(index + row) % ends.len()]);
    let weights = Array1::from_elem(4096, 2.0_f32);
    for accumulator in [Accumulator::Float64, Accumulator::FusedFloat32, Accumulator::SplitFloat32] {
        let device = open_gpu(as_hardware());
        if accumulator == Accumulator::Float64 && !device.info().supports_f64 {
            continue;
        }
        let device = open_gpu(as_hardware().accumulator(accumulator));
        for (shape, axis) in [((20, 4096), Axis(1)), ((4096, 20), Axis(0))] {
            let turned = if axis == Axis(1) { array.clone() } else { array.t().as_standard_layout().into_owned() };
            assert_eq!(turned.dim(), shape);
            let up = device.upload(&turned).unwrap();
            let weights = device.upload(&weights).unwrap();
            for (sums, factor) in
                [(up.sum_axis(axis).unwrap(), 1.0), (up.weighted_sum_axis(axis, &weights).unwrap(), 2.0)]
            {
                assert_eq!(read(sums), vec![2.75 * 512.0 * factor; 20], "{accumulator} along {axis:?}");
            }
        }
    }
}
