//! Located queries: the linear operator that they are, its transpose, its matrix, and derivatives, against a plain
//! matrix, one row at a time.

use ndarray::{Array1, Array2, Axis, arr1, arr2};
use ndgpu::{Device, ErrorKind, Float, InterpTable, InterpTableBuilder, Method, Order, Tangents, Wanted};

use crate::support::arrays::values;
use crate::support::compare::{all_near, near};
use crate::support::devices::flushes_subnormals;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::oracle::{Asked, Matrix, Row};
use crate::support::random::Random;

/// A table, and what is asked of it.
struct Case<T> {
    what: String,
    xp: Vec<T>,
    asked: Asked<T>,
}

impl<T: Float> Case<T> {
    fn build(&self, device: &Device, fp: &[T]) -> InterpTable<T> {
        let Asked { left, right, period, method, extrapolate, .. } = self.asked;
        let mut builder: InterpTableBuilder<'_, T> =
            InterpTable::builder(&self.xp, fp).method(method).order(Order::Sort);
        if let Some(left) = left {
            builder = builder.left(left);
        }
        if let Some(right) = right {
            builder = builder.right(right);
        }
        if let Some(period) = period {
            builder = builder.period(period);
        }
        if extrapolate {
            builder = builder.extrapolate();
        }
        builder.build(device).unwrap()
    }
}

fn asked<T: Float>() -> Vec<(&'static str, Asked<T>)> {
    let (left, right, period) = (None, None, None);
    let plain = Asked { left, right, period, method: Method::Linear, extrapolate: false, skip_missing: false };
    vec![
        ("plain", plain),
        ("with fills", Asked { left: Some(value(-3.0)), right: Some(value(7.0)), ..plain }),
        ("with a fill to the right", Asked { right: Some(value(0.5)), extrapolate: true, ..plain }),
        ("extrapolated", Asked { extrapolate: true, ..plain }),
        ("in a period", Asked { period: Some(value(11.0)), ..plain }),
        ("nearest", Asked { method: Method::Nearest, ..plain }),
        ("previous", Asked { method: Method::Previous, left: Some(value(1.0)), ..plain }),
        ("next in a period", Asked { method: Method::Next, period: Some(value(-7.5)), ..plain }),
    ]
}

fn cases<T: Float>(random: &mut Random) -> Vec<Case<T>> {
    let mut tables: Vec<(String, Vec<f64>)> = Vec::new();
    for n in [1, 2, 3, 16, 17, 100, 3000] {
        let mut sorted: Vec<f64> = (0..n).map(|_| random.unit() * 20.0 - 10.0).collect();
        sorted.sort_by(f64::total_cmp);
        tables.push((format!("{n} knots"), sorted));
    }
    tables.push(("repeated knots".into(), (0..40).map(|i| f64::from(i / 3) - 6.0).collect()));
    tables.push(("knots that end in a step".into(), vec![-2.0, -2.0, 0.0, 1.0, 4.0, 4.0]));
    tables.push(("knots in disorder".into(), vec![3.0, -1.0, 2.0, f64::NAN, 0.0, 5.0, -4.0]));
    tables.push(("nothing but NaN".into(), vec![f64::NAN, f64::NAN]));
    tables.push(("infinite knots".into(), vec![f64::NEG_INFINITY, -1.0, 2.0, f64::INFINITY]));
    tables.push(("knots an ulp apart".into(), vec![1.0, wide(T::one() + T::epsilon()), 2.0]));
    tables.push(("knots close to zero".into(), vec![0.0, 1e-20, 3e-20, 1.0]));
    let mut cases = Vec::new();
    for (of, xp) in tables {
        for (how, asked) in asked::<T>() {
            if asked.period.is_some() && xp.iter().any(|x| x.is_infinite()) {
                continue;
            }
            cases.push(Case { what: format!("{of}, {how}"), xp: xp.iter().map(|&x| value(x)).collect(), asked });
        }
    }
    cases
}

/// Knots, what is beside them, what is outside, and numbers anywhere.
fn queries<T: Float>(xp: &[T], random: &mut Random) -> Vec<T> {
    let mut x = vec![T::nan(), T::infinity(), T::neg_infinity(), value(1e9), value(-1e9), T::zero(), -T::zero()];
    for pair in xp.windows(2).take(40) {
        x.extend([pair[0], pair[1], (pair[0] + pair[1]) * value(0.5), pair[0] * value(0.75) + pair[1] * value(0.25)]);
    }
    x.extend((0..400).map(|_| value::<T>(random.unit() * 30.0 - 15.0)));
    x
}

fn dot<T: Float>(weights: &[(usize, f64)], values: &[T]) -> f64 {
    weights.iter().map(|&(knot, weight)| weight * wide(values[knot])).sum()
}

/// Infinite where the element type has no such number.
fn representable<T: Float>(number: f64) -> f64 {
    if number.abs() > wide(T::max_value()) { wide(value::<T>(number)) } else { number }
}

/// Room for what weights that are rounded once or twice make of values up to 10.
fn room<T: Float>(magnitude: f64) -> f64 {
    16.0 * wide(T::epsilon()) * magnitude.max(1e-30)
}

