//! Interpolation against a plain oracle: NumPy's rules, one query at a time. At sizes around every
//! boundary of the kernels, on every kind of table, with everything special that a float can be.

mod support;

use ndarray::{Array1, Array2, Axis, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Method, Order};
use support::devices::flushes_subnormals;
use support::everywhere;
use support::oracle::interp as oracle;
use support::random::Random;

/// Agrees to within what one rounding of each step allows; what is not finite agrees exactly.
fn assert_close<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let epsilon = if size_of::<T>() == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for (index, (&got, &want)) in got.iter().zip(want).enumerate() {
        let (g, w) = (got.to_f64().unwrap(), want.to_f64().unwrap());
        let same = g == w || (g.is_nan() && w.is_nan());
        let close = g.is_finite() && w.is_finite() && (g - w).abs() <= 8.0 * epsilon * scale;
        assert!(same || close, "{what}: element {index} is {got}, but should be {want}");
    }
}

fn check_table<T: Float>(device: &Device, xp: &[T], fp: &[T], x: &[T], what: &str) {
    let table = InterpTable::new(device, xp, fp).unwrap();
    let got = table.interp(&device.upload(&arr1(x)).unwrap()).unwrap().readback().wait().unwrap();
    let want: Vec<T> = x.iter().map(|&x| oracle(x, xp, fp, fp[0], fp[fp.len() - 1])).collect();
    let scale = fp.iter().filter(|y| y.is_finite()).fold(0.0, |m: f64, y| m.max(y.to_f64().unwrap().abs()));
    assert_close(got.view().as_slice().unwrap(), &want, scale, what);
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
    let value = |v: f64| T::from(v).unwrap();
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
    everywhere!(tables_of_every_kind);
}

fn numbers_of_queries<T: Float>(device: &Device, name: &str) {
    let value = |v: f64| T::from(v).unwrap();
    let xp: Vec<T> = (0..100).map(|i| value(f64::from(i * i))).collect();
    let fp: Vec<T> = (0..100).map(|i| value(f64::from(i % 7))).collect();
    // Around four queries, a workgroup of fours, and 65,535 workgroups, where they are folded into the second dimension.
    for n in [0, 1, 2, 3, 4, 5, 255, 256, 257, 1000, 64 * 65_535 + 1, 256 * 65_535 - 1, 256 * 65_535 + 1] {
        let x: Vec<T> = (0..n).map(|i| value((i % 10_007) as f64)).collect();
        check_table(device, &xp, &fp, &x, &format!("{name}: {n} queries"));
    }
}

#[test]
fn every_number_of_queries_is_answered() {
    everywhere!(numbers_of_queries);
}

fn special_tables<T: Float>(device: &Device, name: &str) {
    let value = |v: f64| T::from(v).unwrap();
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
    everywhere!(special_tables);
}

