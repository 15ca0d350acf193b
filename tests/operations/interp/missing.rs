//! Knots and values that are missing.

use ndarray::{Array1, Axis, Dimension, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, InterpTableBuilder, Method, Order};

use crate::support::arrays::values;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};

/// A row of values of the element type.
pub fn row<T: Float>(values: &[f64]) -> Array1<T> {
    values.iter().map(|&v| value(v)).collect()
}

/// What a result is, so that NaN equals NaN.
pub fn shown<T: Float, D: Dimension>(result: DeviceArray<T, D>) -> Vec<String> {
    values(&result).into_iter().map(|y| wide(y).to_string()).collect()
}

fn missing_knots<T: Float>(device: &Device, name: &str) {
    let nan = f64::NAN;
    let x = device.upload(&row::<T>(&[0.0, 1.0, 1.5, 2.0, 3.0, nan])).unwrap();
    let (xp, fp) = (row::<T>(&[2.0, nan, 1.0, nan]), row::<T>(&[20.0, 99.0, 10.0, 77.0]));
    let sorted = || InterpTable::builder(&xp, &fp).order(Order::Sort);
    let ask = |table: InterpTableBuilder<'_, T>| shown(table.build(device).unwrap().interp(&x).unwrap());
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
    on_every_engine!(missing_knots);
}

fn gaps<T: Float>(device: &Device, name: &str) {
    let nan = f64::NAN;
    let x = device.upload(&row::<T>(&[-1.0, 0.5, 1.0, 2.5, 9.0])).unwrap();
    let xp = row::<T>(&[0.0, 1.0, 2.0, 3.0]);
    let fp = arr2(&[[10.0, nan, 14.0, nan], [nan, nan, nan, nan], [nan, 5.0, nan, nan], [0.0, 2.0, 6.0, 8.0]]);
    let fp = fp.mapv(|y| value(y));
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

    // Order is that of the knots that are left; the index of one that is wrong is its index in xp as it was given.
    let xp = arr2(&[[0.0, 9.0, 1.0, 2.0], [3.0, nan, 2.0, 5.0]]).mapv(|x| value(x));
    let fp = arr2(&[[0.0, nan, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0]]).mapv(|y| value(y));
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
    on_every_engine!(gaps);
}
