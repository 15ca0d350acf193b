//! Interpolation in any table.

use ndarray::{Array1, ArrayD, IxDyn, arr1};
use ndgpu::{Device, Float, InterpTable, Order};

use super::inputs::values_of;
use super::tables::{Table, interpolated, table};
use crate::support::devices::flushes_subnormals;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};
use crate::support::oracle::interp;
use crate::support::random::Random;
use crate::{SEED, holds};

fn interpolates<T: Float>(device: &Device, name: &str, table: &Table) {
    let table = &if flushes_subnormals(device) { table.without_subnormals() } else { table.clone() };
    let usable = |table: &Table, number: usize| -> Vec<T> {
        let knots = table.knots::<T>(number);
        // NaN is refused among knots.
        knots.into_iter().map(|knot| if knot.is_nan() { T::infinity() } else { knot }).collect()
    };
    let mut random = Random::new(table.seed ^ 2);
    let count = table.knots;
    let values: Vec<Vec<T>> = (0..table.tables)
        .map(|_| (0..count).map(|_| value(table.palette[random.below(table.palette.len())])).collect())
        .collect();
    let knots: Vec<Vec<T>> =
        (0..table.tables).map(|number| usable(table, if table.own_knots { number } else { 0 })).collect();
    let finite = |v: &&T| v.is_finite();
    let scale = values.iter().flatten().filter(finite).fold(0.0, |scale: f64, &v| scale.max(wide(v).abs()));
    let (left, right) = (value::<T>(table.palette[0]), T::infinity());
    let filled = table.seed.is_multiple_of(2);

    // One table, asked in any shape and layout.
    let (xp, fp) = (&knots[0], &values[0]);
    let x = ArrayD::from_shape_simple_fn(IxDyn(&table.queries.shape), || table.query(xp, &mut random));
    let builder = InterpTable::builder(xp, fp);
    let builder = if filled { builder.left(left).right(right) } else { builder };
    let got = values_of(builder.build(device).unwrap().interp(&table.queries.upload(device, &x)).unwrap());
    let ends = if filled { (left, right) } else { (fp[0], fp[count - 1]) };
    let want: Vec<T> = x.iter().map(|&x| interp(x, xp, fp, ends.0, ends.1)).collect();
    interpolated(device, &got, &want, scale, &format!("{name}: one table"));

    // Knots that nobody looks at may end in NaN, or begin with one: whatever lies beside it is unknown.
    let mut trusted = table.knots::<T>(0);
    if table.seed.is_multiple_of(3) && trusted.get(1).is_some_and(|second| !second.is_nan()) {
        trusted[0] = T::nan();
    }
    let built = InterpTable::builder(&trusted, fp).order(Order::Assume).build(device).unwrap();
    let got = values_of(built.interp(&table.queries.upload(device, &x)).unwrap());
    let want: Vec<T> = x.iter().map(|&x| interp(x, &trusted, fp, fp[0], fp[count - 1])).collect();
    interpolated(device, &got, &want, scale, &format!("{name}: knots that nobody looks at"));

    // Several, each asked in its row.
    let columns = 17;
    let x: Vec<T> = (0..table.tables * columns).map(|at| table.query(&knots[at / columns], &mut random)).collect();
    let shape = |len: usize| IxDyn(&[table.tables, len]);
    let all = |rows: &[Vec<T>]| ArrayD::from_shape_vec(shape(count), rows.concat()).unwrap();
    let built = if table.own_knots {
        InterpTable::new(device, &all(&knots), &all(&values)).unwrap()
    } else {
        InterpTable::new(device, &Array1::from(knots[0].clone()), &all(&values)).unwrap()
    };
    let up = device.upload(&arr1(&x)).unwrap().reshape((table.tables, columns)).unwrap();
    let want: Vec<T> = (x.iter().enumerate())
        .map(|(at, &x)| {
            let (xp, fp) = (&knots[at / columns], &values[at / columns]);
            interp(x, xp, fp, fp[0], fp[count - 1])
        })
        .collect();
    interpolated(device, &values_of(built.interp_rows(&up).unwrap()), &want, scale, &format!("{name}: rows of tables"));
}

#[test]
fn interpolation_follows_the_rules() {
    holds(150, SEED, table(), |table| on_every_engine!(interpolates, table));
}
