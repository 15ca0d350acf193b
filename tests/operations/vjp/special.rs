//! What has no slope, is not finite, is not there, or weighs nothing.

use ndarray::{Array1, Array2, ArrayD, Axis, arr0, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float};

use crate::support::arrays::read;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};

fn without_slope<T: Float>(device: &Device, name: &str) {
    // A constant whose mean is rounded, along either axis, and beside one that is none.
    for (rows, len) in [(2, 1), (3, 49), (2, 1000)] {
        let mut a = Array2::from_elem((rows, len), value::<T>(0.1));
        a.row_mut(1).iter_mut().enumerate().for_each(|(index, a)| *a = value(index as f64));
        let is_constant = |row: usize| row != 1 || len == 1;
        let g = Array1::from_elem(rows, value::<T>(3.0));
        let (up, g) = (device.upload(&a).unwrap(), device.upload(&g).unwrap());
        let down = device.upload(&a.t()).unwrap();
        let of_rows = read(up.std_axis_vjp(Axis(1), T::zero(), &g).unwrap());
        let of_columns = read(down.std_axis_vjp(Axis(0), T::zero(), &g).unwrap());
        for ((row, index), &got) in of_rows.indexed_iter() {
            let what = format!("{name}: std of {rows} x {len}, {row}, {index}");
            assert_eq!(of_columns[[index, row]], got, "{what}");
            assert!(got.is_finite(), "{what}: {got}");
            assert!(!is_constant(row) || got == T::zero(), "{what}: {got}");
        }
        assert!(len == 1 || of_rows[[1, 0]] < T::zero(), "{name}: others have a slope");
        let ones = device.upload(&Array2::<T>::ones((rows, len))).unwrap();
        let scores = read(up.standardize_axis_vjp(Axis(1), T::zero(), &ones).unwrap());
        for ((row, index), got) in scores.indexed_iter() {
            assert_eq!(got.is_nan(), is_constant(row), "{name}: scores of {rows} x {len}, {row}, {index}: {got}");
        }
    }
}

#[test]
fn constant_rows_have_no_slope() {
    on_every_engine!(without_slope);
}

/// A large offset costs what rounding the mean costs, and sums over rows nothing.
fn offsets<T: Float>(device: &Device, name: &str) {
    let (rows, len, offset) = (500, 40, 1024.0);
    let a = Array2::from_shape_fn((rows, len), |(row, index)| {
        value::<T>(offset + ((row * 7 + index * 3) % 16) as f64 / 16.0)
    });
    let weights = Array1::from_elem(len, T::one());
    let g = Array1::from_shape_fn(rows, |row| value::<T>(if row % 2 == 0 { 1.0 } else { -1.0 }));
    let up = [device.upload(&weights).unwrap(), device.upload(&g).unwrap()];
    let (_, got) = device.upload(&a).unwrap().average_axis_vjp(Axis(1), &up[0], &up[1]).unwrap();
    for (index, got) in read(got).into_iter().enumerate() {
        let terms = (0..rows).map(|row| {
            let average = a.row(row).iter().map(|&a| wide(a)).sum::<f64>() / len as f64;
            wide(g[row]) * (wide(a[[row, index]]) - average) / len as f64
        });
        let want: f64 = terms.sum();
        let room = wide(T::epsilon()) * (offset / 2.0 * (rows / len) as f64 + 4.0 * rows as f64 / len as f64);
        assert!((wide(got) - want).abs() <= room, "{name}: {got} at {index} instead of {want}, {room}");
    }
}

#[test]
fn a_large_offset_costs_no_more_than_the_rounding_of_the_average() {
    on_every_engine!(offsets);
}

fn not_finite<T: Float>(device: &Device, name: &str) {
    let (nan, inf) = (T::nan(), T::infinity());
    let one = T::one();
    let up = |values: &[T]| device.upload(&Array1::from(values.to_vec())).unwrap();
    let scalar = |value: T| device.upload(&arr0(value)).unwrap();
    let check = |got: DeviceArray<T, ndarray::Ix1>, want: &[f64], what: &str| {
        let got = read(got);
        let wrong = got.iter().zip(want).any(|(&got, &want)| !same(wide(got), want));
        assert!(!wrong && got.len() == want.len(), "{name}: {what}: {got} instead of {want:?}");
    };
    let (n, i) = (f64::NAN, f64::INFINITY);
    let a = up(&[one, value(3.0)]);
    // What the cotangents have goes through.
    check(a.sum_vjp(&scalar(nan)).unwrap(), &[n, n], "sum, NaN");
    check(a.mean_vjp(&scalar(-inf)).unwrap(), &[-i, -i], "mean, -inf");
    check(a.var_vjp(T::zero(), &scalar(inf)).unwrap(), &[-i, i], "var, inf");
    // Nothing free to vary: 2 g (a - mean) / 0.
    check(a.var_vjp(value(2.0), &scalar(one)).unwrap(), &[-i, i], "var, ddof 2");
    check(a.var_vjp(value(5.0), &scalar(one)).unwrap(), &[-i, i], "var, ddof 5");
    check(up(&[one]).var_vjp(one, &scalar(one)).unwrap(), &[n], "var of one, ddof 1");
    // A NaN is everywhere that its row's mean goes.
    let gap = up(&[nan, one]);
    check(gap.std_vjp(T::zero(), &scalar(one)).unwrap(), &[n, n], "std of NaN");
    check(gap.sum_vjp(&scalar(value(2.0))).unwrap(), &[2.0, 2.0], "sum of NaN");
    let (of_array, of_weights) = gap.average_vjp(&up(&[one, one]), &scalar(one)).unwrap();
    check(of_array, &[0.5, 0.5], "average of NaN");
    check(of_weights, &[n, n], "average of NaN, weights");
    let (of_array, of_weights) = gap.weighted_sum_vjp(&up(&[inf, one]), &scalar(one)).unwrap();
    check(of_array, &[i, 1.0], "weighted sum");
    check(of_weights, &[n, 1.0], "weighted sum, weights");
}