fn batches<T: Float>(device: &Device, name: &str) {
    let value = |v: f64| T::from(v).unwrap();
    for (tables, knots, columns) in [(1, 5, 3), (3, 2, 70), (5, 9, 64), (70, 33, 65), (2, 300, 1), (4, 3, 0)] {
        let xp = Array2::from_shape_fn((tables, knots), |(t, k)| value((k * (t + 1)) as f64 - t as f64));
        let fp = Array2::from_shape_fn((tables, knots), |(t, k)| value(((k * 7 + t * 3) % 11) as f64));
        let own = Array2::from_shape_fn((tables, columns), |(t, c)| value((t + c) as f64 * 0.37 - 1.0));
        let shared = own.row(0).to_owned();
        let expect = |xp: &dyn Fn(usize) -> Vec<T>, x: &dyn Fn(usize) -> Vec<T>| -> Vec<T> {
            let row = |t: usize| (xp(t), fp.row(t).to_vec(), x(t));
            let interp = |(xp, fp, x): (Vec<T>, Vec<T>, Vec<T>)| {
                x.into_iter().map(|x| oracle(x, &xp, &fp, fp[0], fp[knots - 1])).collect::<Vec<T>>()
            };
            (0..tables).flat_map(|t| interp(row(t))).collect()
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
            own.iter().map(|&x| oracle(x, &one_xp(0), &fp.row(0).to_vec(), fp[[0, 0]], fp[[0, knots - 1]])).collect();
        check(got, want);
    }
}

#[test]
fn batches_of_tables_give_each_row_its_own() {
    everywhere!(batches);
}

fn fills_periods_and_orders<T: Float>(device: &Device, _: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| T::from(v).unwrap()).collect() };
    let value = |v: f64| T::from(v).unwrap();
    let ask = |table: &InterpTable<T>, x: &[f64]| -> Vec<f64> {
        let x = device.upload(&Array1::from(v(x))).unwrap();
        let host = table.interp(&x).unwrap().readback().wait().unwrap();
        host.view().iter().map(|y| y.to_f64().unwrap()).collect()
    };
    let (xp, fp) = (v(&[1.0, 2.0, 4.0]), v(&[10.0, 20.0, 0.0]));
    let filled = InterpTable::builder(&xp, &fp).left(value(-1.0)).right(T::infinity()).build(device).unwrap();
    assert_eq!(ask(&filled, &[0.0, 1.0, 4.0, 4.5]), [-1.0, 10.0, 0.0, f64::INFINITY]);

    let (xp, fp) = (v(&[4.0, 1.0, 2.0]), v(&[0.0, 10.0, 20.0]));
    let sorted = InterpTable::builder(&xp, &fp).order(Order::Sort).build(device).unwrap();
    assert_eq!(ask(&sorted, &[0.0, 1.5, 3.0, 9.0]), [10.0, 15.0, 10.0, 0.0]);
    // New values come in the order in which the knots were given.
    let doubled = sorted.with_values(&device.upload(&Array1::from(v(&[0.0, 20.0, 40.0]))).unwrap()).unwrap();
    assert_eq!(ask(&doubled, &[0.0, 1.5, 3.0, 9.0]), [20.0, 30.0, 20.0, 0.0]);
    let assumed = InterpTable::builder(&xp, &fp).order(Order::Assume).build(device).unwrap();
    assert_eq!(ask(&assumed, &[0.0, 1.5, 3.0, 9.0]).len(), 4);

    let (xp, fp) = (v(&[350.0, 10.0, 180.0]), v(&[1.0, 3.0, 7.0]));
    let periodic = InterpTable::builder(&xp, &fp).period(value(-360.0)).left(value(99.0)).build(device).unwrap();
    let turns = 360.0 * 1000.0;
    assert_eq!(ask(&periodic, &[0.0, 360.0, -180.0, 180.0 + turns, 350.0 - turns]), [2.0, 2.0, 7.0, 7.0, 1.0]);
    assert!(ask(&periodic, &[f64::NAN, f64::INFINITY]).iter().all(|y| y.is_nan()));
    let again = periodic.with_values(&device.upload(&Array1::from(v(&[2.0, 6.0, 14.0]))).unwrap()).unwrap();
    assert_eq!(ask(&again, &[0.0, 180.0]), [4.0, 14.0]);
    // Far away the rest is still exact: 2^100 is 2^100 mod 360 = 256 turns on.
    let ramp = InterpTable::builder(&v(&[0.0, 359.0]), &v(&[0.0, 359.0])).period(value(360.0)).build(device).unwrap();
    assert_eq!(
        ask(&ramp, &[2_f64.powi(100), -(2_f64.powi(100))]),
        [2_f64.powi(100) % 360.0, 360.0 - 2_f64.powi(100) % 360.0]
    );
}

#[test]
fn fills_periods_and_orders_do_what_they_say() {
    everywhere!(fills_periods_and_orders);
}

/// A row of values of the element type.
fn row<T: Float>(values: &[f64]) -> Array1<T> {
    values.iter().map(|&v| T::from(v).unwrap()).collect()
}

/// What a result is, so that NaN equals NaN.
fn shown<T: Float, D: ndarray::Dimension>(result: DeviceArray<T, D>) -> Vec<String> {
    result.readback().wait().unwrap().view().iter().map(|y| y.to_f64().unwrap().to_string()).collect()
}