fn is_the_matrix<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(18);
    for case in cases::<T>(&mut random) {
        let Case { what, xp, asked } = &case;
        let what = format!("{name}, {what}");
        if flushes_subnormals(device) && what.contains("close to zero") {
            continue;
        }
        let n = xp.len();
        let numbers = |random: &mut Random| -> Vec<T> { (0..n).map(|_| value(random.unit() * 20.0 - 10.0)).collect() };
        let (fp, other) = (numbers(&mut random), numbers(&mut random));
        let x = queries(xp, &mut random);
        let m = x.len();
        let matrix = Matrix::of(xp, *asked);
        let rows: Vec<Row> = x.iter().map(|&x| matrix.row(x)).collect();
        let table = case.build(device, &fp);
        let on_device = |values: &[T]| device.upload(&arr1(values)).unwrap();
        let (x_there, other_there) = (on_device(&x), on_device(&other));
        let at = table.locate(&x_there).unwrap();
        assert_eq!(at.shape(), [m]);

        let cells = values(&at.cells().unwrap());
        for ((row, &cell), x) in rows.iter().zip(&cells).zip(&x) {
            assert_eq!(row.cell, cell as usize, "{what}: the cell of {x}");
        }

        // Applied to other values: what a table of those gives, and what the matrix gives.
        let applied = values(&at.apply(&other_there).unwrap());
        let direct = values(&table.with_values(&other_there).unwrap().interp(&x_there).unwrap());
        for ((&got, &want), &x) in applied.iter().zip(&direct).zip(&x) {
            let is_same = got.bits_for_test() == want.bits_for_test() || (got.is_nan() && want.is_nan());
            assert!(is_same, "{what}: {got} instead of {want} at {x}");
        }
        for ((row, &got), &x) in rows.iter().zip(&applied).zip(&x) {
            let fill = |side: usize, fill: Option<T>| if row.fills[side] { wide(fill.unwrap()) } else { 0.0 };
            let want = match row.undefined {
                true => f64::NAN,
                false => dot(&row.weights, &other) + fill(0, asked.left) + fill(1, asked.right),
            };
            let size: f64 = row.weights.iter().map(|(knot, weight)| (weight * wide(other[*knot])).abs()).sum();
            if row.undefined && !x.is_nan() && n > 0 {
                // Between two infinitely distant knots, infinitely far out on a line, or on that of a step.
                continue;
            }
            near(got, want, room::<T>(10.0 + size), format!("{what}: at {x}"));
        }

        // The transpose, and the two sides of <A u, v> = <u, A^T v>.
        let g: Vec<T> = (0..m).map(|_| value(random.unit() * 2.0 - 1.0)).collect();
        let g_there = on_device(&g);
        let transposed = values(&at.transpose_apply(&g_there).unwrap());
        let (mut sums, mut sizes) = (vec![0.0; n], vec![0.0; n]);
        for (row, &g) in rows.iter().zip(&g) {
            for &(knot, weight) in &row.weights {
                sums[knot] += weight * wide(g);
                sizes[knot] += (weight * wide(g)).abs();
            }
        }
        for (knot, (&got, &want)) in transposed.iter().zip(&sums).enumerate() {
            let room = wide(T::epsilon()) * want.abs() + 1e-14 * sizes[knot] + f64::from(f32::MIN_POSITIVE);
            near(got, representable::<T>(want), room, format!("{what}: the cotangent of value {knot}"));
        }

        // The matrix itself.
        let (indptr, indices, data) = at.to_csr().unwrap();
        let (indptr, indices, data) = (values(&indptr), values(&indices), values(&data));
        let each = n.min(2);
        assert!(indptr.iter().enumerate().all(|(row, &begin)| begin as usize == row * each), "{what}");
        for (row, x) in rows.iter().zip(&x).enumerate().map(|(number, (row, x))| ((number, row), x)) {
            let (number, row) = row;
            let entries = number * each..(number + 1) * each;
            assert!(indices[entries.clone()].is_sorted() && indices[entries.clone()].iter().all(|&c| (c as usize) < n));
            let mut dense = vec![0.0; n];
            row.weights.iter().for_each(|&(knot, weight)| dense[knot] += weight);
            for entry in entries {
                dense[indices[entry] as usize] -= wide(data[entry]);
            }
            let size: f64 = row.weights.iter().map(|(_, weight)| weight.abs()).sum();
            let off = dense.iter().fold(0.0_f64, |most, rest| most.max(rest.abs()));
            assert!(off <= 8.0 * wide(T::epsilon()) * size, "{what}: the row of {x} is off by {off}");
        }

        // Slopes, and everything that is made of them.
        let (same_values, slopes) = table.interp_with_derivative(&x_there).unwrap();
        let (same_values, slopes) = (values(&same_values), values(&slopes));
        let expected: Vec<f64> = x.iter().map(|&x| matrix.slope(x, &fp)).collect();
        let plain = values(&table.interp(&x_there).unwrap());
        assert!(same_values.iter().zip(&plain).all(|(&one, &other)| same(one, other)), "{what}");
        let alone = values(&table.derivative(&x_there).unwrap());
        assert!(alone.iter().zip(&slopes).all(|(&one, &other)| same(one, other)), "{what}");
        for ((&got, &want), x) in slopes.iter().zip(&expected).zip(&x) {
            near(
                got,
                representable::<T>(want),
                4.0 * wide(T::epsilon()) * want.abs(),
                format!("{what}: the slope at {x}"),
            );
        }

        let found = table.interp_vjp(&x_there, &g_there, Wanted::ALL).unwrap();
        let again = values(&found.fp.unwrap());
        assert!(again.iter().zip(&transposed).all(|(&one, &other)| one == other), "{what}: one gradient of values");
        for ((&got, &want), &g) in values(&found.x.unwrap()).iter().zip(&expected).zip(&g) {
            let want = want * wide(g);
            near(
                got,
                representable::<T>(want),
                8.0 * wide(T::epsilon()) * want.abs(),
                format!("{what}: the cotangent of a query"),
            );
        }
        for (side, got) in [found.left.unwrap(), found.right.unwrap()].into_iter().enumerate() {
            let of_fill = rows.iter().zip(&g).filter(|(row, _)| row.fills[side]);
            let want: f64 = of_fill.map(|(_, &g)| wide(g)).sum();
            near(
                values(&got)[0],
                want,
                wide(T::epsilon()) * want.abs() + 1e-13,
                format!("{what}: the cotangent of a fill"),
            );
        }
        let (mut of_knots, mut sizes) = (vec![0.0; n], vec![0.0; n]);
        for (((row, &g), &x), &slope) in rows.iter().zip(&g).zip(&x).zip(&expected) {
            if row.line.is_some() && !x.is_nan() && slope.is_finite() {
                for &(knot, weight) in &row.weights {
                    of_knots[knot] -= weight * slope * wide(g);
                    sizes[knot] += (weight * slope * wide(g)).abs();
                }
            }
        }
        let xp_cotangents = values(&found.xp.unwrap());
        for (knot, (&got, &want)) in xp_cotangents.iter().zip(&of_knots).enumerate() {
            near(
                got,
                representable::<T>(want),
                room::<T>(sizes[knot]),
                format!("{what}: the cotangent of knot {knot}"),
            );
        }

        // Forward, in a direction of each.
        let dx: Vec<T> = (0..m).map(|_| value(random.unit() - 0.5)).collect();
        let (dxp, dfp) = (numbers(&mut random), numbers(&mut random));
        let (dx_there, dxp_there, dfp_there) = (on_device(&dx), on_device(&dxp), on_device(&dfp));
        let tangents = Tangents { x: Some(&dx_there), xp: Some(&dxp_there), fp: Some(&dfp_there) };
        let forward = values(&table.interp_jvp(&x_there, tangents).unwrap());
        for (((row, &got), &x), (&slope, &dx)) in rows.iter().zip(&forward).zip(&x).zip(expected.iter().zip(&dx)) {
            if row.undefined || !slope.is_finite() {
                continue;
            }
            let moved = wide(dx) - dot(&row.weights, &dxp);
            let want = dot(&row.weights, &dfp) + if slope == 0.0 { 0.0 } else { slope * moved };
            let weights: f64 = row.weights.iter().map(|(_, weight)| weight.abs()).sum();
            let size = (weights * 10.0) * (1.0 + slope.abs());
            near(got, representable::<T>(want), room::<T>(10.0 + size), format!("{what}: forward at {x}"));
        }
    }
}

