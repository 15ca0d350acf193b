//! Tables whose knots and values are on the device: those of the host with the same options, bit for bit, whatever the
//! knots are and however the device finds them.

use ndarray::{Array1, Array2, Axis, Ix1, arr1, s};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Method, Order};

use crate::support::arrays::values;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, tiny, value};
use crate::support::random::Random;

/// What both builders take.
#[derive(Clone, Copy, Debug)]
struct Options<T> {
    left: Option<T>,
    right: Option<T>,
    method: Method,
    extrapolate: bool,
    order: Order,
    period: Option<T>,
    skip_missing: bool,
}

impl<T> Default for Options<T> {
    fn default() -> Self {
        Self {
            left: None,
            right: None,
            method: Method::Linear,
            extrapolate: false,
            order: Order::Check,
            period: None,
            skip_missing: false,
        }
    }
}

macro_rules! with_options {
    ($builder:expr, $options:expr) => {{
        let options = $options;
        let mut builder = $builder.method(options.method).order(options.order);
        if let Some(left) = options.left {
            builder = builder.left(left);
        }
        if let Some(right) = options.right {
            builder = builder.right(right);
        }
        if let Some(period) = options.period {
            builder = builder.period(period);
        }
        if options.skip_missing {
            builder = builder.skip_missing();
        }
        if options.extrapolate { builder.extrapolate() } else { builder }
    }};
}

/// Equal, zeros by their sign, or both NaN.
fn identical<T: Float>(one: T, other: T) -> bool {
    same(one, other) && one.is_sign_negative() == other.is_sign_negative() || one.is_nan() && other.is_nan()
}

fn assert_identical<T: Float>(got: &[T], want: &[T], x: &[T], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let wrong = (0..got.len()).find(|&at| !identical(got[at], want[at]));
    if let Some(at) = wrong {
        panic!("{what}: {:?} at {:?}, but a table of the host's gives {:?}", got[at], x.get(at), want[at]);
    }
}

/// Knots of every kind that might lead a search by buckets astray.
fn axes<T: Float>(n: usize, random: &mut Random) -> Vec<(&'static str, Vec<T>)> {
    let at = |i: usize| i as f64 / n as f64;
    let (inf, most) = (T::infinity(), T::max_value());
    let mut scattered: Vec<T> = (0..n).map(|_| value(random.unit() * 100.0 - 50.0)).collect();
    scattered.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let even: Vec<T> = (0..n).map(|i| value(i as f64 * 0.125 - 3.0)).collect();
    let with_ends = |first: T, last: T| {
        let mut knots = scattered.clone();
        (knots[0], knots[n - 1]) = (first, last);
        knots
    };
    vec![
        ("even", even),
        ("repeated", (0..n).map(|i| value((i / 3) as f64)).collect()),
        ("equal", vec![value(2.0); n]),
        ("exponential", (0..n).map(|i| value(10_f64.powf(at(i) * 60.0 - 30.0))).collect()),
        ("in one bucket", (0..n).map(|i| value(if i + 1 < n { at(i) * 1e-3 } else { 1e6 })).collect()),
        ("at both ends", (0..n).map(|i| value(if i < n / 2 { at(i) * 1e-6 } else { 1e6 + at(i) })).collect()),
        ("between infinities", with_ends(-inf, inf)),
        (
            "infinite",
            (0..n)
                .map(|i| {
                    if i < n / 3 {
                        -inf
                    } else if i < n / 2 {
                        T::zero()
                    } else {
                        inf
                    }
                })
                .collect(),
        ),
        ("up to the largest", with_ends(-most, most)),
        ("subnormal", (0..n).map(|i| tiny::<T>() * value((i as f64 - n as f64 / 2.0).floor())).collect()),
        ("scattered", scattered),
    ]
}

