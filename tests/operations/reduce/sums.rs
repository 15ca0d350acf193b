//! Sums, means and averages against sums that lose nothing.

use ndarray::{Array, Array1, Array2, Array3, ArrayD, Axis, IxDyn, arr1, s};
use ndgpu::{Device, ErrorKind, Float};

use crate::support::arrays::{SHAPES, read};
use crate::support::compare::near_sum;
use crate::support::engines::{Engine, engines_named, on_every_engine};
use crate::support::numbers::{value, wide};
use crate::support::oracle::Exact;
use crate::support::random::Random;

/// Every reduction along an axis of an array, against the oracle.
fn check_axis<T: Float>(device: &Device, a: &ArrayD<T>, axis: usize, name: &str) {
    let what = format!("{name}: shape {:?} axis {axis}", a.shape());
    let len = a.shape()[axis];
    let weights = Array1::from_shape_fn(len, |i| value(0.5 + (i % 13) as f64 * 0.25));
    let full = a.mapv(|v| value(1.0 + (v.to_f64().unwrap() * 37.0).abs().fract()));
    let up = device.upload(a).unwrap();
    let (up_weights, up_full) = (device.upload(&weights).unwrap(), device.upload(&full).unwrap());
    let along = Axis(axis);

    let sum = read(up.sum_axis(along).unwrap());
    let mean = read(up.mean_axis(along).unwrap());
    let weighted = read(up.weighted_sum_axis(along, &up_weights).unwrap());
    let average = read(up.average_axis(along, &up_weights).unwrap());
    let (average_full, sums) = up.average_axis_returned(along, &up_full).unwrap();
    let (average_full, sums) = (read(average_full), read(sums));

    let mut outputs = sum.iter().zip(&mean).zip(&weighted).zip(&average).zip(&average_full).zip(&sums);
    for (row, full) in a.lanes(along).into_iter().zip(full.lanes(along)) {
        let (mut plain, mut size) = (Exact::default(), 0.0);
        let (mut dot, mut dot_size, mut total) = (Exact::default(), 0.0, Exact::default());
        let (mut full_dot, mut full_size, mut full_total) = (Exact::default(), 0.0, Exact::default());
        for ((v, w), f) in row.iter().zip(&weights).zip(full) {
            let (v, w, f) = (wide(*v), wide(*w), wide(*f));
            plain.add(v);
            size += v.abs();
            dot.add(v * w);
            dot_size += (v * w).abs();
            total.add(w);
            full_dot.add(v * f);
            full_size += (v * f).abs();
            full_total.add(f);
        }
        let (((((&sum, &mean), &weighted), &average), &average_full), &sums) = outputs.next().unwrap();
        near_sum(sum, plain.value(), size, &format!("{what} sum"));
        near_sum(mean, plain.value() / len as f64, size / len as f64, &format!("{what} mean"));
        near_sum(weighted, dot.value(), dot_size, &format!("{what} weighted sum"));
        near_sum(average, dot.value() / total.value(), dot_size / total.value(), &format!("{what} average"));
        let (want, room) = (full_dot.value() / full_total.value(), full_size / full_total.value());
        near_sum(average_full, want, room, &format!("{what} average, full weights"));
        near_sum(sums, full_total.value(), full_total.value(), &format!("{what} sums of weights"));
    }
    assert!(outputs.next().is_none(), "{what}");
}

fn shapes<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(3);
    for shape in SHAPES {
        let a = Array::from_shape_simple_fn(IxDyn(shape), || T::from(random.unit() * 2.0 - 0.5).unwrap());
        for axis in 0..shape.len() {
            check_axis(device, &a, axis, name);
        }
    }
}

#[test]
fn every_shape_along_every_axis_gives_what_adding_up_gives() {
    on_every_engine!(shapes);
}

fn many_outputs<T: Float>(device: &Device, name: &str) {
    // Around 65,535 workgroups of 64 outputs, and of one row each.
    for rows in [64 * 65_535 - 1, 64 * 65_535, 64 * 65_535 + 1] {
        let a = Array2::from_shape_fn((rows, 2), |(r, c)| T::from((r % 1000 + c) as f64).unwrap());
        let sums = device.upload(&a).unwrap().sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong = sums.indexed_iter().find(|(r, sum)| sum.to_f64() != Some((2 * (r % 1000) + 1) as f64));
        assert!(wrong.is_none(), "{name}: {rows} rows: {wrong:?}");
    }
    for rows in [65_534, 65_535, 65_536, 65_537] {
        let a = Array2::from_shape_fn((rows, 65), |(r, c)| T::from((r % 1000 + c) as f64).unwrap());
        let sums = device.upload(&a).unwrap().sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong = sums.indexed_iter().find(|(r, s)| s.to_f64() != Some((65 * (r % 1000) + 64 * 65 / 2) as f64));
        assert!(wrong.is_none(), "{name}: {rows} rows of 65: {wrong:?}");
    }
}