fn corners<T: Float>(device: &Device, name: &str) {
    let upload = |numbers: &[f64]| device.upload(&Array1::from_iter(numbers.iter().map(|&x| value::<T>(x)))).unwrap();
    let table = |xp: &[f64], fp: &[f64]| {
        let of = |numbers: &[f64]| Array1::from_iter(numbers.iter().map(|&x| value::<T>(x)));
        InterpTable::new(device, &of(xp), &of(fp)).unwrap()
    };
    // No queries: a matrix without rows, wherever its memory comes from.
    drop(upload(&[7.0]));
    let at = table(&[0.0, 1.0], &[0.0, 1.0]).locate(&upload(&[])).unwrap();
    let (indptr, indices, data) = at.to_csr().unwrap();
    assert_eq!((values(&indptr), values(&indices), values(&data)), (vec![0], vec![], vec![]), "{name}");
    assert_eq!(values(&at.transpose_apply(&upload(&[])).unwrap()), [T::zero(); 2], "{name}");
    // Values that no query depends on do not reach the knots beside them.
    for fp in [[0.0, 1.0, 2.0, f64::NAN], [0.0, 1.0, 2.0, f64::INFINITY], [f64::NAN, 1.0, 2.0, 3.0]] {
        let x = if fp[0].is_nan() { 2.5 } else { 0.5 };
        let found = table(&[0.0, 1.0, 2.0, 3.0], &fp).interp_vjp(&upload(&[x]), &upload(&[1.0]), Wanted::XP).unwrap();
        let want = if fp[0].is_nan() { [0.0, 0.0, -0.5, -0.5] } else { [-0.5, -0.5, 0.0, 0.0] };
        let got: Vec<f64> = values(&found.xp.unwrap()).into_iter().map(wide).collect();
        assert_eq!(got, want, "{name}: {fp:?}");
    }
    // One knot is left to close a period.
    let xp = [T::one(), T::nan()];
    let once = InterpTable::builder(&xp, &xp).order(Order::Sort).period(value(5.0)).build(device).unwrap();
    let (_, columns, weights) = once.locate(&upload(&[2.0])).unwrap().to_csr().unwrap();
    assert_eq!((values(&columns), values(&weights)), (vec![0, 1], vec![T::one(), T::zero()]), "{name}");
    // A large share leaves the other sum of its segment as it is.
    let at = table(&[0.0, 1.0, 2.0], &[0.0; 3]).locate(&upload(&[0.0, 0.5])).unwrap();
    let got: Vec<f64> = values(&at.transpose_apply(&upload(&[1e30, 1.0])).unwrap()).into_iter().map(wide).collect();
    assert_eq!(got, [wide(value::<T>(1e30)), 0.5, 0.0], "{name}");
    // Queries in the memory of a plan, which goes on to others.
    let twice = table(&[0.0, 100.0], &[0.0, 100.0]);
    let mut plan = device.capture(&upload(&[0.5, 1.5]), |x| twice.interp(x)).unwrap();
    let output = plan.replay().unwrap();
    let squares = table(&[0.0, 1.0, 2.0, 3.0], &[0.0, 1.0, 4.0, 9.0]);
    let (at, fp) = (squares.locate(&output).unwrap(), upload(&[0.0, 1.0, 4.0, 9.0]));
    plan.write(&upload(&[2.5, 2.75])).unwrap();
    plan.replay().unwrap();
    assert_eq!(values(&at.apply(&fp).unwrap()), [0.5, 2.5].map(value::<T>), "{name}: queries as they were");
    let refused = table(&[0.0, 1.0], &[0.0, 1.0]).interp_jvp(&upload(&[0.5]), Tangents::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidOption, "{name}: {refused}");
}