fn missing_knots<T: Float>(device: &Device, name: &str) {
    let (nan, value) = (f64::NAN, |v: f64| T::from(v).unwrap());
    let x = device.upload(&row::<T>(&[0.0, 1.0, 1.5, 2.0, 3.0, nan])).unwrap();
    let (xp, fp) = (row::<T>(&[2.0, nan, 1.0, nan]), row::<T>(&[20.0, 99.0, 10.0, 77.0]));
    let sorted = || InterpTable::builder(&xp, &fp).order(Order::Sort);
    let ask = |table: ndgpu::InterpTableBuilder<'_, T>| shown(table.build(device).unwrap().interp(&x).unwrap());
    assert_eq!(ask(sorted()), ["10", "10", "15", "20", "20", "NaN"], "{name}");
    let ends = sorted().left(value(-1.0)).right(value(5.0));
    assert_eq!(ask(ends.clone()), ["-1", "10", "15", "20", "5", "NaN"], "{name}");
    assert_eq!(ask(sorted().extrapolate()), ["0", "10", "15", "20", "30", "NaN"], "{name}");
    assert_eq!(ask(ends.extrapolate()), ["-1", "10", "15", "20", "5", "NaN"], "{name}");
    assert_eq!(ask(sorted().method(Method::Next)), ["10", "10", "20", "20", "20", "NaN"], "{name}");
    assert_eq!(ask(sorted().period(value(3.0))), ["15", "10", "15", "20", "15", "NaN"], "{name}");

    // A table without a knot, alone and among others.
    let none = row::<T>(&[nan, nan]);
    for table in [
        InterpTable::builder(&none, row::<T>(&[30.0, 99.0])).order(Order::Sort),
        InterpTable::builder(&none, row::<T>(&[30.0, 30.0])).order(Order::Sort).left(value(-1.0)).right(value(7.0)),
        InterpTable::builder(&none, row::<T>(&[30.0, 99.0])).order(Order::Sort).extrapolate(),
        InterpTable::builder(&none, row::<T>(&[30.0, 30.0])).period(value(2.0)),
        InterpTable::builder(row::<T>(&[nan]), row::<T>(&[30.0])).order(Order::Sort).left(value(-1.0)),
        InterpTable::builder(row::<T>(&[1.0, 2.0]), row::<T>(&[nan, nan])).skip_missing().right(value(7.0)),
        InterpTable::builder(&xp, &fp).period(value(nan)),
    ] {
        assert_eq!(ask(table), ["NaN"; 6], "{name}");
    }
    let masked = arr2(&[[nan, nan, nan], [2.0, 0.0, 1.0], [nan, 1.0, nan]]).mapv(value);
    let values = arr2(&[[1.0, 1.0, 1.0], [4.0, 0.0, 2.0], [7.0, 8.0, 9.0]]).mapv(value);
    let table = InterpTable::builder(&masked, &values).order(Order::Sort).extrapolate().build(device).unwrap();
    let x = device.upload(&row::<T>(&[0.5, 3.0])).unwrap();
    assert_eq!(shown(table.interp_rows(&x).unwrap()), ["NaN", "NaN", "1", "6", "8", "8"], "{name}");
    assert_eq!(table.knots(), 3, "{name}: as they were given");
    let doubled = table.with_values(&device.upload(&(&values + &values)).unwrap()).unwrap();
    assert_eq!(shown(doubled.interp_rows(&x).unwrap()), ["NaN", "NaN", "2", "12", "16", "16"], "{name}");
}

#[test]
fn knots_that_are_nan_are_left_out_when_knots_are_sorted() {
    everywhere!(missing_knots);
}