#[test]
fn more_outputs_than_workgroups_fit_in_a_dimension() {
    on_every_engine!(many_outputs);
}

fn ten_million<T: Float>(device: &Device, name: &str) {
    // A running f32 sum of ones stalls at 2^24; the sum of tenths drifts long before.
    let n = 10_000_000;
    let tenth = T::from(0.1).unwrap();
    let exact = tenth.to_f64().unwrap() * n as f64;
    let a = device.upload(&Array1::from_elem(n, tenth)).unwrap();
    let whole = a.sum().unwrap().readback().wait().unwrap().into_array().into_scalar();
    near_sum(whole, exact, exact, &format!("{name}: a row of {n}"));
    for (rows, columns) in [(n / 8, 8), (n / 2, 2), (n / 1000, 1000)] {
        let a = a.reshape((rows, columns)).unwrap();
        for got in read(a.sum_axis(Axis(0)).unwrap()) {
            near_sum(got, exact / columns as f64, exact, &format!("{name}: down {rows} rows of {columns}"));
        }
    }
    let ones = device.upload(&Array2::from_elem((20_000_000, 1), T::one())).unwrap();
    assert_eq!(read(ones.sum_axis(Axis(0)).unwrap()).to_vec(), [T::from(20_000_000.0).unwrap()]);
}

#[test]
fn ten_million_add_up_exactly_along_every_axis() {
    on_every_engine!(ten_million);
}

fn cancellation<T: Float>(device: &Device, name: &str) {
    let v = |v: f64| T::from(v).unwrap();
    let n = 200_000;
    // Large values that cancel, with a small one every hundred: what is left is exactly the small ones.
    let a = Array1::from_shape_fn(n, |i| match i % 100 {
        0 => v(0.25),
        i if i % 2 == 1 => v(1e6),
        i if i < 98 => v(-1e6),
        _ => v(-2e6),
    });
    let left = 0.25 * (n / 100) as f64;
    let up = device.upload(&a).unwrap();
    let check = |got: T, what: &str| assert_eq!(got.to_f64().unwrap(), left, "{name}: {what}");
    check(up.sum().unwrap().readback().wait().unwrap().into_array().into_scalar(), "sum");
    let ones = device.upload(&Array1::from_elem(n, T::one())).unwrap();
    check(up.weighted_sum(&ones).unwrap().readback().wait().unwrap().into_array().into_scalar(), "weighted sum");
    let down = up.reshape((n, 1)).unwrap().insert_axis(Axis(2)).unwrap();
    check(down.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().view()[[0, 0]], "down an axis");

    // Products keep what rounding them would lose: (1 + e)^2 - (1 + 2e) = e^2.
    let e = T::epsilon();
    let a = device.upload(&arr1(&[T::one() + e, -(T::one() + e + e)])).unwrap();
    let w = device.upload(&arr1(&[T::one() + e, T::one()])).unwrap();
    let product = a.weighted_sum(&w).unwrap().readback().wait().unwrap().into_array().into_scalar();
    if size_of::<T>() == 4 {
        assert_eq!(product, e * e, "{name}: products are exact too");
    }
}

#[test]
fn what_cancels_leaves_what_is_small() {
    on_every_engine!(cancellation);
}

fn special_values<T: Float>(device: &Device, name: &str) {
    let (inf, nan, one, zero) = (T::infinity(), T::nan(), T::one(), T::zero());
    // Neither overflows nor gets lost, in whichever order they are added up.
    let huge = T::max_value() / T::from(4).unwrap();
    let large = huge / T::from(1 << 20).unwrap();
    let cases: [([T; 4], T); 7] = [
        ([one, nan, one, one], nan),
        ([inf, one, one, one], inf),
        ([-inf, one, one, one], -inf),
        ([inf, one, -inf, one], nan),
        ([nan, inf, zero, zero], nan),
        ([-zero, -zero, -zero, -zero], zero),
        ([huge, -huge, large, zero], large),
    ];
    for (values, want) in cases {
        // Alone, and where many rows and long rows take other kernels.
        for (rows, repeat) in [(1, 1), (500, 1), (1, 40_000), (70, 40)] {
            let mut row = vec![zero; 4 * repeat];
            row[..4].copy_from_slice(&values);
            let a = Array2::from_shape_fn((rows, row.len()), |(_, c)| row[c]);
            let up = device.upload(&a).unwrap();
            let down = device.upload(&a.t()).unwrap();
            let ones = device.upload(&Array1::from_elem(row.len(), one)).unwrap();
            for (how, got) in [
                ("rows", up.sum_axis(Axis(1)).unwrap()),
                ("columns", down.sum_axis(Axis(0)).unwrap()),
                ("weighted rows", up.weighted_sum_axis(Axis(1), &ones).unwrap()),
                ("weighted columns", down.weighted_sum_axis(Axis(0), &ones).unwrap()),
            ] {
                for &got in got.readback().wait().unwrap().view() {
                    let same = got == want || (got.is_nan() && want.is_nan());
                    assert!(same, "{name}: {how} {values:?} x {repeat}: {got}, not {want}");
                }
            }
        }
    }
    // A weight of zero does not hide what it weighs.
    let a = device.upload(&arr1(&[inf, one])).unwrap();
    let w = device.upload(&arr1(&[zero, one])).unwrap();
    assert!(a.average_axis(Axis(0), &w).unwrap().readback().wait().unwrap().view().first().unwrap().is_nan());
}

