//! Tables with gaps, in any order, by any rules.

use ndarray::{ArrayD, ArrayViewD, IxDyn, arr1};
use ndgpu::{Device, ErrorKind, Float, InterpTable, Method, Order};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use super::inputs::values_of;
use super::tables::{Table, interpolated, table};
use crate::support::devices::flushes_subnormals;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};
use crate::support::oracle::{Asked, Sorted};
use crate::support::random::Random;
use crate::{SEED, holds};

/// How much of a table is missing.
#[derive(Clone, Copy, Debug)]
enum Missing {
    Nothing,
    /// One in four knots and, where they may be left out, one in four values.
    Some,
    /// All of every other row, and some of the others.
    Rows,
}

/// A table whose knots come in any order, with gaps, and by which rules it is asked.
#[derive(Clone, Debug)]
struct Gappy {
    table: Table,
    missing: Missing,
    /// One of those that [`periods`] knows.
    period: Option<usize>,
    ends: (bool, bool),
    extrapolate: bool,
    method: Method,
    skip_missing: bool,
    /// Sorts the knots, or else checks their order, which is then right; not with a period, which sorts.
    sort: bool,
}

fn gappy() -> impl Strategy<Value = Gappy> {
    let methods = vec![Method::Linear, Method::Linear, Method::Nearest, Method::Previous, Method::Next];
    let missing = select(vec![Missing::Nothing, Missing::Some, Missing::Some, Missing::Rows]);
    let period = prop_oneof![2 => Just(None), 1 => (0..PERIODS).prop_map(Some)];
    // Rows of few knots, which are soon left with one, two or none, as well as any others.
    let tables =
        prop_oneof![1 => table(), 1 => (table(), 1..=5_usize).prop_map(|(table, knots)| Table { knots, ..table })];
    let flags = (any::<(bool, bool)>(), any::<bool>(), any::<bool>(), any::<bool>());
    (tables, missing, period, select(methods), flags).prop_map(
        |(table, missing, period, method, (ends, extrapolate, skip_missing, sort))| Gappy {
            table,
            missing,
            period,
            ends,
            extrapolate,
            method,
            skip_missing,
            sort: sort || !skip_missing,
        },
    )
}

const PERIODS: usize = 10;

/// Periods of every kind. What is smaller than the smallest normal number, or makes slopes so small, is left to devices
/// that compute with it.
fn periods<T: Float>(flushes: bool) -> [T; PERIODS] {
    let (tiny, huge) = match flushes {
        true => (T::epsilon(), value(1e15)),
        false => (T::min_positive_value() / value(4.0), T::max_value()),
    };
    let special = [T::infinity(), T::neg_infinity(), T::nan(), tiny, huge, -huge];
    let [inf, minus_inf, nan, tiny, huge, minus_huge] = special;
    [value(3.5), value(-24.0), value(360.0), value(1e-3), inf, minus_inf, nan, tiny, huge, minus_huge]
}