/// At knots, beside them, between them, far away and nowhere.
fn queries<T: Float>(xp: &[T], random: &mut Random) -> Vec<T> {
    let (most, half) = (T::max_value(), value::<T>(0.5));
    let mut x = vec![T::nan(), T::infinity(), T::neg_infinity(), T::zero(), -T::zero(), most, -most];
    x.extend([T::min_positive_value(), tiny(), -tiny::<T>(), value(1e30), value(-1e30)]);
    let close = T::one() + T::epsilon();
    for pair in xp.windows(2).step_by((xp.len() / 300).max(1)) {
        x.extend([pair[0], pair[1], pair[0] * half + pair[1] * half, pair[1] * close, pair[0] / close]);
    }
    x.extend((0..200).map(|_| value::<T>(random.unit() * 120.0 - 60.0)));
    x
}

fn every_axis<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(31);
    for n in [1, 2, 3, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 65_536] {
        let fp = Array1::from_shape_simple_fn(n, || value::<T>(random.unit() * 20.0 - 10.0));
        for (kind, xp) in axes(n, &mut random) {
            let x = queries(&xp, &mut random);
            let (up, xp) = (device.upload(&arr1(&x)).unwrap(), Array1::from(xp));
            let host = InterpTable::new(device, &xp, &fp).unwrap();
            let on_device = |xp: &Array1<T>, fp: &Array1<T>| {
                let (xp, fp) = (device.upload(xp).unwrap(), device.upload(fp).unwrap());
                InterpTable::from_device(&xp, &fp).unwrap()
            };
            let table = on_device(&xp, &fp);
            let what = format!("{name}: {n} {kind} knots");
            assert_identical(&values(&table.interp(&up).unwrap()), &values(&host.interp(&up).unwrap()), &x, &what);
        }
    }
}

#[test]
fn a_table_of_any_knots_gives_what_one_of_the_host_gives() {
    on_every_engine!(every_axis);
}

fn every_option<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(37);
    let fills =
        [(None, None), (Some(value(-7.0)), None), (None, Some(T::nan())), (Some(T::infinity()), Some(T::one()))];
    let methods = [Method::Linear, Method::Nearest, Method::Previous, Method::Next];
    for n in [1, 2, 3, 17, 4097, 5000] {
        let special = [T::nan(), T::infinity(), -T::zero()];
        for (kind, xp) in axes::<T>(n, &mut random) {
            let mut fp: Vec<T> = (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect();
            if n > 16 {
                (0..n).step_by(9).for_each(|at| fp[at] = special[at % 3]);
            }
            let x = queries(&xp, &mut random);
            let up = device.upload(&arr1(&x)).unwrap();
            let backwards = |all: &[T]| -> Vec<T> { all.iter().rev().copied().collect() };
            for (number, method) in methods.into_iter().enumerate() {
                for extrapolate in [false, true] {
                    let (left, right) = fills[(number + usize::from(extrapolate)) % fills.len()];
                    for order in [Order::Check, Order::Assume, Order::Descending] {
                        let options = Options { left, right, method, extrapolate, order, ..Options::default() };
                        let plain = Options { order: Order::Check, ..options };
                        let host = with_options!(InterpTable::builder(&xp, &fp), plain).build(device).unwrap();
                        let want = values(&host.interp(&up).unwrap());
                        let what = format!("{name}: {n} {kind} knots, {options:?}");
                        let given = |all: &[T]| if order == Order::Descending { backwards(all) } else { all.to_vec() };
                        let (xp, fp) = (arr1(&given(&xp)), arr1(&given(&fp)));
                        let host = with_options!(InterpTable::builder(&xp, &fp), options).build(device).unwrap();
                        assert_identical(&values(&host.interp(&up).unwrap()), &want, &x, &format!("{what}, host"));
                        let (xp, fp) = (device.upload(&xp).unwrap(), device.upload(&fp).unwrap());
                        let table = with_options!(InterpTable::device_builder(&xp, &fp), options).build().unwrap();
                        assert_identical(&values(&table.interp(&up).unwrap()), &want, &x, &what);
                        // Others in the order of the knots as they were given.
                        let again = table.with_values(&fp).unwrap();
                        assert_identical(&values(&again.interp(&up).unwrap()), &want, &x, &format!("{what}, again"));
                    }
                }
            }
        }
    }
}

