//! Ways to interpolate other than along a straight line, and beyond the table.

use ndarray::{Array2, arr1};
use ndgpu::{Device, Float, InterpTable, Method, Order};

use crate::support::arrays::read;
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::random::Random;

/// What the rules say for one query, outside the table too.
fn by_method<T: Float>(x: T, xp: &[T], fp: &[T], method: Method) -> T {
    let last = xp.len() - 1;
    if x.is_nan() {
        return T::nan();
    }
    if x > xp[last] {
        return fp[last];
    }
    if x < xp[0] {
        return fp[0];
    }
    let left = xp.partition_point(|&knot| x >= knot).saturating_sub(1);
    if left == last || xp[left] == x {
        return fp[left];
    }
    match method {
        Method::Previous => fp[left],
        Method::Next => fp[left + 1],
        // Halfway goes to the left.
        Method::Nearest if x - xp[left] > xp[left + 1] - x => fp[left + 1],
        Method::Nearest => fp[left],
        other => panic!("no oracle for {other:?}"),
    }
}

const METHODS: [Method; 3] = [Method::Nearest, Method::Previous, Method::Next];

fn ways_to_interpolate<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(23);
    for n in [1, 2, 3, 7, 8, 9, 64, 65, 1000, 65_537] {
        let fp: Vec<T> = (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect();
        let even: Vec<T> = (0..n).map(|i| value(i as f64 * 0.25 - 3.0)).collect();
        let ties: Vec<T> = (0..n).map(|i| value((i / 3) as f64)).collect();
        let mut scattered: Vec<T> = (0..n).map(|_| value(random.unit() * 100.0 - 50.0)).collect();
        scattered.sort_by(|a, b| a.partial_cmp(b).unwrap());
        for (kind, xp) in [("even", even), ("tied", ties), ("scattered", scattered)] {
            let mut x = vec![T::nan(), T::infinity(), T::neg_infinity(), T::zero()];
            for pair in xp.windows(2).step_by((n / 500).max(1)) {
                let half = pair[0] + (pair[1] - pair[0]) * value(0.5);
                let close = T::one() + T::epsilon();
                x.extend([pair[0], pair[1], half, half * close, half / close, pair[1] * close, pair[1] / close]);
            }
            x.extend((0..300).map(|_| value::<T>(random.unit() * 120.0 - 60.0)));
            let up = device.upload(&arr1(&x)).unwrap();
            for method in METHODS {
                // Beyond the table there is nothing to extend but the end values.
                for extrapolate in [false, true] {
                    let builder = InterpTable::builder(&xp, &fp).method(method);
                    let builder = if extrapolate { builder.extrapolate() } else { builder };
                    let got = read(builder.build(device).unwrap().interp(&up).unwrap());
                    let wrong = got.iter().zip(&x).find(|&(&got, &x)| !same(got, by_method(x, &xp, &fp, method)));
                    let want = wrong.map(|(_, &x)| by_method(x, &xp, &fp, method));
                    assert!(wrong.is_none(), "{name}: {method:?} over {n} {kind} knots: {wrong:?}, not {want:?}");
                }
            }
        }
    }
}

#[test]
fn nearest_previous_and_next_take_the_knot_that_they_name() {
    on_every_engine!(ways_to_interpolate);
}

