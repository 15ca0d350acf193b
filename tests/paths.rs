//! Results do not depend on the kernel that was chosen: sizes on each side of every boundary, and everything that makes
//! the GPU engine choose another kernel, against the CPU engine, which knows none of them.

mod support;

use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn};
use ndgpu::{Device, DeviceArray, DeviceKind, Float, InterpTable, InterpTableBuilder, Method, Result};
use support::devices::{Precision, configurations, flushes_subnormals};
use support::random::Random;

/// Equal, or NaN both, or as close as rounding at this scale allows.
fn assert_same<T: Float>(got: &[T], want: &[T], scale: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (place, (got, want)) in got.iter().zip(want).enumerate() {
        let (got, want) = (got.to_f64().unwrap(), want.to_f64().unwrap());
        let same = got == want || (got.is_nan() && want.is_nan());
        let close = got.is_finite() && want.is_finite() && (got - want).abs() <= scale * T::epsilon().to_f64().unwrap();
        assert!(same || close, "{what}: {got} at {place} instead of {want}");
    }
}

fn value<T: Float>(value: f64) -> T {
    T::from(value).unwrap()
}

/// What can be asked of a table, by name.
const RULES: [&str; 8] = ["none", "left", "both", "period", "extended", "nearest", "previous", "next"];

fn with_rule<'a, T: Float>(rule: &str, table: InterpTableBuilder<'a, T>) -> InterpTableBuilder<'a, T> {
    match rule {
        "left" => table.left(T::neg_infinity()),
        "both" => table.left(value(-7.0)).right(T::nan()),
        "period" => table.period(value(37.5)),
        "extended" => table.extrapolate(),
        "nearest" => table.method(Method::Nearest),
        "previous" => table.method(Method::Previous),
        "next" => table.method(Method::Next),
        _ => table,
    }
}

/// Values among which are all that are special, some side by side.
fn values<T: Float>(random: &mut Random, tables: usize, knots: usize, special: bool) -> Array2<T> {
    let specials = [T::infinity(), T::neg_infinity(), T::nan(), T::zero(), -T::zero()];
    Array2::from_shape_fn((tables, knots), |_| {
        if special && random.below(3) == 0 { specials[random.below(5)] } else { value(random.unit() * 20.0 - 10.0) }
    })
}

fn tables_by_every_path<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    // Slopes over the widest range there is are subnormal.
    let furthest = if flushes_subnormals(device) { value(1e18) } else { T::max_value() };
    let mut random = Random::new(23);
    // 64 KiB of constants hold 4,096 segments of f32, 2,048 of f64.
    let most = (64 << 10) / (4 * size_of::<T>());
    let sizes = [
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 100),
        (1, most - 1),
        (1, most),
        (1, most + 1),
        (1, 2 * most + 7),
        (3, 50),
        (4, most / 4),
        (5, most / 4),
        (3, 3000),
    ];
    for (number, (tables, knots)) in sizes.into_iter().enumerate() {
        for (kind, special) in [("scattered", true), ("scattered", false), ("logarithmic", true), ("unbounded", true)] {
            let mut xp = Array2::from_shape_fn((tables, knots), |_| match kind {
                "logarithmic" => value::<T>(10_f64.powf(random.unit() * 20.0 - 10.0)),
                _ => value(random.unit() * 100.0 - 50.0),
            });
            for mut row in xp.rows_mut() {
                row.as_slice_mut().unwrap().sort_by(|a, b| a.partial_cmp(b).unwrap());
                if kind == "unbounded" && knots > 2 {
                    (row[0], row[knots - 1]) = (-furthest, furthest);
                }
            }
            let fp = values::<T>(&mut random, tables, knots, special);
            // Not a multiple of four, and for one table more than one workgroup.
            let columns = [5, 8, 1031][number % 3];
            let x = Array2::from_shape_fn((tables, columns), |(row, column)| match column % 7 {
                0 => xp[[row, random.below(knots)]],
                1 => value(random.unit() * 300.0 - 150.0),
                2 if column % 21 == 2 => [T::nan(), T::infinity(), T::neg_infinity()][random.below(3)],
                _ => xp[[row, random.below(knots)]] + value::<T>(random.unit() - 0.5),
            });
            for rule in RULES {
                // A padded table is larger than it looks; the boundary itself is the other rules' business.
                let on = |device: &Device, own_knots: bool| {
                    let xp = if own_knots { xp.clone() } else { xp.select(Axis(0), &[0]) };
                    let table = if own_knots {
                        with_rule(rule, InterpTable::builder(&xp, &fp)).build(device)
                    } else {
                        let xp = xp.row(0).to_owned();
                        with_rule(rule, InterpTable::builder(&xp, &fp)).build(device)
                    };
                    let table = table.unwrap();
                    let own = table.interp_rows(&device.upload(&x).unwrap()).unwrap();
                    let shared = table.interp_rows(&device.upload(&x.row(0)).unwrap()).unwrap();
                    [own, shared].map(|y| y.readback().wait().unwrap().into_array().into_raw_vec_and_offset().0)
                };
                for own_knots in [true, false] {
                    let what = format!(
                        "{name}: {tables} x {knots} {kind} knots, own {own_knots}, special {special}, rule {rule}"
                    );
                    for (got, want) in on(device, own_knots).iter().zip(on(&cpu, own_knots)) {
                        // Where the rule goes on outside, rounding grows with the distance.
                        let steep = if rule == "extended" { 1e12 } else { 1e3 };
                        assert_same(got, &want, steep, &what);
                    }
                }
            }
            // Known to nobody but the device: neither an index nor whether the range is finite.
            let on = |device: &Device| {
                let table =
                    InterpTable::from_device(&device.upload(&xp).unwrap(), &device.upload(&fp).unwrap()).unwrap();
                let y = table.interp_rows(&device.upload(&x).unwrap()).unwrap();
                y.readback().wait().unwrap().into_array().into_raw_vec_and_offset().0
            };
            assert_same(&on(device), &on(&cpu), 1e3, &format!("{name}: {tables} x {knots} {kind} knots on the device"));
        }
    }
}