#[test]
fn what_is_not_finite_goes_where_the_formulas_take_it() {
    on_every_engine!(not_finite);
}

fn empty<T: Float>(device: &Device, name: &str) {
    let none = device.upload(&Array2::<T>::zeros((3, 0))).unwrap();
    let (three, zero) = (Array1::<T>::ones(3), Array1::<T>::zeros(0));
    let (three, zero) = (device.upload(&three).unwrap(), device.upload(&zero).unwrap());
    let shape = |array: DeviceArray<T, ndarray::Ix2>| read(array).shape().to_vec();
    assert_eq!(shape(none.sum_axis_vjp(Axis(1), &three).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.mean_axis_vjp(Axis(1), &three).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.var_axis_vjp(Axis(1), T::one(), &three).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.std_axis_vjp(Axis(0), T::one(), &zero).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.standardize_axis_vjp(Axis(0), T::one(), &none).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.standardize_axis_vjp(Axis(1), T::one(), &none).unwrap()), [3, 0], "{name}");
    assert_eq!(shape(none.sum_vjp(&device.upload(&arr0(T::one())).unwrap()).unwrap()), [3, 0], "{name}");
    let (of_array, of_weights) = none.weighted_sum_axis_vjp(Axis(1), &zero, &three).unwrap();
    assert_eq!((shape(of_array), read(of_weights).len()), (vec![3, 0], 0), "{name}");
    // Without rows shared weights are of no consequence.
    for of_weights in [
        none.weighted_sum_axis_vjp(Axis(0), &three, &zero).unwrap().1,
        none.average_axis_vjp(Axis(0), &three, &zero).unwrap().1,
    ] {
        assert_eq!(read(of_weights), Array1::<T>::zeros(3), "{name}");
    }
    // Nothing along the axis sums to zero, as in the forward pass.
    let kind = |error: Option<ndgpu::Error>| error.map(|error| error.kind());
    let (of_array, of_weights) = none.average_axis_vjp(Axis(1), &zero, &three).unwrap();
    assert_eq!(kind(of_array.readback().wait().err()), Some(ErrorKind::ZeroWeights), "{name}");
    assert_eq!(kind(of_weights.readback().wait().err()), Some(ErrorKind::ZeroWeights), "{name}");
}

#[test]
fn nothing_has_cotangents_of_nothing() {
    on_every_engine!(empty);
}

fn weightless<T: Float>(device: &Device, name: &str) {
    let (zero, one) = (T::zero(), T::one());
    let a = device.upload(&arr2(&[[one, one], [one, zero], [zero, one]])).unwrap();
    let g = device.upload(&Array1::<T>::ones(3)).unwrap();
    let weights = arr2(&[[one, one], [one, -one], [zero, zero]]);
    for (weights, first) in [(weights.into_dyn(), 1), (arr1(&[one, -one]).into_dyn(), 0)] {
        let weights: ArrayD<T> = weights;
        let (of_array, of_weights) = a.average_axis_vjp(Axis(1), &device.upload(&weights).unwrap(), &g).unwrap();
        let errors = [
            of_array.readback().wait().err(),
            of_weights.readback().wait().err(),
            of_array.sum().unwrap().readback().wait().err(),
        ];
        for error in errors {
            let error = error.expect("weights that sum to zero");
            assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{name}");
            assert!(error.to_string().contains(&format!("element {first} of")), "{name}: {error}");
        }
        // What does not divide does not care.
        let (of_array, of_weights) = a.weighted_sum_axis_vjp(Axis(1), &device.upload(&weights).unwrap(), &g).unwrap();
        assert!(of_array.readback().wait().is_ok() && of_weights.readback().wait().is_ok(), "{name}");
    }
}

#[test]
fn weights_that_sum_to_zero_arrive_with_the_cotangents() {
    on_every_engine!(weightless);
}