fn extrapolation<T: Float>(device: &Device, name: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| value(v)).collect() };
    let mut random = Random::new(29);
    for n in [1, 2, 3, 8, 9, 1000] {
        let xp: Vec<T> = (0..n).map(|i| value(i as f64 * 0.5 + random.unit() * 0.25)).collect();
        let fp: Vec<T> = (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect();
        let (first, last) = (wide(xp[0]), wide(xp[n - 1]));
        let x: Vec<T> =
            (0..200).map(|i| value(if i % 2 == 0 { first } else { last } + random.unit() * 8.0 - 4.0)).collect();
        let line = |x: f64, knot: usize, from: usize| {
            if n == 1 {
                return wide(fp[0]);
            }
            let slope = (wide(fp[from + 1]) - wide(fp[from])) / (wide(xp[from + 1]) - wide(xp[from]));
            slope * (x - wide(xp[knot])) + wide(fp[knot])
        };
        let (end, up) = (value::<T>(77.0), device.upload(&arr1(&x)).unwrap());
        let plain = InterpTable::builder(&xp, &fp);
        let within = read(plain.clone().build(device).unwrap().interp(&up).unwrap());
        for (left, right) in [(None, None), (Some(end), None), (None, Some(end)), (Some(end), Some(end))] {
            let mut builder = plain.clone().extrapolate();
            builder = left.map_or(builder.clone(), |left| builder.left(left));
            builder = right.map_or(builder.clone(), |right| builder.right(right));
            let got = read(builder.build(device).unwrap().interp(&up).unwrap());
            for ((&got, &within), &query) in got.iter().zip(&within).zip(&x) {
                let what = format!("{name}: {n} knots, ends {left:?} {right:?}, at {query}");
                let q = wide(query);
                let want = if q < first {
                    left.map_or_else(|| line(q, 0, 0), wide)
                } else if q > last {
                    right.map_or_else(|| line(q, n - 1, n.saturating_sub(2)), wide)
                } else {
                    assert!(same(got, within), "{what}: {got}, but {within} without extrapolation");
                    continue;
                };
                near(got, want, 16.0 * wide(T::epsilon()) * (want.abs() + 200.0), &what);
            }
        }
        // A NaN query is NaN however the table goes on.
        let odd = device.upload(&arr1(&[T::nan()])).unwrap();
        let table = plain.extrapolate().build(device).unwrap();
        assert!(read(table.interp(&odd).unwrap())[0].is_nan(), "{name}");
    }
    // With a period, and from a table in any order.
    let (xp, fp) = (v(&[300.0, 20.0, 100.0]), v(&[3.0, 1.0, 2.0]));
    let x = device.upload(&arr1(&v(&[0.0, 20.0, 50.0, 70.0, 350.0, 380.0, -60.0, 739.0]))).unwrap();
    let ask =
        |table: InterpTable<T>| -> Vec<f64> { read(table.interp(&x).unwrap()).iter().map(|&y| wide(y)).collect() };
    let around = InterpTable::builder(&xp, &fp).period(value(360.0)).extrapolate();
    assert_eq!(
        ask(around.clone().method(Method::Nearest).build(device).unwrap())[..],
        [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0]
    );
    assert_eq!(
        ask(around.clone().method(Method::Previous).build(device).unwrap())[..],
        [3.0, 1.0, 1.0, 1.0, 3.0, 1.0, 3.0, 3.0]
    );
    assert_eq!(ask(around.method(Method::Next).build(device).unwrap())[..], [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 3.0, 1.0]);
    let sorted = InterpTable::builder(&xp, &fp).order(Order::Sort);
    assert_eq!(
        ask(sorted.clone().method(Method::Next).build(device).unwrap())[..],
        [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 1.0, 3.0]
    );
    let table = sorted.extrapolate().build(device).unwrap();
    let got = ask(table);
    for (got, want) in got.iter().zip([0.75, 1.0, 1.375, 1.625, 3.25, 3.4, -0.0, 5.195]) {
        assert!((got - want).abs() < 1e-5, "{name}: {got}, not {want}");
    }
}

#[test]
fn extrapolation_goes_on_along_the_end_segments() {
    on_every_engine!(extrapolation);
}

fn batches<T: Float>(device: &Device, name: &str) {
    for (tables, knots, columns) in [(1, 5, 3), (3, 2, 70), (5, 9, 64), (33, 17, 65), (2, 300, 1)] {
        let xp = Array2::from_shape_fn((tables, knots), |(t, k)| value::<T>((k * (t + 1)) as f64 - t as f64));
        let fp = Array2::from_shape_fn((tables, knots), |(t, k)| value::<T>(((k * 7 + t * 3) % 11) as f64));
        let x = Array2::from_shape_fn((tables, columns), |(t, c)| value::<T>((t + c) as f64 * 0.5 - 1.0));
        let up = device.upload(&x).unwrap();
        for method in METHODS {
            let check = |table: InterpTable<T>, own_knots: bool, what: &str| {
                let got = read(table.interp_rows(&up).unwrap());
                for ((t, c), &got) in got.indexed_iter() {
                    let row = xp.row(if own_knots { t } else { 0 });
                    let want = by_method(x[[t, c]], row.as_slice().unwrap(), fp.row(t).as_slice().unwrap(), method);
                    assert!(same(got, want), "{name}: {method:?}, {what}, table {t} of {tables}: {got}, not {want}");
                }
            };
            let own = InterpTable::builder(&xp, &fp).method(method).build(device).unwrap();
            check(own, true, "knots of its own");
            let shared = InterpTable::builder(xp.row(0), &fp).method(method).build(device).unwrap();
            check(shared.clone(), false, "shared knots");
            let doubled = InterpTable::builder(xp.row(0), &(&fp + &fp)).method(method).build(device).unwrap();
            check(doubled.with_values(&device.upload(&fp).unwrap()).unwrap(), false, "new values");
        }
        // The straight lines of each table's own ends.
        let table = InterpTable::builder(&xp, &fp).extrapolate().build(device).unwrap();
        let far = Array2::from_shape_fn((tables, 2), |(t, side)| {
            if side == 0 { xp[[t, 0]] - value(2.0) } else { xp[[t, knots - 1]] + value(2.0) }
        });
        let got = read(table.interp_rows(&device.upload(&far).unwrap()).unwrap());
        for t in 0..tables {
            let step = wide(xp[[t, 1]]) - wide(xp[[t, 0]]);
            let slope = |k: usize| (wide(fp[[t, k + 1]]) - wide(fp[[t, k]])) / step;
            let what = format!("{name}: extrapolated, table {t} of {tables}");
            near(got[[t, 0]], wide(fp[[t, 0]]) - 2.0 * slope(0), 1e-5, &what);
            near(got[[t, 1]], wide(fp[[t, knots - 1]]) + 2.0 * slope(knots - 2), 1e-5, &what);
        }
    }
}

#[test]
fn batches_interpolate_each_in_its_way() {
    on_every_engine!(batches);
}