#[test]
fn corners_of_located_queries() {
    on_every_engine!(corners);
}

/// The bits of a number, by way of f64, which tells all numbers and both zeros apart.
trait BitsForTest {
    fn bits_for_test(self) -> u64;
}

impl<T: Float> BitsForTest for T {
    fn bits_for_test(self) -> u64 {
        wide(self).to_bits()
    }
}

#[test]
fn located_queries_are_the_matrix_of_the_interpolation() {
    on_every_engine!(is_the_matrix);
}

/// Where products and sums are exact in f64, the transpose is what they come to, to the last bit.
fn sums_are_exact<T: Float>(device: &Device, name: &str) {
    let n = 1024;
    let xp: Vec<T> = (0..n).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::new(device, &xp, &xp).unwrap();
    let mut random = Random::new(4);
    for (kind, m) in [("one", 300_001), ("two", 100_003), ("any", 200_002), ("sorted", 65_537), ("one", 1), ("any", 5)]
    {
        let mut x: Vec<f64> = (0..m)
            .map(|_| {
                let cell = match kind {
                    "one" => 77,
                    "two" => [77, 500][random.below(2)],
                    _ => random.below(n as usize - 1),
                };
                (cell * 64 + random.below(64)) as f64 / 64.0
            })
            .collect();
        if kind == "sorted" {
            x.sort_by(f64::total_cmp);
        }
        let g: Vec<f64> = (0..m).map(|_| (random.below(2001) as f64 - 300.0) / 16.0).collect();
        let mut sums = vec![0.0_f64; n as usize];
        for (&x, &g) in x.iter().zip(&g) {
            let (cell, part) = (x as usize, x.fract());
            sums[cell] += g * (1.0 - part);
            if part > 0.0 {
                sums[cell + 1] += g * part;
            }
        }
        let upload =
            |numbers: &[f64]| device.upload(&Array1::from_iter(numbers.iter().map(|&x| value::<T>(x)))).unwrap();
        let at = table.locate(&upload(&x)).unwrap();
        let g = upload(&g);
        let first = values(&at.transpose_apply(&g).unwrap());
        for (knot, (&got, &sum)) in first.iter().zip(&sums).enumerate() {
            assert_eq!(got, value::<T>(sum), "{name}: {m} in {kind}, knot {knot}");
        }
        for _ in 0..20 {
            assert_eq!(values(&at.transpose_apply(&g).unwrap()), first, "{name}: {m} in {kind}, the same bits");
        }
    }
}

#[test]
fn sums_of_the_transpose_are_exact_and_the_same_on_every_run() {
    on_every_engine!(sums_are_exact);
}

/// Numbers that no sum of the crate's keeps exactly, on any number of threads.
fn threads_do_not_matter<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(5);
    let mut numbers = |len: usize, size: f64| -> Vec<T> {
        (0..len).map(|_| value((random.unit() - 0.5) * size * 10_f64.powf(random.unit() * 6.0 - 3.0))).collect()
    };
    let (mut xp, m) = (numbers(500, 10.0), 70_000);
    xp.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let (x, g) = (numbers(m, 10.0), numbers(m, 1.0));
    let table = InterpTable::builder(&xp, &xp).extrapolate().build(device).unwrap();
    let at = table.locate(&device.upload(&arr1(&x)).unwrap()).unwrap();
    let g = device.upload(&arr1(&g)).unwrap();
    let first = values(&at.transpose_apply(&g).unwrap());
    for threads in [1, 2, 3, 7, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            for _ in 0..20 {
                assert_eq!(values(&at.transpose_apply(&g).unwrap()), first, "{name}: {threads} threads");
            }
        });
    }
}

