//! Tables of every size, rule and layout of knots.

use ndarray::{Array2, Axis};
use ndgpu::{Device, Float, InterpTable, InterpTableBuilder, Method};

use super::reduced::assert_same;
use crate::support::arrays::values;
use crate::support::devices::flushes_subnormals;
use crate::support::engines::{gpus, on_every_engine};
use crate::support::numbers::value;
use crate::support::random::Random;

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
fn table_values<T: Float>(random: &mut Random, tables: usize, knots: usize, special: bool) -> Array2<T> {
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
            let fp = table_values::<T>(&mut random, tables, knots, special);
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
                    [own, shared].map(|y| values(&y))
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
            // Known to nobody but the device, which makes the index; and whether the range is finite nobody knows.
            let on = |device: &Device| {
                let table =
                    InterpTable::from_device(&device.upload(&xp).unwrap(), &device.upload(&fp).unwrap()).unwrap();
                let y = table.interp_rows(&device.upload(&x).unwrap()).unwrap();
                values(&y)
            };
            assert_same(&on(device), &on(&cpu), 1e3, &format!("{name}: {tables} x {knots} {kind} knots on the device"));
        }
    }
}

#[test]
fn a_table_gives_the_same_by_every_path() {
    on_every_engine!(tables_by_every_path; on gpus());
}