#[test]
fn options_mean_the_same_on_the_device() {
    on_every_engine!(every_option);
}

/// Tables of a row each, knots of their own or shared, in either direction.
fn batches<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(41);
    for (tables, knots, columns) in
        [(1, 5, 3), (3, 2, 70), (33, 17, 65), (20, 256, 5), (20, 257, 5), (2, 300, 1), (7, 900, 130)]
    {
        // The tables want different bucket functions, and different numbers of steps.
        let xp = Array2::from_shape_fn((tables, knots), |(table, knot)| match table % 4 {
            0 => value::<T>(knot as f64 - table as f64),
            1 => value(1.01_f64.powi(knot as i32)),
            2 => value((knot / 50) as f64),
            _ => value(if knot < knots / 2 { knot as f64 * 1e-5 } else { knot as f64 }),
        });
        let fp = Array2::from_shape_simple_fn((tables, knots), || value::<T>(random.unit() * 9.0 - 4.0));
        let x = Array2::from_shape_simple_fn((tables, columns), || value::<T>(random.unit() * 1100.0 - 100.0));
        let up = device.upload(&x).unwrap();
        for order in [Order::Check, Order::Descending] {
            let given = |all: &Array2<T>| match order {
                Order::Descending => all.slice(s![.., ..;-1]).to_owned(),
                _ => all.clone(),
            };
            for shared in [false, true] {
                let (xp, fp) = (given(&xp), given(&fp));
                let xp = if shared { xp.index_axis(Axis(0), 0).to_owned().into_dyn() } else { xp.into_dyn() };
                let host = InterpTable::builder(&xp, &fp).order(order).build(device).unwrap();
                let (xp, fp) = (device.upload(&xp).unwrap(), device.upload(&fp).unwrap());
                let table = InterpTable::device_builder(&xp, &fp).order(order).build().unwrap();
                let what = format!("{name}: {tables} tables of {knots}, shared {shared}, {order:?}");
                assert_eq!((table.tables(), table.knots()), (tables, knots), "{what}");
                for x in [up.clone().into_dyn(), device.upload(&x.row(0).to_owned().into_dyn()).unwrap()] {
                    let (got, want) = (table.interp_rows(&x).unwrap(), host.interp_rows(&x).unwrap());
                    assert_identical(&values(&got), &values(&want), &[], &what);
                    let again = table.with_values(&fp).unwrap().interp_rows(&x).unwrap();
                    assert_identical(&values(&again), &values(&want), &[], &format!("{what}, again"));
                    let (got, want) = (got.mean_axis(Axis(1)).unwrap(), want.mean_axis(Axis(1)).unwrap());
                    assert_identical(&values(&got), &values(&want), &[], &format!("{what}, means"));
                }
                // Looked up and reduced at once.
                let fused = |table: &InterpTable<T>| {
                    let weights = device.upload(&Array1::from_elem(columns, T::one())).unwrap();
                    let average = |x: &DeviceArray<T, _>| table.interp_rows(x)?.average_axis(Axis(1), &weights);
                    let mut plan = device.capture(&up, average).unwrap();
                    assert_eq!(plan.fused(), 1, "{what}");
                    values(&plan.replay().unwrap())
                };
                assert_identical(&fused(&table), &fused(&host), &[], &format!("{what}, fused"));
            }
        }
    }
}

#[test]
fn batches_of_device_tables_are_those_of_the_host() {
    on_every_engine!(batches);
}