#[test]
fn the_transpose_does_not_depend_on_the_number_of_threads() {
    on_every_engine!(threads_do_not_matter);
}

fn special_cotangents<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..6).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::new(device, &xp, &xp).unwrap();
    let x = device.upload(&arr1(&[0.5, 1.0, 2.5, 3.5, 4.5, f64::NAN].map(value::<T>))).unwrap();
    let at = table.locate(&x).unwrap();
    let transposed = |g: [f64; 6]| {
        let g = device.upload(&arr1(&g.map(value::<T>))).unwrap();
        values(&at.transpose_apply(&g).unwrap()).into_iter().map(wide).collect::<Vec<_>>()
    };
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    // At a knot nothing of a cotangent goes to the next, be it infinite.
    let got = transposed([2.0, inf, 4.0, 8.0, 16.0, nan]);
    assert_eq!(got, [1.0, inf, 2.0, 6.0, 12.0, 8.0], "{name}");
    let got = transposed([2.0, 1.0, -inf, inf, 16.0, 7.0]);
    assert_eq!(got[..3], [1.0, 2.0, -inf], "{name}");
    assert!(got[3].is_nan(), "{name}: opposite infinities");
    assert_eq!(got[4..], [inf, 8.0], "{name}");
    let got = transposed([nan, 1.0, 4.0, 8.0, 16.0, 7.0]);
    assert!(got[0].is_nan() && got[1].is_nan(), "{name}");
    assert_eq!(got[2..], [2.0, 6.0, 12.0, 8.0], "{name}");
    assert_eq!(transposed([0.0; 6]), [0.0; 6], "{name}");
    // As large and as small as there are.
    let most = wide(T::max_value());
    assert_eq!(transposed([most, 0.0, 0.0, 0.0, 0.0, 0.0])[..2], [most / 2.0; 2], "{name}");
    assert_eq!(transposed([most, most, 0.0, 0.0, 0.0, 0.0])[1], inf, "{name}");
}

#[test]
fn a_cotangent_that_is_no_number_reaches_its_own_knots_only() {
    on_every_engine!(special_cotangents);
}

fn several_fields<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(6);
    let mut numbers = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || value::<T>(random.unit() * 8.0));
    for (fields, n, m) in [(1, 5, 9), (3, 20, 17), (2, 300, 1000), (5, 4, 0)] {
        let mut xp = numbers((1, n)).into_raw_vec_and_offset().0;
        xp.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let (fp, x, g) = (numbers((fields, n)), numbers((1, m)), numbers((fields, m)));
        let table = InterpTable::new(device, &xp, &xp).unwrap();
        let x = device.upload(&x.into_shape_with_order(m).unwrap()).unwrap();
        let at = table.locate(&x).unwrap();
        let (fp_there, g_there) = (device.upload(&fp).unwrap(), device.upload(&g).unwrap());
        let (applied, transposed) = (at.apply(&fp_there).unwrap(), at.transpose_apply(&g_there).unwrap());
        assert_eq!((applied.shape(), transposed.shape()), (&[fields, m][..], &[fields, n][..]), "{name}");
        let (applied, transposed) = (values(&applied), values(&transposed));
        for field in 0..fields {
            let (fp, g) = (device.upload(&fp.row(field)).unwrap(), device.upload(&g.row(field)).unwrap());
            assert_eq!(values(&at.apply(&fp).unwrap()), applied[field * m..][..m], "{name}");
            assert_eq!(values(&at.transpose_apply(&g).unwrap()), transposed[field * n..][..n], "{name}");
        }
    }
}

#[test]
fn several_fields_are_applied_and_transposed_at_once() {
    on_every_engine!(several_fields);
}

