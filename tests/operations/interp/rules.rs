//! What is said beyond a table, periods, and knots in another order.

use ndarray::Array1;
use ndgpu::{Device, Float, InterpTable, Method, Order};

use super::missing::{row, shown};
use crate::support::engines::on_every_engine;
use crate::support::numbers::value;

fn fills_periods_and_orders<T: Float>(device: &Device, _: &str) {
    let v = |values: &[f64]| -> Vec<T> { values.iter().map(|&v| value(v)).collect() };
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
    on_every_engine!(fills_periods_and_orders);
}

fn infinite_period<T: Float>(device: &Device, name: &str) {
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
    on_every_engine!(infinite_period);
}
