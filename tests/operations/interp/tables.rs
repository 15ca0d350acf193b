//! Tables of every kind and size, alone and in batches, from the host and from the device, and those that are refused.

use ndarray::{Array1, Array2, Array3, Axis, arr0, arr1, arr2};
use ndgpu::{Device, ErrorKind, Float, InterpTable};

use crate::support::arrays::values;
use crate::support::compare::all_near;
use crate::support::devices::flushes_subnormals;
use crate::support::engines::{fresh_engines, on_every_engine};
use crate::support::numbers::{value, wide};
use crate::support::oracle::interp;
use crate::support::random::Random;

/// Agrees to within what one rounding of each step allows.
fn assert_close<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    all_near(got, want, |_| 8.0 * wide(T::epsilon()) * scale, what);
}

fn check_table<T: Float>(device: &Device, xp: &[T], fp: &[T], x: &[T], what: &str) {
    let table = InterpTable::new(device, xp, fp).unwrap();
    let got = values(&table.interp(&device.upload(&arr1(x)).unwrap()).unwrap());
    let want: Vec<T> = x.iter().map(|&x| interp(x, xp, fp, fp[0], fp[fp.len() - 1])).collect();
    let scale = fp.iter().filter(|y| y.is_finite()).fold(0.0, |m: f64, y| m.max(y.to_f64().unwrap().abs()));
    assert_close(&got, &want, scale, what);
}

/// Every knot, a little to its left and right, halfway to the next, and far outside.
fn telling_queries<T: Float>(xp: &[T], random: &mut Random) -> Vec<T> {
    let mut x = vec![T::nan(), -T::nan(), T::infinity(), T::neg_infinity(), T::zero(), -T::zero(), T::max_value()];
    let every = (xp.len() / 500).max(1);
    for pair in xp.windows(2).step_by(every) {
        let half = T::from(0.5).unwrap();
        let close = T::one() + T::epsilon();
        x.extend([pair[0], pair[1], pair[0] * half + pair[1] * half, pair[0] * close, pair[0] / close]);
    }
    let (first, last) = (xp[0], xp[xp.len() - 1]);
    if (last - first).is_finite() {
        x.extend((0..500).map(|_| first + (last - first) * T::from(random.unit()).unwrap()));
    }
    x
}

fn tables_of_every_kind<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(7);
    // Around the size from which there are buckets, and the one from which there are fewer of them a knot.
    for n in [1, 2, 3, 7, 8, 9, 63, 64, 65, 1000, 65_535, 65_536, 65_537] {
        let fp: Vec<T> = (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect();
        let even: Vec<T> = (0..n).map(|i| value(i as f64 * 0.1 - 3.0)).collect();
        let mut scattered: Vec<T> = (0..n).map(|_| value(random.unit() * 100.0 - 50.0)).collect();
        scattered.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let logarithmic: Vec<T> = (0..n).map(|i| value(10_f64.powf(i as f64 / n as f64 * 30.0 - 15.0))).collect();
        let ties: Vec<T> = (0..n).map(|i| value((i / 3) as f64)).collect();
        let clustered: Vec<T> =
            (0..n).map(|i| if i + 2 < n { value(i as f64 / n as f64 * 1e-3) } else { value(1e6 + i as f64) }).collect();
        for (kind, xp) in [
            ("even", even),
            ("scattered", scattered),
            ("logarithmic", logarithmic),
            ("with ties", ties),
            ("clustered", clustered),
            ("all the same", vec![value(2.0); n]),
        ] {
            let x = telling_queries(&xp, &mut random);
            check_table(device, &xp, &fp, &x, &format!("{name}: {n} {kind} knots"));
        }
    }
}

#[test]
fn every_kind_of_table_of_every_size_gives_what_the_rules_say() {
    on_every_engine!(tables_of_every_kind);
}

fn numbers_of_queries<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..100).map(|i| value(f64::from(i * i))).collect();
    let fp: Vec<T> = (0..100).map(|i| value(f64::from(i % 7))).collect();
    // Around four queries, a workgroup of fours, and 65,535 workgroups, where they are folded into the second
    // dimension.
    for n in [0, 1, 2, 3, 4, 5, 255, 256, 257, 1000, 64 * 65_535 + 1, 256 * 65_535 - 1, 256 * 65_535 + 1] {
        let x: Vec<T> = (0..n).map(|i| value((i % 10_007) as f64)).collect();
        check_table(device, &xp, &fp, &x, &format!("{name}: {n} queries"));
    }
}

#[test]
fn every_number_of_queries_is_answered() {
    on_every_engine!(numbers_of_queries);
}