fn located_rows<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(7);
    let (tables, n, m) = (4, 30, 70);
    let mut numbers = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || value::<T>(random.unit() * 8.0));
    let mut xp = numbers((tables, n));
    xp.rows_mut().into_iter().for_each(|mut row| row.as_slice_mut().unwrap().sort_by(|a, b| a.partial_cmp(b).unwrap()));
    let (fp, x, g) = (numbers((tables, n)), numbers((tables, m)), numbers((tables, m)));
    let upload = |array: &Array2<T>| device.upload(array).unwrap();
    let one = |array: ndarray::ArrayView1<'_, T>| device.upload(&array).unwrap();
    let shared = xp.row(0).to_owned();
    for own_knots in [true, false] {
        for own_queries in [true, false] {
            let table = match own_knots {
                true => InterpTable::new(device, &xp, &fp),
                false => InterpTable::new(device, &shared, &fp),
            };
            let table = table.unwrap();
            let at = match own_queries {
                true => table.locate_rows(&upload(&x)),
                false => table.locate_rows(&one(x.row(0))),
            };
            let at = at.unwrap();
            assert_eq!(at.shape(), [tables, m]);
            let (applied, transposed) = (at.apply(&upload(&fp)).unwrap(), at.transpose_apply(&upload(&g)).unwrap());
            let weights = one(x.slice(ndarray::s![1, ..]));
            let averages = at.apply_average(&upload(&fp), Axis(1), &weights).unwrap();
            assert_eq!(values(&averages), values(&applied.average_axis(Axis(1), &weights).unwrap()), "{name}");
            let across = at.apply_average(&upload(&fp), Axis(0), &one(x.slice(ndarray::s![1, ..tables]))).unwrap();
            let weights = one(x.slice(ndarray::s![1, ..tables]));
            assert_eq!(values(&across), values(&applied.average_axis(Axis(0), &weights).unwrap()), "{name}");
            let (applied, transposed) = (values(&applied), values(&transposed));
            let (indptr, indices, data) = at.to_csr().unwrap();
            assert_eq!(values(&indptr).last(), Some(&(2 * (tables * m) as u32)), "{name}");
            let (indices, data) = (values(&indices), values(&data));
            let cells = values(&at.cells().unwrap());
            for row in 0..tables {
                let knots = if own_knots { xp.row(row) } else { shared.view() };
                let queries = if own_queries { x.row(row) } else { x.row(0) };
                let alone = InterpTable::new(device, knots, fp.row(row)).unwrap();
                let at = alone.locate(&one(queries)).unwrap();
                assert_eq!(values(&at.cells().unwrap()), cells[row * m..][..m], "{name}");
                assert_eq!(values(&at.apply(&one(fp.row(row))).unwrap()), applied[row * m..][..m], "{name}");
                assert_eq!(
                    values(&at.transpose_apply(&one(g.row(row))).unwrap()),
                    transposed[row * n..][..n],
                    "{name}"
                );
                let (_, columns, weights) = at.to_csr().unwrap();
                let columns: Vec<u32> = values(&columns).iter().map(|column| column + (row * n) as u32).collect();
                assert_eq!(
                    (columns, values(&weights)),
                    (indices[2 * row * m..][..2 * m].to_vec(), data[2 * row * m..][..2 * m].to_vec()),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn located_rows_are_those_of_their_tables() {
    on_every_engine!(located_rows);
}

fn averages_without_rows<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..50).map(|knot| value(f64::from(knot) * 0.3)).collect();
    let table = InterpTable::new(device, &xp, &xp).unwrap();
    let mut random = Random::new(8);
    let x = Array2::from_shape_simple_fn((20, 300), || value::<T>(random.unit() * 15.0));
    let fields = Array2::from_shape_simple_fn((3, 50), || value::<T>(random.unit()));
    let x = device.upload(&x).unwrap();
    let at = table.locate(&x).unwrap();
    let (fp, along) =
        (device.upload(&fields.row(1)).unwrap(), device.upload(&Array1::from_elem(300, T::one())).unwrap());
    let full = device.upload(&Array2::from_shape_fn((20, 300), |(row, column)| value((row + column) as f64))).unwrap();
    let applied = at.apply(&fp).unwrap();
    for axis in [Axis(0), Axis(1)] {
        let want = values(&applied.average_axis(axis, &full).unwrap());
        let got = values(&at.apply_average(&fp, axis, &full).unwrap());
        all_near(&got, &want, |want| 2.0 * wide(T::epsilon()) * want.abs(), format!("{name}, {axis:?}"));
    }
    let want = values(&applied.average_axis(Axis(1), &along).unwrap());
    let got = values(&at.apply_average(&fp, Axis(1), &along).unwrap());
    all_near(&got, &want, |want| 2.0 * wide(T::epsilon()) * want.abs(), name);
    let flat = x.reshape(6000).unwrap();
    let at = table.locate(&flat).unwrap();
    let fields = device.upload(&fields).unwrap();
    let weights = device.upload(&Array1::from_iter((0..6000).map(|i| value::<T>(f64::from(i % 7))))).unwrap();
    let want = values(&at.apply(&fields).unwrap().average_axis(Axis(1), &weights).unwrap());
    let got = values(&at.apply_average(&fields, Axis(1), &weights).unwrap());
    all_near(&got, &want, |want| 2.0 * wide(T::epsilon()) * want.abs(), name);
    let nothing = device.upload(&Array1::<T>::zeros(6000)).unwrap();
    let refused = at.apply_average(&fields, Axis(1), &nothing).unwrap().readback().wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ZeroWeights, "{name}");
}

fn averages_backward<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..30).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::builder(&xp, &xp).extrapolate().build(device).unwrap();
    let mut random = Random::new(10);
    let mut numbers = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || value::<T>(random.unit() * 32.0));
    for (rows, columns) in [(1, 1), (7, 40), (300, 65), (2, 5000)] {
        let x = device.upload(&numbers((rows, columns))).unwrap();
        let at = table.locate(&x).unwrap();
        let full = device.upload(&numbers((rows, columns))).unwrap();
        for axis in [Axis(0), Axis(1)] {
            let (len, outputs) = if axis.0 == 0 { (rows, columns) } else { (columns, rows) };
            let along = device.upload(&numbers((1, len)).row(0)).unwrap();
            let g = device.upload(&numbers((1, outputs)).row(0)).unwrap();
            let applied = at.apply(&device.upload(&arr1(&xp)).unwrap()).unwrap();
            for (kind, got, of_array) in [
                (
                    "shared",
                    at.transpose_apply_average(axis, &along, &g),
                    applied.average_axis_vjp(axis, &along, &g).unwrap().0,
                ),
                (
                    "full",
                    at.transpose_apply_average(axis, &full, &g),
                    applied.average_axis_vjp(axis, &full, &g).unwrap().0,
                ),
            ] {
                let want = values(&at.transpose_apply(&of_array).unwrap());
                let what = format!("{name}, {kind} weights of {rows} x {columns}, {axis:?}");
                all_near(&values(&got.unwrap()), &want, |want| 4.0 * wide(T::epsilon()) * want.abs(), what);
            }
            let nothing = device.upload(&Array1::<T>::zeros(len)).unwrap();
            let refused = at.transpose_apply_average(axis, &nothing, &g).unwrap().readback().wait().unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ZeroWeights, "{name}");
        }
    }
}