#[test]
fn nan_and_infinities_go_through_every_kernel() {
    on_every_engine!(special_values);
}

fn zero_weights<T: Float>(device: &Device, name: &str) {
    let (one, zero) = (T::one(), T::zero());
    let mut w = Array2::from_elem((400, 70), one);
    w.row_mut(123).fill(zero);
    w[[321, 0]] = -T::from(69.0).unwrap();
    let a = device.upload(&Array2::from_elem((400, 70), one)).unwrap();
    let up = device.upload(&w).unwrap();
    for (array, weights, axis, first) in [
        (a.clone(), up.clone(), Axis(1), 123),
        (device.upload(&Array2::from_elem((70, 400), one)).unwrap(), device.upload(&w.t()).unwrap(), Axis(0), 123),
    ] {
        let (average, sums) = array.average_axis_returned(axis, &weights).unwrap();
        let later = average.mean_axis(Axis(0)).unwrap();
        for error in [
            average.readback().wait().unwrap_err(),
            average.clone().into_readback().wait().unwrap_err(),
            pollster::block_on(average.into_readback()).unwrap_err(),
            sums.readback().wait().unwrap_err(),
            later.readback().wait().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{name}");
            assert!(error.to_string().contains(&format!("element {first} ")), "{name}: {error}");
        }
        // Where nothing is divided nothing is wrong, and the device works on.
        assert!(array.weighted_sum_axis(axis, &weights).unwrap().readback().wait().is_ok());
    }
    let nan = device.upload(&Array1::from_elem(70, T::nan())).unwrap();
    assert!(a.average_axis(Axis(1), &nan).unwrap().readback().wait().is_ok(), "NaN is not zero");
}

#[test]
fn weights_that_sum_to_zero_come_with_the_data() {
    on_every_engine!(zero_weights);
}

/// Larger than what a shader can bind at once on llvmpipe (128 MiB), by every way of cutting it: many rows, one row,
/// and an inner axis that exceeds it by itself.
#[test]
fn arrays_beyond_a_binding_are_worked_on_in_pieces() {
    let limit = 128 << 20;
    for Engine { device, name, .. } in engines_named(["gpu f32", "cpu f32"]) {
        let len = limit / 4 + limit / 16 + 5;
        let element = |i: usize| (i % 251) as f32;
        let a = Array1::from_shape_fn(len, element);
        let exact: f64 = a.iter().map(|&v| f64::from(v)).sum();
        let up = device.upload(&a).unwrap();
        let whole = up.sum().unwrap().readback().wait().unwrap().into_array().into_scalar();
        assert_eq!(whole, exact as f32, "{name}: one row");
        let average = up.average(&up).unwrap().readback().wait().unwrap().into_array().into_scalar();
        let squares: f64 = a.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        assert_eq!(average, (squares / exact) as f32, "{name}: one row, weighted");

        let columns = 5;
        let rows = len / columns;
        let up = device.upload(&a.slice(s![..rows * columns])).unwrap();
        let tall = up.reshape((rows, columns)).unwrap();
        let sums = tall.sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong =
            sums.indexed_iter().find(|&(r, &sum)| sum != (r * columns..(r + 1) * columns).map(element).sum::<f32>());
        assert!(wrong.is_none(), "{name}: many rows: {wrong:?}");
        let down = tall.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
        for (c, &got) in down.iter().enumerate() {
            let want: f64 = (0..rows).map(|r| f64::from(element(r * columns + c))).sum();
            assert_eq!(got, want as f32, "{name}: down column {c}");
        }
        drop((tall, sums));

        let pair = Array3::from_shape_fn((1, 2, len), |(_, l, i)| element(i) + l as f32);
        let sums = device.upload(&pair).unwrap().sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong = sums.indexed_iter().find(|&((_, i), &sum)| sum != 2.0 * element(i) + 1.0);
        assert!(wrong.is_none(), "{name}: an inner axis beyond a binding: {wrong:?}");
    }
}