/// Of equal knots the last of the table counts: in a reversed one, the first that was given.
fn repeated_descending<T: Float>(device: &Device, name: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| value(v)).collect() };
    let (xp, fp) = (v(&[3.0, 2.0, 2.0, 2.0, 1.0]), v(&[30.0, 20.0, 21.0, 22.0, 10.0]));
    let x = device.upload(&arr1(&v(&[2.0, 2.5, 1.5, 0.0, 9.0]))).unwrap();
    let want = v(&[20.0, 25.0, 16.0, 10.0, 30.0]);
    let host = InterpTable::builder(&xp, &fp).order(Order::Descending).build(device).unwrap();
    assert_eq!(values(&host.interp(&x).unwrap()), want, "{name}");
    let (xp, fp) = (device.upload(&xp).unwrap(), device.upload(&fp).unwrap());
    let table = InterpTable::device_builder(&xp, &fp).order(Order::Descending).build().unwrap();
    assert_eq!(values(&table.interp(&x).unwrap()), want, "{name}");
    let doubled = device.upload(&v(&[60.0, 40.0, 42.0, 44.0, 20.0])).unwrap();
    for table in [host, table] {
        let got = values(&table.with_values(&doubled).unwrap().interp(&x).unwrap());
        assert_eq!(got, want.iter().map(|&y| y + y).collect::<Vec<_>>(), "{name}");
    }
    // Gaps are left out of a descending table of the host's before its order is looked at.
    let (xp, fp) = (v(&[3.0, 99.0, 2.0, 1.0]), v(&[30.0, f64::NAN, 20.0, 10.0]));
    let gappy = InterpTable::builder(&xp, &fp).order(Order::Descending).skip_missing().build(device).unwrap();
    assert_eq!(values(&gappy.interp(&x).unwrap()), v(&[20.0, 25.0, 15.0, 10.0, 30.0]), "{name}");
}

#[test]
fn descending_tables_are_those_of_reversed_knots_and_values() {
    on_every_engine!(repeated_descending);
}

/// The first offender, in the caller's own order: at once from the host, with the data from the device.
fn disorder<T: Float>(device: &Device, name: &str) {
    let v = |values: &[f64]| Array1::from_iter(values.iter().map(|&v| value::<T>(v)));
    let nan = f64::NAN;
    let cases: [(Order, &[f64], Option<usize>); 12] = [
        (Order::Check, &[1.0, 2.0, 1.5, 1.0], Some(2)),
        (Order::Check, &[1.0, nan, 2.0, 3.0], Some(1)),
        (Order::Check, &[nan, 1.0, 2.0, 3.0], Some(0)),
        (Order::Check, &[3.0, 2.0, 1.0], Some(1)),
        (Order::Check, &[nan], Some(0)),
        (Order::Descending, &[3.0, 2.0, 2.5, 9.0], Some(2)),
        (Order::Descending, &[3.0, nan, 2.0, 1.0], Some(1)),
        (Order::Descending, &[3.0, 2.0, nan], Some(2)),
        (Order::Descending, &[nan], Some(0)),
        (Order::Descending, &[1.0, 2.0, 3.0], Some(1)),
        (Order::Descending, &[3.0, 3.0, 0.0, -0.0, f64::NEG_INFINITY], None),
        (Order::Assume, &[1.0, 3.0, 2.0, nan], None),
    ];
    let x = device.upload(&v(&[0.5, 2.5])).unwrap();
    for (order, xp, offender) in cases {
        let what = format!("{name}: {xp:?}, {order:?}");
        let xp = v(xp);
        let host = InterpTable::builder(&xp, &xp).order(order).build(device).map(|_| ());
        let up = device.upload(&xp).unwrap();
        let table = InterpTable::device_builder(&up, &up).order(order).build().unwrap();
        let read = table.interp(&x).unwrap().readback().wait().map(|_| ());
        match offender {
            None => assert!(host.is_ok() && read.is_ok(), "{what}"),
            Some(index) => {
                let turns = if order == Order::Descending { "must not increase" } else { "must not decrease" };
                for error in [host.unwrap_err(), read.unwrap_err()] {
                    assert_eq!(error.kind(), ErrorKind::NotSorted { index }, "{what}");
                    assert!(error.to_string().contains(turns), "{what}: {error}");
                }
            }
        }
    }
    // In a later table of several, and far into a large one.
    for order in [Order::Check, Order::Descending] {
        let sign = if order == Order::Descending { -1.0 } else { 1.0 };
        let mut xp = Array2::from_shape_fn((3, 3000), |(_, knot)| value::<T>(sign * knot as f64));
        xp[[1, 1700]] = value(sign * 3.0);
        let up = device.upload(&xp).unwrap();
        let table = InterpTable::device_builder(&up, &up).order(order).build().unwrap();
        let error = table.interp_rows(&x).unwrap().readback().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSorted { index: 4700 }, "{name}: {order:?}");
    }
}