#[test]
fn averages_go_backward_without_their_rows() {
    on_every_engine!(averages_backward);
}

#[test]
fn averages_of_located_rows_are_those_of_written_ones() {
    on_every_engine!(averages_without_rows);
}

fn mistakes<T: Float>(device: &Device, name: &str) {
    let numbers = |shape: (usize, usize)| device.upload(&Array2::<T>::ones(shape)).unwrap();
    let row = |len: usize| device.upload(&Array1::<T>::ones(len)).unwrap();
    let xp: Vec<T> = (0..5).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::new(device, &xp, &xp).unwrap();
    let at = table.locate(&row(3)).unwrap();
    assert_eq!(format!("{at:?}"), format!("Located<{}>[3] in 1 x 5 knots on {}", T::TYPE, device.info().name));
    let message = |error: ndgpu::Error, kind: ErrorKind| {
        assert_eq!(error.kind(), kind, "{name}: {error}");
        error.to_string()
    };
    let refused = message(at.apply(&row(4)).unwrap_err(), ErrorKind::ShapeMismatch);
    assert!(refused.contains("[4]") && refused.contains("5 knots"), "{refused}");
    let refused = message(at.transpose_apply(&row(4)).unwrap_err(), ErrorKind::ShapeMismatch);
    assert!(refused.contains("[4]") && refused.contains("[3]"), "{refused}");
    message(at.transpose_apply(&numbers((2, 4))).unwrap_err(), ErrorKind::ShapeMismatch);
    message(table.interp_vjp(&row(3), &row(4), Wanted::X).unwrap_err(), ErrorKind::ShapeMismatch);
    let wrong = row(4);
    let tangents = [
        Tangents { x: Some(&wrong), ..Tangents::default() },
        Tangents { xp: Some(&wrong), ..Tangents::default() },
        Tangents { fp: Some(&wrong), ..Tangents::default() },
    ];
    for tangents in tangents {
        message(table.interp_jvp(&row(3), tangents).unwrap_err(), ErrorKind::ShapeMismatch);
    }
    let two = InterpTable::new(device, &xp, &arr2(&[[T::one(); 5]; 2])).unwrap();
    for refused in [two.locate(&row(3)).err(), two.derivative(&row(3)).err()] {
        let refused = message(refused.unwrap(), ErrorKind::ShapeMismatch);
        assert!(refused.contains("2") && refused.contains("_rows gives each"), "{name}: {refused}");
    }
    message(two.derivative_rows(&numbers((3, 4))).unwrap_err(), ErrorKind::ShapeMismatch);
    let rows = two.locate_rows(&row(3)).unwrap();
    message(rows.apply(&row(5)).unwrap_err(), ErrorKind::ShapeMismatch);
    message(rows.transpose_apply(&row(3)).unwrap_err(), ErrorKind::ShapeMismatch);
    let elsewhere = Device::cpu();
    let foreign = elsewhere.upload(&Array1::<T>::ones(5)).unwrap();
    let refused = message(at.apply(&foreign).unwrap_err(), ErrorKind::DeviceMismatch);
    let (here, there) = (&device.info().name, &elsewhere.info().name);
    // Each by its part in it, where they can be told apart.
    assert!(
        here == there || refused.contains(&format!("fp: on device \"{there}\", but this call runs on \"{here}\"")),
        "{refused}"
    );
    message(at.apply(&numbers((0, 5))).unwrap_err(), ErrorKind::ShapeMismatch);
    let missing = InterpTable::builder(&xp, &xp).skip_missing().build(device).unwrap();
    message(missing.locate(&row(3)).unwrap().apply(&row(5)).unwrap_err(), ErrorKind::InvalidOption);
}