#[test]
fn a_table_gives_the_same_by_every_path() {
    for configuration in configurations() {
        let device = configuration.device();
        match configuration.precision {
            _ if device.info().kind == DeviceKind::Cpu => {}
            Precision::F32 => tables_by_every_path::<f32>(&device, configuration.name),
            Precision::F64 => tables_by_every_path::<f64>(&device, configuration.name),
        }
    }
}

/// A reduction, by name.
fn reduced<T: Float>(
    what: &str,
    a: &DeviceArray<T, IxDyn>,
    axis: Axis,
    along: &DeviceArray<T, ndarray::Ix1>,
    full: &DeviceArray<T, IxDyn>,
) -> Result<Vec<T>> {
    let result = match what {
        "sum" => a.sum_axis(axis)?,
        "mean" => a.mean_axis(axis)?,
        "average" => a.average_axis(axis, along)?,
        "full" => a.average_axis(axis, full)?,
        "weighted sum" => a.weighted_sum_axis(axis, full)?,
        "std" => a.std_axis(axis, T::one())?,
        "min" => a.min_axis(axis)?,
        "max" => a.max_axis(axis)?,
        "skipping mean" => a.skip_nan().mean_axis(axis)?,
        "skipping average" => a.skip_nan().average_axis(axis, along)?,
        "skipping std" => a.skip_nan().std_axis(axis, T::zero())?,
        "argmax" => {
            let places = a.argmax_axis(axis)?.readback().wait()?.into_array();
            return Ok(places.iter().map(|&place| value(f64::from(place))).collect());
        }
        _ => a.skip_nan().min_axis(axis)?,
    };
    Ok(result.readback().wait()?.into_array().into_raw_vec_and_offset().0)
}

fn reductions_by_every_path<T: Float>(device: &Device, name: &str) {
    let cpu = Device::cpu();
    let mut random = Random::new(29);
    // Lines and places around the four of a block, and enough of both for several parts.
    for shape in [
        &[1, 8][..],
        &[3, 8],
        &[4, 8],
        &[5, 8],
        &[7, 12],
        &[8, 9],
        &[9, 1000],
        &[300, 64],
        &[5, 40_000],
        &[40_000, 4],
        &[3, 5, 4],
        &[2, 1000, 8],
        &[1, 7, 12],
        &[6, 40_001, 4],
        &[2, 3, 6],
        &[40_002, 8],
    ] {
        for special in [false, true] {
            let a = ArrayD::from_shape_fn(IxDyn(shape), |_| match random.below(50) {
                0 if special => T::nan(),
                _ => value::<T>(random.unit() * 2.0 - 1.0),
            });
            let full = ArrayD::from_shape_fn(IxDyn(shape), |_| value::<T>(random.unit() + 0.1));
            for axis in 0..shape.len() {
                let along = Array1::from_shape_fn(shape[axis], |_| value::<T>(random.unit() + 0.1));
                let on = |device: &Device, what: &str| {
                    let [a, full] = [&a, &full].map(|array| device.upload(array).unwrap());
                    reduced(what, &a, Axis(axis), &device.upload(&along).unwrap(), &full)
                };
                for what in [
                    "sum",
                    "mean",
                    "average",
                    "full",
                    "weighted sum",
                    "std",
                    "min",
                    "max",
                    "argmax",
                    "skipping mean",
                    "skipping average",
                    "skipping std",
                    "skipping min",
                ] {
                    let scale = if what.contains("sum") { 4.0 + shape[axis] as f64 * 1e-2 } else { 4.0 };
                    let say = format!("{name}: {what} of {shape:?} along {axis}, special {special}");
                    match (on(device, what), on(&cpu, what)) {
                        (Ok(got), Ok(want)) => assert_same(&got, &want, scale, &say),
                        // Weights that were all skipped.
                        (got, want) => {
                            let kind = |result: Result<Vec<T>>| result.err().map(|error| error.kind());
                            assert_eq!(kind(got), kind(want), "{say}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_reduction_gives_the_same_by_every_path() {
    for configuration in configurations() {
        let device = configuration.device();
        match configuration.precision {
            _ if device.info().kind == DeviceKind::Cpu => {}
            Precision::F32 => reductions_by_every_path::<f32>(&device, configuration.name),
            Precision::F64 => reductions_by_every_path::<f64>(&device, configuration.name),
        }
    }
}