fn gaps<T: Float>(device: &Device, name: &str) {
    let nan = f64::NAN;
    let x = device.upload(&row::<T>(&[-1.0, 0.5, 1.0, 2.5, 9.0])).unwrap();
    let xp = row::<T>(&[0.0, 1.0, 2.0, 3.0]);
    let fp = arr2(&[[10.0, nan, 14.0, nan], [nan, nan, nan, nan], [nan, 5.0, nan, nan], [0.0, 2.0, 6.0, 8.0]]);
    let fp = fp.mapv(|y| T::from(y).unwrap());
    // Knots that all share, of which each leaves out its own.
    let table = InterpTable::builder(&xp, &fp).skip_missing().build(device).unwrap();
    let want = [["10", "11", "12", "14", "14"], ["NaN"; 5], ["5"; 5], ["0", "1", "2", "7", "8"]];
    assert_eq!(shown(table.interp_rows(&x).unwrap()), want.concat(), "{name}");
    assert_eq!((table.tables(), table.knots()), (4, 4), "{name}");
    let extended = InterpTable::builder(&xp, &fp).skip_missing().extrapolate().build(device).unwrap();
    let want = [["8", "11", "12", "15", "28"], ["NaN"; 5], ["5"; 5], ["-2", "1", "2", "7", "20"]];
    assert_eq!(shown(extended.interp_rows(&x).unwrap()), want.concat(), "{name}");

    // So they are where rows are looked up only to be summed.
    let plan = device.capture(&x, |x| table.interp_rows(x)?.sum_axis(Axis(1)));
    let mut plan = plan.unwrap();
    assert_eq!((plan.fused(), shown(plan.replay().unwrap())), (1, ["61", "NaN", "25", "18"].map(String::from).into()));

    // Where nothing is missing it is a table like any other, but for new values.
    let whole = InterpTable::builder(&xp, fp.row(3)).skip_missing().build(device).unwrap();
    assert_eq!(
        shown(whole.interp(&x).unwrap()),
        want[3].map(|y| match y {
            "-2" => "0",
            "20" => "8",
            y => y,
        }),
        "{name}"
    );
    let values = device.upload(&fp.row(3)).unwrap();
    for table in [&table, &whole] {
        let error = table.with_values(&values).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption, "{name}");
        assert!(error.to_string().contains("skip_missing"), "{name}: {error}");
    }

    // Order is that of the knots that are left; the place of one that is wrong is that in xp as it was given.
    let xp = arr2(&[[0.0, 9.0, 1.0, 2.0], [3.0, nan, 2.0, 5.0]]).mapv(|x| T::from(x).unwrap());
    let fp = arr2(&[[0.0, nan, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0]]).mapv(|y| T::from(y).unwrap());
    let refused = InterpTable::builder(&xp, &fp).skip_missing().build(device).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotSorted { index: 6 }, "{name}: {refused}");
    let first = InterpTable::builder(xp.row(0), fp.row(0)).skip_missing().build(device).unwrap();
    assert_eq!(shown(first.interp(&x).unwrap()), ["0", "0.5", "1", "2", "2"], "{name}");
    let sorted = InterpTable::builder(&xp, &fp).skip_missing().order(Order::Sort).build(device).unwrap();
    let rows = shown(sorted.interp_rows(&x).unwrap());
    assert_eq!(rows[5..], ["2", "2", "2", "1", "3"], "{name}");
}

#[test]
fn gaps_are_bridged_where_missing_knots_and_values_are_skipped() {
    everywhere!(gaps);
}

fn infinite_period<T: Float>(device: &Device, name: &str) {
    let value = |v: f64| T::from(v).unwrap();
    let (xp, fp) = (row::<T>(&[2.0, 5.0, -6.0]), row::<T>(&[1.0, 2.0, 4.0]));
    // A negative knot lies at the end of the period, and the one before the period, its copy, nowhere.
    let x = device.upload(&row::<T>(&[2e-16, 1.0, 2.0, 3.5, 5.0, 100.0, -1.0])).unwrap();
    for period in [f64::INFINITY, f64::NEG_INFINITY] {
        let ask = |method: Method| {
            let table = InterpTable::builder(&xp, &fp).period(value(period)).method(method).build(device).unwrap();
            shown(table.interp(&x).unwrap())
        };
        assert_eq!(ask(Method::Linear), ["NaN", "NaN", "1", "1.5", "2", "2", "1"], "{name}");
        assert_eq!(ask(Method::Nearest), ["4", "4", "1", "1", "2", "2", "1"], "{name}");
        assert_eq!(ask(Method::Previous), ["4", "4", "1", "1", "2", "2", "1"], "{name}");
        assert_eq!(ask(Method::Next), ["1", "1", "1", "2", "2", "4", "1"], "{name}");
    }
}

#[test]
fn a_period_may_be_infinite() {
    everywhere!(infinite_period);
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
    let cube = ndarray::Array3::<T>::zeros((2, 2, 2));
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
    let scalar = device.upload(&ndarray::arr0(T::zero())).unwrap();
    assert_eq!(two.interp_rows(&scalar).unwrap_err().kind(), ErrorKind::WrongDimensions);
    assert_eq!(two.with_values(&x).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let elsewhere = Device::cpu().upload(&Array1::from(v(&[0.5]))).unwrap();
    assert_eq!(two.interp_rows(&elsewhere).unwrap_err().kind(), ErrorKind::DeviceMismatch);
}

#[test]
fn a_bad_table_is_refused_with_its_reason() {
    everywhere!(bad_tables);
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
    everywhere!(unsorted_on_device);
}

fn table_from_device<T: Float>(device: &Device) {
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
    for configuration in support::devices::configurations() {
        // A device of its own: the ledger is the device's.
        let device = configuration.fresh();
        match configuration.precision {
            support::devices::Precision::F32 => table_from_device::<f32>(&device),
            support::devices::Precision::F64 => table_from_device::<f64>(&device),
        }
    }
}
