//! Rows that are looked up and reduced in one operation, on every way through, and what a plan says of it.

use ndarray::{Array1, Array2, Axis, Ix1, Ix2};
use ndgpu::{Device, DeviceArray, Float, InterpTable, Method, Result};

use crate::assert_same;
use crate::support::arrays::values;
use crate::support::engines::on_every_engine;
use crate::support::random::Random;

/// From rows to a number for each.
type Compute<'a, T> = &'a dyn Fn(&DeviceArray<T, Ix2>) -> Result<DeviceArray<T, Ix1>>;

/// Rows that are looked up and reduced in one, on every way through: tables, weights, lengths, rules.
#[test]
fn lookups_and_sums_of_rows_become_one() {
    fn check<T: Float>(device: &Device, name: &str) {
        let mut random = Random::new(9);
        let number = |value: f64| T::narrow(value);
        for (tables, rows, columns, knots) in [
            (1, 9, 63, 3),
            (1, 50, 67, 4),
            (1, 40, 64, 5000),
            (1, 3, 70_000, 20),
            (6, 6, 131, 40),
            (1, 1, 1, 1),
            (300, 300, 4, 9),
        ] {
            let what = format!("{name}, {tables} tables of {knots} knots, {rows} x {columns}");
            let mut xp = Array2::from_shape_fn((tables, knots), |(table, knot)| number((knot * 3 + table) as f64));
            xp.map_inplace(|x| *x = *x + number(random.unit()));
            let fp = Array2::from_shape_simple_fn((tables, knots), || number(random.unit() + 0.5));
            let reach = 3.0 * knots as f64 + 4.0;
            let x = Array2::from_shape_simple_fn((rows, columns), || number(random.unit() * reach - 2.0));
            let shared = device.upload(&x.row(0)).unwrap();
            let full = Array2::from_shape_simple_fn((rows, columns), || number(random.unit() + 0.1));
            let along = device.upload(&full.row(rows - 1)).unwrap();
            let (x, full) = (device.upload(&x).unwrap(), device.upload(&full).unwrap());
            let plain = InterpTable::builder(&xp, &fp);
            let kinds = [
                plain.clone(),
                plain.clone().left(T::nan()).right(T::infinity()),
                plain.clone().period(number(reach * 0.7)),
                plain.clone().method(Method::Nearest),
                plain.extrapolate(),
            ];
            // All rules where there is one table and where there are several; each is a kernel to compile.
            let wanted = if columns == 63 || columns == 131 { 5 } else { 1 };
            for (kind, builder) in kinds.into_iter().take(wanted).enumerate() {
                let table = builder.build(device).unwrap();
                let fused = |what: &str, compute: Compute<'_, T>| {
                    let want = values(&compute(&x).unwrap());
                    let mut plan = device.capture(&x, compute).unwrap();
                    assert_eq!(plan.fused(), 1, "{what}: {plan}");
                    assert_same(&values(&plan.replay().unwrap()), &want, what);
                    assert_same(&values(&plan.replay().unwrap()), &want, what);
                };
                let what = format!("{what}, kind {kind}");
                fused(&format!("{what}, sum"), &|x| table.interp_rows(x)?.sum_axis(Axis(1)));
                fused(&format!("{what}, mean"), &|x| table.interp_rows(x)?.mean_axis(Axis(1)));
                fused(&format!("{what}, along"), &|x| table.interp_rows(x)?.average_axis(Axis(1), &along));
                fused(&format!("{what}, full"), &|x| table.interp_rows(x)?.weighted_sum_axis(Axis(1), &full));
                fused(&format!("{what}, sums of weights"), &|x| {
                    Ok(table.interp_rows(x)?.average_axis_returned(Axis(1), &full)?.1)
                });
                if rows * columns % 2 == 0 && tables == 1 {
                    fused(&format!("{what}, other rows"), &|x| {
                        table.interp(x)?.reshape((2, rows * columns / 2))?.mean_axis(Axis(1))
                    });
                }
                // The same queries for every table.
                let want = values(&table.interp_rows(&shared).unwrap().average_axis(Axis(1), &along).unwrap());
                let compute = |x: &DeviceArray<T, Ix1>| table.interp_rows(x)?.average_axis(Axis(1), &along);
                let mut plan = device.capture(&shared, compute).unwrap();
                assert_eq!(plan.fused(), 1, "{what}: {plan}");
                assert_same(&values(&plan.replay().unwrap()), &want, &format!("{what}, shared queries"));
            }
            // What is wrong is found all the same, and named.
            let table = InterpTable::new(device, &xp, &fp).unwrap();
            let mut zeros = Array2::from_elem((rows, columns), T::one());
            zeros.row_mut(rows / 2).fill(T::zero());
            let zeros = device.upload(&zeros).unwrap();
            let average = |x: &DeviceArray<T, Ix2>| table.interp_rows(x)?.average_axis(Axis(1), &zeros);
            let want = average(&x).unwrap().readback().wait().unwrap_err();
            let got = device.capture(&x, average).unwrap().replay().unwrap().readback().wait().unwrap_err();
            assert_eq!((got.kind(), got.to_string()), (want.kind(), want.to_string()), "{what}");
        }
    }
    on_every_engine!(check);
}

