//! What is refused, and several axes at once.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix0, IxDyn, arr0, arr1};
use ndgpu::{Device, DeviceArray, ErrorKind, Float};

use crate::support::everywhere;
use crate::{moments, near, read, value, variance, wide};

fn refusals<T: Float>(device: &Device, name: &str) {
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    let two = device.upload(&Array2::<T>::ones((2, 3))).unwrap();
    let scalar = device.upload(&arr0(value::<T>(2.0))).unwrap();
    macro_rules! kind {
        ($result:expr) => {
            $result.map(|_| ()).map_err(|error| error.kind())
        };
    }
    macro_rules! each {
        ($array:expr, $axis:expr, $want:expr, [$($method:ident),*]) => {
            $(assert_eq!(kind!($array.$method(Axis($axis))), $want, "{name}: {}", stringify!($method));)*
        };
    }
    let empty = Err(ErrorKind::EmptyReduction);
    each!(none, 0, empty, [min_axis, max_axis, argmin_axis, argmax_axis]);
    each!(none.skip_nan(), 0, empty, [min_axis, max_axis]);
    each!(none, 1, Ok(()), [min_axis, max_axis, argmin_axis, argmax_axis]);
    assert_eq!(read(none.argmax_axis(Axis(1)).unwrap()).shape(), [0]);
    assert_eq!(read(none.skip_nan().max_axis(Axis(1)).unwrap()).shape(), [0]);
    assert_eq!([kind!(none.min()), kind!(none.max()), kind!(none.skip_nan().min())], [empty; 3], "{name}");
    assert_eq!([kind!(none.argmin()), kind!(none.argmax())], [empty; 2], "{name}");
    assert_eq!(kind!(none.min_axes(&[Axis(0), Axis(1)])), empty, "{name}");
    assert_eq!(kind!(none.max_axes(&[Axis(0)])), empty, "{name}");

    let beyond = Err(ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 });
    each!(two, 2, beyond, [min_axis, max_axis, argmin_axis, argmax_axis, mean_axis]);
    each!(two.skip_nan(), 2, beyond, [sum_axis, mean_axis, min_axis, max_axis]);
    assert_eq!(kind!(two.var_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.std_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.standardize_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.skip_nan().var_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.max_axes(&[Axis(2)])), beyond, "{name}");
    assert_eq!(kind!(two.standardize_axes(&[Axis(0), Axis(2)], T::zero())), beyond, "{name}");
    let repeated = Err(ErrorKind::RepeatedAxis { axis: 1 });
    assert_eq!(kind!(two.standardize_axes(&[Axis(1), Axis(1)], T::zero())), repeated, "{name}");
    assert_eq!(kind!(two.std_axes(&[Axis(1), Axis(1)], T::zero())), repeated, "{name}");
    let three = device.upload(&Array1::<T>::ones(2)).unwrap();
    let mismatch = Err(ErrorKind::ShapeMismatch);
    assert_eq!(kind!(two.skip_nan().average_axis(Axis(1), &three)), mismatch, "{name}");
    let elsewhere = Device::cpu().upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(kind!(two.skip_nan().weighted_sum_axis(Axis(1), &elsewhere)), Err(ErrorKind::DeviceMismatch), "{name}");

    // One number is the smallest and the largest there is.
    let number = |array: DeviceArray<T, Ix0>| read(array).into_scalar();
    assert_eq!(number(scalar.min().unwrap()), value(2.0), "{name}");
    assert_eq!(number(scalar.var(T::zero()).unwrap()), T::zero(), "{name}");
    assert_eq!(read(scalar.argmax().unwrap()), arr0(0), "{name}");
    // Both zeros tie.
    let zeros = device.upload(&arr1(&[-T::zero(), T::zero()])).unwrap();
    assert_eq!(read(zeros.argmax().unwrap()), arr0(0), "{name}");
    assert_eq!(read(zeros.argmin().unwrap()), arr0(0), "{name}");
}

#[test]
fn bad_calls_are_refused_with_their_reason() {
    everywhere!(refusals);
}

fn several_axes<T: Float>(device: &Device, name: &str) {
    let a = ArrayD::from_shape_fn(IxDyn(&[2, 3, 4, 5]), |i| {
        value::<T>(((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3] * 2) % 11) as f64)
    });
    let up = device.upload(&a).unwrap();
    for axes in [vec![], vec![1], vec![0, 1], vec![3, 0], vec![2, 0, 3], vec![0, 2], vec![3, 1, 0, 2]] {
        let named: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
        let kept: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
        // The oracle: the axes that go, side by side behind those that stay, are one line.
        let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
        let lines: usize = kept.iter().map(|&axis| a.shape()[axis]).product();
        let shape: Vec<usize> = kept.iter().map(|&axis| a.shape()[axis]).collect();
        let flat: Vec<f64> = a.view().permuted_axes(IxDyn(&order)).iter().map(|&v| wide(v)).collect();
        let of: Vec<&[f64]> = flat.chunks(flat.len() / lines).collect();
        let check = |got: DeviceArray<T, IxDyn>, want: &dyn Fn(&[f64]) -> f64, which: &str| {
            let got = read(got);
            assert_eq!(got.shape(), shape, "{name}: {which} over {axes:?}");
            for (&got, line) in got.iter().zip(&of) {
                let want = want(line);
                near(got, want, 4.0 * wide(T::epsilon()) * want.abs(), format_args!("{name}: {which} over {axes:?}"));
            }
        };
        let spread = |line: &[f64]| moments(line.iter().copied());
        check(up.min_axes(&named).unwrap(), &|line| line.iter().copied().fold(f64::INFINITY, f64::min), "min");
        check(up.max_axes(&named).unwrap(), &|line| line.iter().copied().fold(f64::NEG_INFINITY, f64::max), "max");
        let want = |line: &[f64]| variance(line.len(), spread(line).2, 0.0);
        check(up.var_axes(&named, T::zero()).unwrap(), &want, "var");
        check(up.std_axes(&named, T::zero()).unwrap(), &|line| want(line).sqrt(), "std");
        // Scores come in the order in which the array has its values.
        let scores = read(up.standardize_axes(&named, T::zero()).unwrap());
        assert_eq!(scores.shape(), a.shape(), "{name}: standardized over {axes:?}");
        let scores: Vec<T> = scores.view().permuted_axes(IxDyn(&order)).iter().copied().collect();
        for (scores, line) in scores.chunks(flat.len() / lines).zip(&of) {
            let (count, mean, squares) = spread(line);
            let deviation = variance(count, squares, 0.0).sqrt();
            for (&score, value) in scores.iter().zip(*line) {
                let want = if deviation == 0.0 { f64::NAN } else { (value - mean) / deviation };
                let room = 16.0 * wide(T::epsilon()) * (want.abs() + mean / deviation);
                near(score, want, room, format_args!("{name}: standardized over {axes:?}"));
            }
        }
    }
}

#[test]
fn several_axes_are_one_line_wherever_they_lie() {
    everywhere!(several_axes);
}