#[test]
fn the_first_knot_out_of_order_is_named_in_the_order_given() {
    on_every_engine!(disorder);
}

/// Knots that nobody has put in order give some results, and those that come after them good ones.
fn trusted_disorder<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(43);
    let mut knots = Array1::from_shape_simple_fn(20_000, || value::<T>(random.unit() * 8.0 - 4.0));
    knots[77] = T::nan();
    (knots[78], knots[79]) = (T::infinity(), T::neg_infinity());
    let up = device.upload(&knots).unwrap();
    let x = device.upload(&knots.slice(s![..1000])).unwrap();
    for order in [Order::Assume, Order::Descending, Order::Sort] {
        let table = InterpTable::device_builder(&up, &up).order(order).build().unwrap();
        let got = table.interp(&x).unwrap().readback().wait();
        assert_eq!(got.is_ok(), order != Order::Descending, "{name}");
    }
}

#[test]
fn knots_in_no_order_harm_nobody() {
    on_every_engine!(trusted_disorder);
}

/// Knots, values and queries.
type Inputs<'a, T> = (&'a DeviceArray<T, Ix1>, &'a DeviceArray<T, Ix1>, &'a DeviceArray<T, Ix1>);

fn in_plans<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(47);
    let orders = [Order::Check, Order::Descending, Order::Sort];
    for (n, order) in [5, 300, 9000].into_iter().flat_map(|n| orders.map(|order| (n, order))) {
        let sorted = |scale: f64, random: &mut Random| {
            let mut knots: Vec<T> = (0..n).map(|_| value((random.unit() * scale).exp())).collect();
            knots.sort_by(|a, b| a.partial_cmp(b).unwrap());
            if order == Order::Descending {
                knots.reverse();
            }
            Array1::from(knots)
        };
        let fp = Array1::from_shape_fn(n, |at| value::<T>((at % 13) as f64));
        let x = Array1::from_shape_fn(700, |at| value::<T>(at as f64 * 0.03));
        let first = sorted(1.0, &mut random);
        let up = |host: &Array1<T>| device.upload(host).unwrap();
        let build = |(xp, fp, x): Inputs<'_, T>| {
            InterpTable::device_builder(xp, fp).order(order).left(T::nan()).build()?.interp(x)
        };
        let mut plan = device.capture((&up(&first), &up(&fp), &up(&x)), build).unwrap();
        // Other knots want other bucket functions, and other numbers of steps.
        for scale in [1e-3, 1.0, 5.0, 80.0] {
            let xp = sorted(scale, &mut random);
            let host = InterpTable::builder(&xp, &fp).order(order).left(T::nan()).build(device).unwrap();
            let want = values(&host.interp(&up(&x)).unwrap());
            plan.write((&xp, &fp, &x)).unwrap();
            let got = values(&plan.replay().unwrap());
            assert_identical(&got, &want, x.as_slice().unwrap(), &format!("{name}: {n} knots, {order:?}, {scale}"));
        }
        let mut disorder = first.clone();
        disorder.swap(1, 3);
        plan.write((&disorder, &fp, &x)).unwrap();
        let read = plan.replay().unwrap().readback().wait().map(|_| ());
        match order {
            Order::Sort => assert!(read.is_ok(), "{name}"),
            _ => assert_eq!(read.unwrap_err().kind(), ErrorKind::NotSorted { index: 2 }, "{name}"),
        }
    }
}

#[test]
fn a_plan_builds_its_tables_again_in_every_replay() {
    on_every_engine!(in_plans);
}

