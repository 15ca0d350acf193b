//! Reductions against a plain oracle that adds up exactly, at sizes around every boundary of the kernels.

mod support;

use ndarray::{Array, Array1, Array2, Array3, ArrayD, Axis, Dimension, IxDyn, arr0, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Knots, Result, Side};
use support::everywhere;
use support::random::Random;

/// A sum that loses nothing to speak of: f64 with what each addition rounds away (A. Neumaier, ZAMM 54, 1974).
#[derive(Clone, Copy, Default)]
struct Exact {
    sum: f64,
    lost: f64,
}

impl Exact {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let rest = if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.lost += if rest.is_nan() { 0.0 } else { rest };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// What the tolerance has to cover besides the final rounding: products of f64 are rounded once each.
fn assert_close<T: Float>(got: T, want: f64, magnitude: f64, what: &str) {
    let epsilon = T::epsilon().to_f64().unwrap();
    let got = got.to_f64().unwrap();
    let same = got == want || (got.is_nan() && want.is_nan());
    let allowed = epsilon * want.abs() + 4.0 * f64::EPSILON * magnitude;
    assert!(same || (got - want).abs() <= allowed, "{what}: got {got}, but should be {want} to within {allowed}");
}

/// Every reduction along an axis of an array, against the oracle.
fn check_axis<T: Float>(device: &Device, a: &ArrayD<T>, axis: usize, name: &str) {
    let what = format!("{name}: shape {:?} axis {axis}", a.shape());
    let len = a.shape()[axis];
    let value = |v: f64| T::from(v).unwrap();
    let weights = Array1::from_shape_fn(len, |i| value(0.5 + (i % 13) as f64 * 0.25));
    let full = a.mapv(|v| value(1.0 + (v.to_f64().unwrap() * 37.0).abs().fract()));
    let up = device.upload(a).unwrap();
    let (up_weights, up_full) = (device.upload(&weights).unwrap(), device.upload(&full).unwrap());
    let along = Axis(axis);

    let read = |array: ndgpu::DeviceArray<T, IxDyn>| array.readback().wait().unwrap().into_array();
    let sum = read(up.sum_axis(along).unwrap());
    let mean = read(up.mean_axis(along).unwrap());
    let weighted = read(up.weighted_sum_axis(along, &up_weights).unwrap());
    let average = read(up.average_axis(along, &up_weights).unwrap());
    let (average_full, sums) = up.average_axis_returned(along, &up_full).unwrap();
    let (average_full, sums) = (read(average_full), read(sums));

    let wide = |v: &T| v.to_f64().unwrap();
    let mut outputs = sum.iter().zip(&mean).zip(&weighted).zip(&average).zip(&average_full).zip(&sums);
    for (line, full) in a.lanes(along).into_iter().zip(full.lanes(along)) {
        let (mut plain, mut size) = (Exact::default(), 0.0);
        let (mut dot, mut dot_size, mut total) = (Exact::default(), 0.0, Exact::default());
        let (mut full_dot, mut full_size, mut full_total) = (Exact::default(), 0.0, Exact::default());
        for ((v, w), f) in line.iter().zip(&weights).zip(full) {
            let (v, w, f) = (wide(v), wide(w), wide(f));
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
        assert_close(sum, plain.value(), size, &format!("{what} sum"));
        assert_close(mean, plain.value() / len as f64, size / len as f64, &format!("{what} mean"));
        assert_close(weighted, dot.value(), dot_size, &format!("{what} weighted sum"));
        assert_close(average, dot.value() / total.value(), dot_size / total.value(), &format!("{what} average"));
        let (want, room) = (full_dot.value() / full_total.value(), full_size / full_total.value());
        assert_close(average_full, want, room, &format!("{what} average, full weights"));
        assert_close(sums, full_total.value(), full_total.value(), &format!("{what} sums of weights"));
    }
    assert!(outputs.next().is_none(), "{what}");
}

fn shapes<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(3);
    let shapes: &[&[usize]] = &[
        &[1],
        &[7],
        &[63],
        &[64],
        &[65],
        &[4096],
        &[4097],
        &[65_535],
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
    for shape in shapes {
        let a = Array::from_shape_simple_fn(IxDyn(shape), || T::from(random.unit() * 2.0 - 0.5).unwrap());
        for axis in 0..shape.len() {
            check_axis(device, &a, axis, name);
        }
    }
}

#[test]
fn every_shape_along_every_axis_gives_what_adding_up_gives() {
    everywhere!(shapes);
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
    everywhere!(many_outputs);
}

fn ten_million<T: Float>(device: &Device, name: &str) {
    // A running f32 sum of ones stalls at 2^24; the sum of tenths drifts long before.
    let n = 10_000_000;
    let tenth = T::from(0.1).unwrap();
    let exact = tenth.to_f64().unwrap() * n as f64;
    let a = device.upload(&Array1::from_elem(n, tenth)).unwrap();
    let sum = |array: ndgpu::DeviceArray<T, ndarray::Ix1>| array.readback().wait().unwrap().into_array();
    let whole = a.sum().unwrap().readback().wait().unwrap().into_array().into_scalar();
    assert_close(whole, exact, exact, &format!("{name}: a row of {n}"));
    for (rows, columns) in [(n / 8, 8), (n / 2, 2), (n / 1000, 1000)] {
        let a = a.reshape((rows, columns)).unwrap();
        for got in sum(a.sum_axis(Axis(0)).unwrap()) {
            assert_close(got, exact / columns as f64, exact, &format!("{name}: down {rows} rows of {columns}"));
        }
    }
    let ones = device.upload(&Array2::from_elem((20_000_000, 1), T::one())).unwrap();
    assert_eq!(sum(ones.sum_axis(Axis(0)).unwrap()).to_vec(), [T::from(20_000_000.0).unwrap()]);
}

#[test]
fn ten_million_add_up_exactly_along_every_axis() {
    everywhere!(ten_million);
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
    everywhere!(cancellation);
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
    everywhere!(special_values);
}

fn empty<T: Float>(device: &Device, _: &str) {
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    let zeros = none.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
    assert_eq!(zeros, Array1::zeros(3));
    let means = none.mean_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
    assert!(means.len() == 3 && means.iter().all(|mean| mean.is_nan()));
    assert_eq!(none.mean_axis(Axis(1)).unwrap().readback().wait().unwrap().shape(), [0]);
    assert_eq!(none.sum().unwrap().readback().wait().unwrap().into_array(), arr0(T::zero()));
    let no_weights = device.upload(&Array1::<T>::zeros(0)).unwrap();
    let kind = |array: ndgpu::DeviceArray<T, ndarray::Ix1>| array.readback().wait().unwrap_err().kind();
    assert_eq!(kind(none.average_axis(Axis(0), &no_weights).unwrap()), ErrorKind::ZeroWeights);
    // No averages to speak of, but weights that sum to zero all the same, as NumPy sees it.
    let zero_weights = device.upload(&Array1::<T>::zeros(3)).unwrap();
    assert_eq!(kind(none.average_axis(Axis(1), &zero_weights).unwrap()), ErrorKind::ZeroWeights);
    let weights = device.upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(none.average_axis(Axis(1), &weights).unwrap().readback().wait().unwrap().shape(), [0]);
}

#[test]
fn nothing_adds_up_to_zero_and_averages_to_nan() {
    everywhere!(empty);
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
    everywhere!(zero_weights);
}

fn several_axes<T: Float>(device: &Device, name: &str) {
    let a = Array::from_shape_fn(IxDyn(&[2, 3, 4, 5]), |i| {
        T::from((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3] * 2) % 11).unwrap()
    });
    let up = device.upload(&a).unwrap();
    for axes in [vec![], vec![1], vec![0, 1], vec![1, 2], vec![3, 0], vec![2, 0, 3], vec![0, 2], vec![3, 1, 0, 2]] {
        let named: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
        let lengths: Vec<usize> = axes.iter().map(|&axis| a.shape()[axis]).collect();
        let weights = Array::from_shape_fn(IxDyn(&lengths), |i| {
            T::from(1 + (0..i.ndim()).map(|d| i[d] * (d + 2)).sum::<usize>() % 5).unwrap()
        });
        // The oracle: every element goes to the output its kept indices name.
        let kept: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
        let shape: Vec<usize> = kept.iter().map(|&axis| a.shape()[axis]).collect();
        let (mut sums, mut totals) = (ArrayD::<f64>::zeros(shape.clone()), ArrayD::<f64>::zeros(shape.clone()));
        let mut plain = ArrayD::<f64>::zeros(shape.clone());
        for (index, value) in a.indexed_iter() {
            let to: Vec<usize> = kept.iter().map(|&axis| index[axis]).collect();
            let of_weight: Vec<usize> = axes.iter().map(|&axis| index[axis]).collect();
            let (v, w) = (value.to_f64().unwrap(), weights[&of_weight[..]].to_f64().unwrap());
            sums[&to[..]] += v * w;
            totals[&to[..]] += w;
            plain[&to[..]] += v;
        }
        let what = format!("{name}: axes {axes:?}");
        let up_weights = device.upload(&weights).unwrap();
        let read = |array: ndgpu::DeviceArray<T, IxDyn>| array.readback().wait().unwrap().into_array();
        let check = |got: ArrayD<T>, want: &ArrayD<f64>| {
            assert_eq!(got.shape(), want.shape(), "{what}");
            got.iter().zip(want).for_each(|(&got, &want)| assert_close(got, want, want.abs(), &what));
        };
        check(read(up.average_axes(&named, &up_weights).unwrap()), &(&sums / &totals));
        check(read(up.weighted_sum_axes(&named, &up_weights).unwrap()), &sums);
        check(read(up.sum_axes(&named).unwrap()), &plain);
        let count = lengths.iter().product::<usize>() as f64;
        check(read(up.mean_axes(&named).unwrap()), &(&plain / count));
        let (average, returned) = up.average_axes_returned(&named, &up_weights).unwrap();
        check(read(average), &(&sums / &totals));
        check(read(returned), &totals);
    }
    let kind = |result: ndgpu::Result<ndgpu::DeviceArray<T, IxDyn>>| result.unwrap_err().kind();
    assert_eq!(kind(up.sum_axes(&[Axis(4)])), ErrorKind::AxisOutOfRange { axis: 4, ndim: 4 });
    assert_eq!(kind(up.sum_axes(&[Axis(1), Axis(1)])), ErrorKind::RepeatedAxis { axis: 1 });
    let swapped = device.upload(&Array2::<T>::zeros((2, 3))).unwrap();
    assert_eq!(kind(up.average_axes(&[Axis(1), Axis(0)], &swapped)), ErrorKind::ShapeMismatch);
}

#[test]
fn several_axes_reduce_in_any_order() {
    everywhere!(several_axes);
}

fn refusals<T: Float>(device: &Device, _: &str) {
    let a = device.upload(&arr2(&[[T::one(); 3]; 2])).unwrap();
    let w = |shape: &[usize]| device.upload(&ArrayD::<T>::ones(shape)).unwrap();
    assert_eq!(a.sum_axis(Axis(2)).unwrap_err().kind(), ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 });
    for shape in [&[2][..], &[1, 3], &[3, 2], &[]] {
        let error = a.average_axis(Axis(1), &w(shape)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShapeMismatch);
        assert!(error.to_string().contains("[2, 3]"), "{error}");
    }
    assert_eq!(a.average(&w(&[3])).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let scalar = device.upload(&arr0(T::one())).unwrap().into_dyn();
    assert_eq!(scalar.sum_axis(Axis(0)).unwrap_err().kind(), ErrorKind::AxisOutOfRange { axis: 0, ndim: 0 });
    let elsewhere = Device::cpu().upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(a.average_axis(Axis(1), &elsewhere).unwrap_err().kind(), ErrorKind::DeviceMismatch);
}

#[test]
fn a_bad_call_is_refused_with_its_reason() {
    everywhere!(refusals);
}

/// Larger than what a shader can bind at once on llvmpipe (128 MiB), by every way of cutting it: many rows, one row, and
/// an inner axis that exceeds it by itself.
#[test]
fn arrays_beyond_a_binding_are_worked_on_in_pieces() {
    let limit = 128 << 20;
    for configuration in
        support::devices::configurations().iter().filter(|c| c.name == "gpu f32" || c.name == "cpu f32")
    {
        let (device, name) = (configuration.device(), configuration.name);
        let len = limit / 4 + limit / 16 + 5;
        let value = |i: usize| (i % 251) as f32;
        let a = Array1::from_shape_fn(len, value);
        let exact: f64 = a.iter().map(|&v| f64::from(v)).sum();
        let up = device.upload(&a).unwrap();
        let whole = up.sum().unwrap().readback().wait().unwrap().into_array().into_scalar();
        assert_eq!(whole, exact as f32, "{name}: one row");
        let average = up.average(&up).unwrap().readback().wait().unwrap().into_array().into_scalar();
        let squares: f64 = a.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        assert_eq!(average, (squares / exact) as f32, "{name}: one row, weighted");

        let columns = 5;
        let rows = len / columns;
        let up = device.upload(&a.slice(ndarray::s![..rows * columns])).unwrap();
        let tall = up.reshape((rows, columns)).unwrap();
        let sums = tall.sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong =
            sums.indexed_iter().find(|&(r, &sum)| sum != (r * columns..(r + 1) * columns).map(value).sum::<f32>());
        assert!(wrong.is_none(), "{name}: many rows: {wrong:?}");
        let down = tall.sum_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array();
        for (c, &got) in down.iter().enumerate() {
            let want: f64 = (0..rows).map(|r| f64::from(value(r * columns + c))).sum();
            assert_eq!(got, want as f32, "{name}: down column {c}");
        }
        drop((tall, sums));

        let wide = Array3::from_shape_fn((1, 2, len), |(_, l, i)| value(i) + l as f32);
        let sums = device.upload(&wide).unwrap().sum_axis(Axis(1)).unwrap().readback().wait().unwrap().into_array();
        let wrong = sums.indexed_iter().find(|&((_, i), &sum)| sum != 2.0 * value(i) + 1.0);
        assert!(wrong.is_none(), "{name}: an inner axis beyond a binding: {wrong:?}");
    }
}

/// Around every length at which rows stop fitting where they are read but once.
#[test]
fn rows_are_standardized_alike_however_they_are_read() {
    fn check<T: Float>(device: &Device, name: &str) {
        let mut random = Random::new(3);
        for (rows, len) in
            [(3, 1), (5, 2), (70, 63), (2, 64), (9, 65), (4, 1536), (3, 1537), (2, 3072), (2, 3073), (2, 32_769)]
        {
            let what = format!("{name}, {rows} x {len}");
            let mut a = Array2::from_shape_simple_fn((rows, len), || T::narrow(random.unit() * 3.0 + 100.0));
            // A row that is all alike, and one with an infinity.
            a.row_mut(0).fill(T::narrow(7.25));
            if len > 1 {
                a[[1, len - 1]] = T::infinity();
            }
            let standardized = device.upload(&a).unwrap().standardize_axis(Axis(1), T::zero()).unwrap();
            let landed = standardized.readback().wait().unwrap();
            for (row, (got, a)) in landed.view().rows().into_iter().zip(a.rows()).enumerate() {
                let a: Vec<f64> = a.iter().map(|value| value.widen()).collect();
                let mean = a.iter().sum::<f64>() / len as f64;
                let deviation = (a.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / len as f64).sqrt();
                for (got, value) in got.iter().zip(&a) {
                    let want = (value - mean) / deviation;
                    let bound = 1e-3_f64.min(4e3 * T::epsilon().widen()) * (1.0 + want.abs());
                    let same =
                        got.is_nan() && (want.is_nan() || deviation == 0.0) || (got.widen() - want).abs() <= bound;
                    assert!(same, "{what}: {got} instead of {want} in row {row}");
                }
            }
        }
    }
    everywhere!(check);
}

/// Everything that reduces, along an axis of an array without elements: as many results as the other axes have places.
fn nothing_along<T: Float>(device: &Device, shape: &[usize], axis: usize, name: &str) {
    let what = |which: &str| format!("{name}: {which} along axis {axis} of {shape:?}");
    let a = device.upload(&ArrayD::<T>::zeros(shape)).unwrap();
    let along = device.upload(&Array1::<T>::ones(shape[axis])).unwrap().into_dyn();
    let (len, axis, axes) = (shape[axis], Axis(axis), [Axis(axis)]);
    let left: Vec<usize> = (0..shape.len()).filter(|&place| place != axis.index()).map(|place| shape[place]).collect();
    let (zero, nan, fill) = (T::zero(), T::nan(), T::narrow(7.0));
    let all = |which: &str, result: Result<DeviceArray<T, IxDyn>>, want: T| {
        let landed = result.unwrap().readback().wait().unwrap();
        assert_eq!(landed.shape(), left, "{}", what(which));
        let wrong = landed.view().iter().position(|&got| got != want && !(got.is_nan() && want.is_nan()));
        assert_eq!(wrong, None, "{}", what(which));
    };
    all("sum", a.sum_axis(axis), zero);
    all("sum", a.sum_axes(&axes), zero);
    all("sum", a.skip_nan().sum_axis(axis), zero);
    all("mean", a.mean_axis(axis), nan);
    all("mean", a.skip_nan().mean_axis(axis), nan);
    all("var", a.var_axis(axis, zero), nan);
    all("var", a.var_axes(&axes, T::one()), nan);
    all("var", a.skip_nan().var_axis(axis, zero), nan);
    all("std", a.std_axis(axis, T::one()), nan);
    all("std", a.skip_nan().std_axis(axis, zero), nan);
    for (weights, is_full) in [(along.clone(), false), (a.clone(), true)] {
        all("weighted sum", a.weighted_sum_axis(axis, &weights), zero);
        all("weighted sum", a.skip_nan().weighted_sum_axis(axis, &weights), zero);
        all("average or", a.average_axis_or(axis, &weights, fill), fill);
        all("average or", a.skip_nan().average_axis_or(axis, &weights, fill), fill);
        let (averages, sums) = a.average_axis_returned_or(axis, &weights, fill).unwrap();
        all("average returned or", Ok(averages), fill);
        all("sums of weights", Ok(sums), zero);
        // The sum of no weights is zero, whoever they are for; that of none at all is not.
        let averages = a.average_axis(axis, &weights).unwrap().readback().wait();
        let is_zero = if is_full { left.iter().product::<usize>() > 0 } else { len == 0 };
        let wanted = if is_zero { Err(ErrorKind::ZeroWeights) } else { Ok(left.clone()) };
        let got = averages.map(|landed| landed.shape().to_vec()).map_err(|error| error.kind());
        assert_eq!(got, wanted, "{}", what("average"));
    }
    let is_refused = len == 0 && left.iter().product::<usize>() > 0;
    let wanted = if is_refused { Err(ErrorKind::EmptyReduction) } else { Ok(left.clone()) };
    let shape_of = |array: DeviceArray<T, IxDyn>| array.readback().wait().unwrap().shape().to_vec();
    let places_of = |array: DeviceArray<u32, IxDyn>| array.readback().wait().unwrap().shape().to_vec();
    for extreme in [a.min_axis(axis), a.max_axis(axis), a.max_axes(&axes), a.skip_nan().min_axis(axis)] {
        assert_eq!(extreme.map(shape_of).map_err(|error| error.kind()), wanted, "{}", what("extreme"));
    }
    for place in [a.argmin_axis(axis), a.argmax_axis(axis)] {
        assert_eq!(place.map(places_of).map_err(|error| error.kind()), wanted, "{}", what("place"));
    }
    for standardized in [a.standardize_axis(axis, zero), a.standardize_axes(&axes, zero)] {
        assert_eq!(shape_of(standardized.unwrap()), shape, "{}", what("standardized"));
    }
    let table = InterpTable::new(device, &[zero, T::one()], &[zero, fill]).unwrap();
    assert_eq!(shape_of(table.interp(&a).unwrap()), shape, "{}", what("interp"));
    if shape.len() == 2 {
        assert_eq!(shape_of(table.interp_rows(&a).unwrap().into_dyn()), shape, "{}", what("interp_rows"));
        let mut plan = device
            .capture(&a, |a| table.interp_rows(a)?.into_dyn().skip_nan().average_axis_or(axis, &along, fill))
            .unwrap();
        all("interp_rows and average or", plan.replay(), fill);
    }
    let knots = Knots::new(device, &[zero, T::one()]).unwrap();
    assert_eq!(places_of(knots.searchsorted(&a, Side::Left).unwrap()), shape, "{}", what("searchsorted"));
    assert_eq!(places_of(knots.digitize(&a, true).unwrap()), shape, "{}", what("digitize"));
}

fn reduces_nothing<T: Float>(device: &Device, name: &str) {
    // As many results as engines take at a time, and one more; and beyond that.
    for many in [1, 8, 1024, 1025, 8192, 8193, 20_000, 65_537] {
        for (shape, axis) in [
            (vec![0, many], 0),
            (vec![0, many], 1),
            (vec![many, 0], 1),
            (vec![many, 0], 0),
            (vec![2, 0, many], 1),
            (vec![many, 0, 2], 1),
            (vec![0, many, 2], 0),
        ] {
            nothing_along::<T>(device, &shape, axis, name);
        }
    }
}

#[test]
fn nothing_reduces_to_nothing_however_many_results_there_are() {
    everywhere!(reduces_nothing);
}