fn special_tables<T: Float>(device: &Device, name: &str) {
    let (inf, nan, zero, one) = (T::infinity(), T::nan(), T::zero(), T::one());
    let tiny = T::min_positive_value() / value(4.0);
    let mut random = Random::new(11);
    // In proportion to what the device computes with at all.
    let tiny = if flushes_subnormals(device) { T::epsilon() } else { tiny };
    let specials = [zero, -zero, one, -one, inf, -inf, nan, T::max_value(), tiny];
    let axes: [&[T]; 6] = [
        &[-inf, zero, inf],
        &[-inf, -one, one, inf],
        &[-inf, inf],
        &[-one, -zero, zero, one],
        &[-tiny, tiny, one],
        &[zero, zero, zero, one, one],
    ];
    for xp in axes {
        for _ in 0..60 {
            let fp: Vec<T> = xp.iter().map(|_| specials[random.below(specials.len())]).collect();
            let mut x = specials.to_vec();
            x.extend([value(0.5), value(-0.5), value(1e30), value(-1e30), -tiny, tiny + tiny]);
            check_table(device, xp, &fp, &x, &format!("{name}: xp {xp:?} fp {fp:?}"));
        }
    }
}

#[test]
fn infinities_nans_and_subnormals_follow_the_rules() {
    on_every_engine!(special_tables);
}

fn batches<T: Float>(device: &Device, name: &str) {
    for (tables, knots, columns) in [(1, 5, 3), (3, 2, 70), (5, 9, 64), (70, 33, 65), (2, 300, 1), (4, 3, 0)] {
        let xp = Array2::from_shape_fn((tables, knots), |(t, k)| value((k * (t + 1)) as f64 - t as f64));
        let fp = Array2::from_shape_fn((tables, knots), |(t, k)| value(((k * 7 + t * 3) % 11) as f64));
        let own = Array2::from_shape_fn((tables, columns), |(t, c)| value((t + c) as f64 * 0.37 - 1.0));
        let shared = own.row(0).to_owned();
        let expect = |xp: &dyn Fn(usize) -> Vec<T>, x: &dyn Fn(usize) -> Vec<T>| -> Vec<T> {
            let row = |t: usize| (xp(t), fp.row(t).to_vec(), x(t));
            let looked_up = |(xp, fp, x): (Vec<T>, Vec<T>, Vec<T>)| {
                x.into_iter().map(|x| interp(x, &xp, &fp, fp[0], fp[knots - 1])).collect::<Vec<T>>()
            };
            (0..tables).flat_map(|t| looked_up(row(t))).collect()
        };
        let own_xp = |t: usize| xp.row(t).to_vec();
        let one_xp = |_: usize| xp.row(0).to_vec();
        let own_x = |t: usize| own.row(t).to_vec();
        let one_x = |_: usize| shared.to_vec();

        let up = |a: &Array2<T>| device.upload(a).unwrap();
        let tables_of_their_own = InterpTable::new(device, &xp, &fp).unwrap();
        let over_shared_knots = InterpTable::new(device, xp.row(0), &fp).unwrap();
        let on_device = InterpTable::from_device(&up(&xp), &up(&fp)).unwrap();
        let replaced = InterpTable::new(device, &xp, &(&fp + &fp)).unwrap().with_values(&up(&fp)).unwrap();
        let one_table = InterpTable::new(device, xp.row(0), fp.row(0)).unwrap();
        let widened = one_table.with_values(&up(&fp)).unwrap();

        let what = format!("{name}: {tables} tables of {knots}, {columns} queries");
        let rows =
            |table: &InterpTable<T>| table.interp_rows(&up(&own)).unwrap().readback().wait().unwrap().into_array();
        let same = |table: &InterpTable<T>| {
            let x = device.upload(&shared).unwrap();
            table.interp_rows(&x).unwrap().readback().wait().unwrap().into_array()
        };
        let check = |got: Array2<T>, want: Vec<T>| {
            assert_eq!(got.shape(), [tables, columns], "{what}");
            assert_close(got.as_slice().unwrap(), &want, 22.0, &what);
        };
        for table in [&tables_of_their_own, &on_device, &replaced] {
            check(rows(table), expect(&own_xp, &own_x));
            check(same(table), expect(&own_xp, &one_x));
        }
        for table in [&over_shared_knots, &widened] {
            check(rows(table), expect(&one_xp, &own_x));
            check(same(table), expect(&one_xp, &one_x));
        }
        let got = one_table.interp_rows(&up(&own)).unwrap().readback().wait().unwrap().into_array();
        let want: Vec<T> =
            own.iter().map(|&x| interp(x, &one_xp(0), &fp.row(0).to_vec(), fp[[0, 0]], fp[[0, knots - 1]])).collect();
        check(got, want);
    }
}

#[test]
fn batches_of_tables_give_each_row_its_own() {
    on_every_engine!(batches);
}