/// Knots in some order, some of them missing, equal or infinite.
fn disorderly<T: Float>(n: usize, random: &mut Random) -> (Vec<T>, Vec<T>) {
    let odd = [T::nan(), T::infinity(), T::neg_infinity(), -T::zero(), T::zero()];
    let mut knots: Vec<T> = (0..n).map(|_| value((random.unit() * 800.0 - 400.0).round() * 0.5)).collect();
    let mut values: Vec<T> = (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect();
    if n > 4 {
        (0..n).step_by(7).for_each(|at| knots[at] = odd[random.below(odd.len())]);
        (0..n).step_by(5).for_each(|at| values[at] = odd[random.below(3)]);
    }
    (knots, values)
}

fn sorted_on_the_device<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(53);
    let methods = [Method::Linear, Method::Nearest, Method::Previous, Method::Next];
    let sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 20_000];
    let periods = [None, Some(360.0), Some(7.5), Some(f64::INFINITY), Some(f64::NAN), Some(1e-3)];
    for (number, n) in sizes.into_iter().enumerate() {
        let (xp, fp) = disorderly::<T>(n, &mut random);
        let x = queries(&xp, &mut random);
        let up = device.upload(&arr1(&x)).unwrap();
        let (dxp, dfp) = (device.upload(&arr1(&xp)).unwrap(), device.upload(&arr1(&fp)).unwrap());
        for (turn, period) in periods.into_iter().enumerate() {
            for skip_missing in [false, true] {
                let method = methods[(number + turn) % 4];
                let extrapolate = skip_missing && turn == 0;
                let left = (turn == 0 && number % 2 == 0).then(|| value(-3.5));
                let period = period.map(value);
                let order = Order::Sort;
                let options = Options { left, right: None, method, extrapolate, order, period, skip_missing };
                let what = format!("{name}: {n} knots, {options:?}");
                let host = with_options!(InterpTable::builder(&xp, &fp), options).build(device).unwrap();
                let table = with_options!(InterpTable::device_builder(&dxp, &dfp), options).build().unwrap();
                assert_eq!(table.knots(), n, "{what}");
                let want = values(&host.interp(&up).unwrap());
                assert_identical(&values(&table.interp(&up).unwrap()), &want, &x, &what);
                let again = table.with_values(&dfp).map(|again| values(&again.interp(&up).unwrap()));
                match again {
                    Ok(again) => assert_identical(&again, &want, &x, &format!("{what}, again")),
                    Err(error) => assert!(skip_missing && error.kind() == ErrorKind::InvalidOption, "{what}: {error}"),
                }
            }
        }
    }
}

#[test]
fn knots_are_sorted_on_the_device_as_on_the_host() {
    on_every_engine!(sorted_on_the_device);
}