#[test]
fn a_plan_prints_what_it_does() {
    let device = Device::cpu();
    let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 1.0]).unwrap();
    let x = device.upload(&Array2::from_elem((10, 1000), 0.5_f32)).unwrap();
    let w = device.upload(&Array1::from_elem(1000, 1.0_f32)).unwrap();
    let plan = device.capture(&x, |x| table.interp_rows(x)?.average_axis(Axis(1), &w)).unwrap();
    assert_eq!((plan.fused(), plan.passes()), (1, 1), "{plan}");
    let text = plan.to_string();
    for part in ["1 operation in 1 pass", "interp of", "average of 10 x 1000", "reads 44.0 kB", "80.0 kB stay out"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    // Whoever else needs the values between keeps the operations apart.
    let plan = device
        .capture(&x, |x| {
            let y = table.interp_rows(x)?;
            Ok((y.average_axis(Axis(1), &w)?, y))
        })
        .unwrap();
    assert_eq!(plan.fused(), 0, "{plan}");
    let plan = device
        .capture(&x, |x| {
            let y = table.interp_rows(x)?;
            Ok((y.average_axis(Axis(1), &w)?, y.max_axis(Axis(1))?))
        })
        .unwrap();
    assert_eq!(plan.fused(), 0, "{plan}");
    let plan = device.capture(&x, |x| {
        let y = table.interp_rows(x)?;
        y.average_axis(Axis(1), &y)
    });
    assert_eq!(plan.unwrap().fused(), 0);
}

/// Rows that are reduced otherwise than they were looked up: with one table it makes no difference, with several each
/// row has to know its own.
#[test]
fn values_of_several_tables_may_be_reduced_in_other_rows() {
    fn check<T: Float>(device: &Device, name: &str) {
        let mut random = Random::new(15);
        let mut number = |scale: f64| T::narrow(random.unit() * scale + 0.25);
        for (tables, columns, rows) in [(6, 12, 12), (6, 12, 3), (4, 130, 2), (2, 300, 150), (5, 5, 1), (3, 64, 12)] {
            let xp = Array1::from_shape_fn(5, |knot| T::narrow(knot as f64));
            let fp = Array2::from_shape_simple_fn((tables, 5), || number(10.0));
            let table = InterpTable::new(device, &xp, &fp).unwrap();
            let x = device.upload(&Array2::from_shape_simple_fn((tables, columns), || number(3.5))).unwrap();
            let shared = device.upload(&Array1::from_shape_simple_fn(columns, || number(3.5))).unwrap();
            let shape = (rows, tables * columns / rows);
            let along = device.upload(&Array1::from_shape_simple_fn(shape.1, || number(1.0))).unwrap();
            let average = |y: DeviceArray<T, Ix2>| y.reshape(shape)?.average_axis(Axis(1), &along);
            let own = |x: &DeviceArray<T, Ix2>| average(table.interp_rows(x)?);
            let same = |x: &DeviceArray<T, Ix1>| average(table.interp_rows(x)?);
            let what = format!("{name}, {tables} tables of {columns} queries as {rows} rows");
            let got = values(&device.capture(&x, own).unwrap().replay().unwrap());
            assert_same(&got, &values(&own(&x).unwrap()), &what);
            let got = values(&device.capture(&shared, same).unwrap().replay().unwrap());
            assert_same(&got, &values(&same(&shared).unwrap()), &format!("{what}, shared"));
        }
    }
    on_every_engine!(check);
}