/// Slopes of several tables are those of each, whoever shares knots and queries.
fn slopes_of_rows<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(21);
    let mut numbers = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || value::<T>(random.unit() * 9.0));
    for (tables, knots, columns) in [(1, 1, 3), (3, 2, 1), (5, 40, 263), (2, 300, 17)] {
        let mut own = numbers((tables, knots));
        own.rows_mut().into_iter().for_each(|mut row| {
            row.as_slice_mut().unwrap().sort_by(|a, b| a.partial_cmp(b).unwrap());
        });
        let (fp, mut x) = (numbers((tables, knots)), numbers((tables, columns)));
        x[(0, 0)] = T::nan();
        let shared = own.row(0).to_vec();
        let rows = device.upload(&x).unwrap();
        let row = device.upload(&x.row(0)).unwrap();
        for with_own_knots in [false, true] {
            let both = match with_own_knots {
                true => InterpTable::builder(&own, &fp).extrapolate().build(device),
                false => InterpTable::builder(&shared, &fp).extrapolate().build(device),
            };
            let both = both.unwrap();
            let (apart, alike) = (both.derivative_rows(&rows).unwrap(), both.derivative_rows(&row).unwrap());
            assert_eq!((apart.shape(), alike.shape()), (&[tables, columns][..], &[tables, columns][..]), "{name}");
            let (apart, alike) = (values(&apart), values(&alike));
            for table in 0..tables {
                let xp = if with_own_knots { own.row(table).to_vec() } else { shared.clone() };
                let alone = InterpTable::builder(&xp, &fp.row(table)).extrapolate().build(device).unwrap();
                for (found, x) in [(&apart, x.row(table)), (&alike, x.row(0))] {
                    let expected = values(&alone.derivative(&device.upload(&x).unwrap()).unwrap());
                    let found = &found[table * columns..][..columns];
                    assert!(
                        found.iter().zip(&expected).all(|(&one, &other)| same(one, other)),
                        "{name}: table {table} of {tables} x {knots}"
                    );
                }
            }
        }
    }
}

#[test]
fn slopes_of_several_tables_are_those_of_each() {
    on_every_engine!(slopes_of_rows);
}

#[test]
fn operands_that_do_not_fit_are_refused() {
    on_every_engine!(mistakes);
}

fn in_plans<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..40).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::builder(&xp, &xp).left(value(2.0)).build(device).unwrap();
    let mut random = Random::new(9);
    let mut numbers = |len: usize| Array1::from_shape_simple_fn(len, || value::<T>(random.unit() * 50.0 - 5.0));
    let inputs: Vec<_> = (0..3).map(|_| (numbers(100), numbers(40), numbers(100))).collect();
    let upload = |array: &Array1<T>| device.upload(array).unwrap();
    let first = &inputs[0];
    let operands = (&upload(&first.0), &upload(&first.1), &upload(&first.2));
    let plan = device.capture(operands, |(x, fp, g)| {
        let table = table.with_values(fp)?;
        let at = table.locate(x)?;
        let found = table.interp_vjp(x, g, Wanted::ALL)?;
        let part = |array: Option<ndgpu::DeviceArray<T, ndarray::Ix1>>| array.expect("wanted");
        Ok((
            at.apply(fp)?,
            at.transpose_apply(g)?,
            table.derivative(x)?,
            part(found.x),
            part(found.xp),
            found.left.expect("wanted"),
        ))
    });
    let mut plan = plan.unwrap();
    for (x, fp, g) in &inputs {
        let (x, fp, g) = (upload(x), upload(fp), upload(g));
        plan.write((&x, &fp, &g)).unwrap();
        let (applied, transposed, slopes, queries, knots, left) = plan.replay().unwrap();
        let table = table.with_values(&fp).unwrap();
        assert_eq!(values(&applied), values(&table.interp(&x).unwrap()), "{name}");
        let found = table.interp_vjp(&x, &g, Wanted::ALL).unwrap();
        assert_eq!(values(&transposed), values(&found.fp.unwrap()), "{name}");
        assert_eq!(values(&queries), values(&found.x.unwrap()), "{name}");
        assert_eq!(values(&knots), values(&found.xp.unwrap()), "{name}");
        assert_eq!(values(&left), values(&found.left.unwrap()), "{name}");
        assert_eq!(values(&slopes), values(&table.derivative(&x).unwrap()), "{name}");
    }
}

fn fused_backward<T: Float>(device: &Device, name: &str) {
    let xp: Vec<T> = (0..20).map(|knot| value(f64::from(knot))).collect();
    let table = InterpTable::new(device, &xp, &xp).unwrap();
    let mut random = Random::new(11);
    let mut numbers = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || value::<T>(random.unit() * 19.0));
    let x = device.upload(&numbers((50, 80))).unwrap();
    let at = table.locate(&x).unwrap();
    let upload = |array: &Array2<T>| device.upload(&array.row(0)).unwrap();
    let (weights, first, second) = (upload(&numbers((1, 80))), numbers((1, 50)), numbers((1, 50)));
    let backward = |g: &ndgpu::DeviceArray<T, ndarray::Ix1>, x: &ndgpu::DeviceArray<T, ndarray::Ix2>| {
        let (of_array, _) = x.weighted_sum_axis_vjp(Axis(1), &weights, g)?;
        at.transpose_apply(&of_array)
    };
    let mut plan = device.capture(&upload(&first), |g| backward(g, &x)).unwrap();
    assert_eq!(plan.fused(), 1, "{name}: {plan}");
    for g in [&first, &second] {
        plan.write(&upload(g)).unwrap();
        assert_eq!(values(&plan.replay().unwrap()), values(&backward(&upload(g), &x).unwrap()), "{name}");
    }
}

#[test]
fn a_plan_writes_no_cotangents_of_what_was_averaged() {
    on_every_engine!(fused_backward);
}

#[test]
fn plans_hold_both_directions() {
    on_every_engine!(in_plans);
}