/// Gaps in tables whose knots are in order, trusted, or in the opposite order; of a table each, or shared.
fn gaps<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(59);
    for (tables, knots) in [(1, 1), (1, 9), (3, 2), (4, 17), (2, 5000)] {
        for order in [Order::Check, Order::Assume, Order::Descending, Order::Sort] {
            for (shared, period) in [(false, None), (true, None), (false, Some(100.0)), (true, Some(100.0))] {
                let mut xp = Array2::from_shape_fn((tables, knots), |(table, knot)| {
                    let x = (knot / 2) as f64 * 0.5 + table as f64;
                    value::<T>(if order == Order::Descending { -x } else { x })
                });
                let mut fp = Array2::from_shape_simple_fn((tables, knots), || value::<T>(random.unit() * 20.0));
                fp.iter_mut().filter(|_| random.below(3) == 0).for_each(|y| *y = T::nan());
                if !shared {
                    xp.iter_mut().filter(|_| random.below(4) == 0).for_each(|x| *x = T::nan());
                }
                // One without any.
                fp.index_axis_mut(Axis(0), tables - 1).fill(T::nan());
                let xp = if shared { xp.index_axis(Axis(0), 0).to_owned().into_dyn() } else { xp.into_dyn() };
                let options = Options { order, period: period.map(value), skip_missing: true, ..Options::default() };
                let x = arr1(&queries(&[T::zero(), value(knots as f64)], &mut random));
                let up = device.upload(&x).unwrap();
                let host = with_options!(InterpTable::builder(&xp, &fp), options).build(device).unwrap();
                let (xp, fp) = (device.upload(&xp).unwrap(), device.upload(&fp).unwrap());
                let table = with_options!(InterpTable::device_builder(&xp, &fp), options).build().unwrap();
                let what = format!("{name}: {tables} tables of {knots}, shared {shared}, {options:?}");
                let (got, want) = (table.interp_rows(&up).unwrap(), host.interp_rows(&up).unwrap());
                assert_identical(&values(&got), &values(&want), &[], &what);
            }
        }
    }
    // Disorder among those that are left, by the index that the caller knows.
    let v = |values: &[f64]| Array1::from_iter(values.iter().map(|&v| value::<T>(v)));
    let nan = f64::NAN;
    let x = device.upload(&v(&[1.0])).unwrap();
    for (order, xp) in [
        (Order::Check, [nan, 1.0, 2.0, nan, 1.5, 0.0]),
        (Order::Descending, [9.0, nan, 2.0, nan, 2.5, 8.0]),
        (Order::Descending, [nan, nan, 2.0, nan, 3.0, 1.0]),
    ] {
        let xp = v(&xp);
        let host = InterpTable::builder(&xp, &xp).order(order).skip_missing().build(device).unwrap_err();
        assert_eq!(host.kind(), ErrorKind::NotSorted { index: 4 }, "{name}");
        let up = device.upload(&xp).unwrap();
        let table = InterpTable::device_builder(&up, &up).order(order).skip_missing().build().unwrap();
        let error = table.interp(&x).unwrap().readback().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSorted { index: 4 }, "{name}: {order:?}");
    }
}

#[test]
fn gaps_are_left_out_on_the_device_as_on_the_host() {
    on_every_engine!(gaps);
}

/// From many tables over the same knots to one, whose segments may lie elsewhere.
fn fewer_tables<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(61);
    let odd = [T::nan(), T::infinity(), T::neg_infinity(), T::max_value(), T::min_value(), T::zero()];
    let fp = Array2::from_shape_simple_fn((50, 300), || odd[random.below(6)]);
    for (kind, xp) in axes::<T>(300, &mut random) {
        let x = queries(&xp, &mut random);
        let up = device.upload(&arr1(&x)).unwrap();
        let (xp, row) = (arr1(&xp), fp.row(3).to_owned());
        let host = InterpTable::new(device, &xp, &row).unwrap();
        let many = InterpTable::from_device(&device.upload(&xp).unwrap(), &device.upload(&fp).unwrap()).unwrap();
        let one = many.with_values(&device.upload(&row).unwrap()).unwrap();
        let what = format!("{name}: {kind}");
        let want = values(&host.interp(&up).unwrap());
        assert_identical(&values(&one.interp(&up).unwrap()), &want, &x, &what);
        let rows = many.interp_rows(&up).unwrap().readback().wait().unwrap().into_array();
        assert_identical(rows.row(3).as_slice().unwrap(), &want, &x, &format!("{what}, one of many"));
    }
}

#[test]
fn other_values_may_be_fewer_or_more() {
    on_every_engine!(fewer_tables);
}

fn refusals<T: Float>(device: &Device, name: &str) {
    let knots = device.upload(&arr1(&[T::zero(), T::one()])).unwrap();
    let builder = || InterpTable::device_builder(&knots, &knots);
    assert_eq!(builder().period(T::zero()).build().unwrap_err().kind(), ErrorKind::ZeroPeriod, "{name}");
    let three = device.upload(&arr1(&[T::zero(); 3])).unwrap();
    let error = InterpTable::device_builder(&knots, &three).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShapeMismatch, "{name}");
    let elsewhere = Device::cpu().upload(&arr1(&[T::zero(), T::one()])).unwrap();
    if elsewhere.device() != device {
        let error = InterpTable::device_builder(&knots, &elsewhere).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeviceMismatch, "{name}");
    }
}

#[test]
fn what_makes_no_table_is_refused() {
    on_every_engine!(refusals);
}