fn bad_tables<T: Float>(device: &Device, _: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| T::from(v).unwrap()).collect() };
    let kind = |xp: &[f64], fp: &[f64]| InterpTable::new(device, v(xp), v(fp)).unwrap_err().kind();
    assert_eq!(kind(&[], &[]), ErrorKind::EmptyTable);
    assert_eq!(kind(&[1.0, 2.0], &[1.0]), ErrorKind::ShapeMismatch);
    assert_eq!(kind(&[1.0, 3.0, 2.0], &[1.0; 3]), ErrorKind::NotSorted { index: 2 });
    assert_eq!(kind(&[1.0, f64::NAN], &[1.0; 2]), ErrorKind::NotSorted { index: 1 });
    assert_eq!(kind(&[f64::NAN], &[1.0]), ErrorKind::NotSorted { index: 0 });
    let zero = InterpTable::builder(v(&[1.0]), v(&[1.0])).period(-T::zero()).build(device);
    assert_eq!(zero.unwrap_err().kind(), ErrorKind::ZeroPeriod);
    let cube = Array3::<T>::zeros((2, 2, 2));
    assert_eq!(InterpTable::new(device, &cube, &cube).unwrap_err().kind(), ErrorKind::WrongDimensions);
    let second = arr2(&[[T::zero(), T::one()], [T::one(), T::zero()]]);
    let error = InterpTable::new(device, &second, &second).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSorted { index: 3 });
    assert!(error.to_string().contains("knot 1 of table 1"), "{error}");

    let two = InterpTable::new(device, v(&[0.0, 1.0]), &second).unwrap();
    let x = device.upload(&Array1::from(v(&[0.5]))).unwrap();
    assert_eq!(two.interp(&x).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let three_rows = device.upload(&Array2::<T>::zeros((3, 1))).unwrap();
    assert_eq!(two.interp_rows(&three_rows).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let scalar = device.upload(&arr0(T::zero())).unwrap();
    assert_eq!(two.interp_rows(&scalar).unwrap_err().kind(), ErrorKind::WrongDimensions);
    assert_eq!(two.with_values(&x).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let elsewhere = Device::cpu().upload(&Array1::from(v(&[0.5]))).unwrap();
    assert_eq!(two.interp_rows(&elsewhere).unwrap_err().kind(), ErrorKind::DeviceMismatch);
}

#[test]
fn a_bad_table_is_refused_with_its_reason() {
    on_every_engine!(bad_tables);
}

fn unsorted_on_device<T: Float>(device: &Device, name: &str) {
    let v = |values: &[f64]| Array1::from_iter(values.iter().map(|&v| T::from(v).unwrap()));
    let up = |values: &[f64]| device.upload(&v(values)).unwrap();
    let x = up(&[0.5, 1.5]);
    for (xp, index) in [([0.0, 2.0, 1.0], 2), ([0.0, f64::NAN, 1.0], 1), ([f64::NAN, 0.0, 1.0], 0)] {
        let table = InterpTable::from_device(&up(&xp), &up(&[1.0, 2.0, 3.0])).unwrap();
        let derived = table.interp(&x).unwrap();
        let expected = ErrorKind::NotSorted { index };
        // Everything that depends on the table brings the error, by every way to the host, and so does a second look.
        assert_eq!(derived.readback().wait().unwrap_err().kind(), expected, "{name} {xp:?}");
        assert_eq!(derived.sum_axis(Axis(0)).unwrap().readback().wait().unwrap_err().kind(), expected);
        assert_eq!(pollster::block_on(derived.clone().into_readback()).unwrap_err().kind(), expected);
        assert_eq!(derived.into_readback().wait().unwrap_err().kind(), expected);
        let later = table.with_values(&up(&[3.0, 4.0, 5.0])).unwrap().interp(&x).unwrap();
        assert_eq!(later.readback().wait().unwrap_err().kind(), expected);
    }
}

#[test]
fn a_table_on_the_device_brings_its_disorder_with_the_data() {
    on_every_engine!(unsorted_on_device);
}

fn table_from_device<T: Float>(device: &Device, _: &str) {
    let v = |values: &[f64]| Array1::from_iter(values.iter().map(|&v| T::from(v).unwrap()));
    let up = |values: &[f64]| device.upload(&v(values)).unwrap();
    let x = up(&[0.5, 1.5]);
    let before = device.transfers();
    let (xp, fp) = (up(&[0.0, 1.0, 1.0, 2.0]), up(&[0.0, 10.0, 20.0, 30.0]));
    let uploaded = device.transfers();
    let table = InterpTable::from_device(&xp, &fp).unwrap();
    let y = table.interp(&x).unwrap();
    assert_eq!(device.transfers(), uploaded, "a table on the device moves nothing");
    assert_eq!(uploaded.uploads - before.uploads, 2);
    assert_eq!(y.readback().wait().unwrap().view(), v(&[5.0, 25.0]));
}

#[test]
fn a_table_on_the_device_moves_nothing() {
    // Devices of its own: the ledger is the device's.
    on_every_engine!(table_from_device; on fresh_engines());
}