fn bridges_gaps<T: Float>(device: &Device, name: &str, gappy: &Gappy) {
    let flushes = flushes_subnormals(device);
    let table = &if flushes { gappy.table.without_subnormals() } else { gappy.table.clone() };
    let mut random = Random::new(table.seed ^ 3);
    let (count, sorts) = (table.knots, gappy.sort || gappy.period.is_some());
    let hole = |row: usize, random: &mut Random| match gappy.missing {
        Missing::Nothing => false,
        Missing::Some => random.below(4) == 0,
        Missing::Rows => row.is_multiple_of(2) || random.below(4) == 0,
    };
    let mut knots = Vec::new();
    for row in 0..if table.own_knots { table.tables } else { 1 } {
        let mut xp = table.knots::<T>(row);
        if sorts {
            (1..count).for_each(|last| xp.swap(last, random.below(last + 1)));
        }
        xp.iter_mut().for_each(|x| {
            if hole(row, &mut random) {
                *x = T::nan()
            }
        });
        knots.push(xp);
    }
    let mut fp: Vec<Vec<T>> = (0..table.tables)
        .map(|_| (0..count).map(|_| value(table.palette[random.below(table.palette.len())])).collect())
        .collect();
    if gappy.skip_missing {
        // Where whole rows are missing it may be for their values.
        for (row, fp) in fp.iter_mut().enumerate() {
            fp.iter_mut().for_each(|y| {
                if hole(row, &mut random) {
                    *y = T::nan()
                }
            });
        }
    }
    let asked = Asked {
        left: gappy.ends.0.then(|| value::<T>(-77.0)),
        right: gappy.ends.1.then(|| value::<T>(99.0)),
        period: gappy.period.map(|which| periods::<T>(flushes)[which]),
        method: gappy.method,
        extrapolate: gappy.extrapolate,
        skip_missing: gappy.skip_missing,
    };
    let order = if gappy.sort { Order::Sort } else { Order::Check };
    let build = |xp: ArrayViewD<'_, T>, fp: ArrayViewD<'_, T>| {
        let mut builder = InterpTable::builder(xp, fp).order(order).method(asked.method);
        builder = asked.left.map_or(builder.clone(), |left| builder.left(left));
        builder = asked.right.map_or(builder.clone(), |right| builder.right(right));
        builder = asked.period.map_or(builder.clone(), |period| builder.period(period));
        builder = if asked.extrapolate { builder.extrapolate() } else { builder };
        if asked.skip_missing { builder.skip_missing() } else { builder }.build(device).unwrap()
    };
    let xp_of = |row: usize| &knots[if table.own_knots { row } else { 0 }];
    let tables: Vec<Sorted<T>> = (0..table.tables).map(|row| Sorted::of(xp_of(row), &fp[row], asked)).collect();
    let agrees = |got: Vec<T>, x: &[T], columns: usize, which: &str| {
        let finite = |v: &&T| v.is_finite();
        let largest = |all: &[T]| all.iter().filter(finite).fold(0.0, |largest: f64, &v| largest.max(wide(v).abs()));
        assert_eq!(got.len(), x.len(), "{name}: {which}");
        for (row, (got, x)) in got.chunks(columns.max(1)).zip(x.chunks(columns.max(1))).enumerate() {
            let (scale, what) = (largest(&fp[row]), format!("{name}: {which}, row {row}, {asked:?}"));
            for (&got, &x) in got.iter().zip(x) {
                let want = tables[row].interp(x);
                // Values outside may be larger than any in the table.
                interpolated(device, &[got], &[want], 2.0 * scale.max(largest(&[want])), &what);
            }
        }
    };
    let dynamic = |row: &[T]| ArrayD::from_shape_vec(IxDyn(&[count]), row.to_vec()).unwrap();

    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(xp_of(0), &mut random));
    let one = build(dynamic(xp_of(0)).view(), dynamic(&fp[0]).view());
    let got = values_of(one.interp(&table.queries.upload(device, &x)).unwrap());
    agrees(got, x.as_standard_layout().as_slice().unwrap(), x.len(), "one table");

    let columns = 17;
    let x: Vec<T> = (0..table.tables * columns).map(|at| table.query(xp_of(at / columns), &mut random)).collect();
    let up = device.upload(&arr1(&x)).unwrap().reshape((table.tables, columns)).unwrap();
    let all = |rows: &[Vec<T>]| ArrayD::from_shape_vec(IxDyn(&[rows.len(), count]), rows.concat()).unwrap();
    let xp = if table.own_knots { all(&knots) } else { dynamic(&knots[0]) };
    let built = build(xp.view(), all(&fp).view());
    agrees(values_of(built.interp_rows(&up).unwrap()), &x, columns, "rows of tables");
    // Other values come in the order of the knots as they were given; which knots are left out may depend on the first.
    let zeros = build(xp.view(), ArrayD::zeros(IxDyn(&[table.tables, count])).view());
    match zeros.with_values(&device.upload(&all(&fp)).unwrap()) {
        Ok(table) => agrees(values_of(table.interp_rows(&up).unwrap()), &x, columns, "with other values"),
        Err(error) => assert!(asked.skip_missing && error.kind() == ErrorKind::InvalidOption, "{name}: {error}"),
    }
}

#[test]
fn gaps_and_disorder_follow_the_rules() {
    holds(300, SEED, gappy(), |gappy| on_every_engine!(bridges_gaps, gappy));
}
