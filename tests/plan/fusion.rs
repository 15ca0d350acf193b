//! What plans fuse: rows that are looked up only to be summed or averaged are never written, with and without NaN, with
//! and without a value for averages that do not exist, and give what the eager calls give.

use ndarray::{Array1, Array2, Axis, Ix1, Ix2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, InterpTableBuilder, Method, Result};

use crate::support::engines::on_every_engine;
use crate::support::random::Random;

/// What is made of rows, with the weights along them and those of elements.
type Reduction<T> =
    fn(&DeviceArray<T, Ix2>, &DeviceArray<T, Ix1>, &DeviceArray<T, Ix2>) -> Result<Vec<DeviceArray<T, Ix1>>>;

const FILL: f64 = -99.5;

/// Everything that may be fused with the lookup of its rows.
fn reductions<T: Float>() -> Vec<(&'static str, Reduction<T>)> {
    fn both<T: Float>(pair: (DeviceArray<T, Ix1>, DeviceArray<T, Ix1>)) -> Vec<DeviceArray<T, Ix1>> {
        vec![pair.0, pair.1]
    }
    fn fill<T: Float>() -> T {
        T::narrow(FILL)
    }
    const ROWS: Axis = Axis(1);
    vec![
        ("sum", |y, _, _| Ok(vec![y.sum_axis(ROWS)?])),
        ("mean", |y, _, _| Ok(vec![y.mean_axis(ROWS)?])),
        ("weighted sum", |y, along, _| Ok(vec![y.weighted_sum_axis(ROWS, along)?])),
        ("weighted sum, full", |y, _, full| Ok(vec![y.weighted_sum_axis(ROWS, full)?])),
        ("average", |y, along, _| Ok(vec![y.average_axis(ROWS, along)?])),
        ("average, full", |y, _, full| Ok(vec![y.average_axis(ROWS, full)?])),
        ("average returned", |y, along, _| y.average_axis_returned(ROWS, along).map(both)),
        ("average returned, full", |y, _, full| y.average_axis_returned(ROWS, full).map(both)),
        ("average or", |y, along, _| Ok(vec![y.average_axis_or(ROWS, along, fill())?])),
        ("average or, full", |y, _, full| Ok(vec![y.average_axis_or(ROWS, full, fill())?])),
        ("average returned or", |y, _, full| y.average_axis_returned_or(ROWS, full, fill()).map(both)),
        ("sum without NaN", |y, _, _| Ok(vec![y.skip_nan().sum_axis(ROWS)?])),
        ("mean without NaN", |y, _, _| Ok(vec![y.skip_nan().mean_axis(ROWS)?])),
        ("weighted sum without NaN", |y, along, _| Ok(vec![y.skip_nan().weighted_sum_axis(ROWS, along)?])),
        ("weighted sum without NaN, full", |y, _, full| Ok(vec![y.skip_nan().weighted_sum_axis(ROWS, full)?])),
        ("average without NaN", |y, along, _| Ok(vec![y.skip_nan().average_axis(ROWS, along)?])),
        ("average without NaN, full", |y, _, full| Ok(vec![y.skip_nan().average_axis(ROWS, full)?])),
        ("average returned without NaN", |y, _, full| y.skip_nan().average_axis_returned(ROWS, full).map(both)),
        ("average or without NaN", |y, along, _| Ok(vec![y.skip_nan().average_axis_or(ROWS, along, fill())?])),
        ("average or without NaN, full", |y, _, full| Ok(vec![y.skip_nan().average_axis_or(ROWS, full, fill())?])),
        ("average returned or without NaN", |y, along, _| {
            y.skip_nan().average_axis_returned_or(ROWS, along, fill()).map(both)
        }),
    ]
}

/// Tables whose knots, values and slopes are so round that whatever is computed from them is exact, in any order.
fn tables<T: Float>(device: &Device, rows: usize, random: &mut Random) -> Vec<(&'static str, InterpTable<T>)> {
    let number = |value: f64| T::narrow(value);
    let knots = 24;
    let xp = Array1::from_shape_fn(knots, |knot| number(knot as f64));
    let mut values = |gaps: bool| {
        Array2::from_shape_simple_fn((rows, knots), || match random.below(9) {
            0 if gaps => T::nan(),
            value => number(value as f64 - 4.0),
        })
    };
    let (whole, gaps) = (values(false), values(true));
    let shifted = Array2::from_shape_fn((rows, knots), |(row, knot)| number((knot + row % 3) as f64));
    let build = |builder: InterpTableBuilder<'_, T>| builder.build(device).unwrap();
    vec![
        ("one table", build(InterpTable::builder(&xp, &whole.row(0)))),
        ("one table with gaps", build(InterpTable::builder(&xp, &gaps.row(0)).left(T::nan()))),
        ("tables with gaps", build(InterpTable::builder(&xp, &gaps).right(number(3.0)))),
        ("tables of their own knots", build(InterpTable::builder(&shifted, &gaps).extrapolate())),
        ("periodic table", build(InterpTable::builder(&xp, &gaps.row(0)).period(number(24.0)))),
        ("steps with gaps", build(InterpTable::builder(&xp, &gaps).method(Method::Nearest))),
    ]
}

/// Quarters, at the knots and between them, beyond both ends, and here and there NaN.
fn queries<T: Float>(rows: usize, columns: usize, random: &mut Random) -> Array2<T> {
    let mut x = Array2::from_shape_simple_fn((rows, columns), || match random.below(12) {
        0 => T::nan(),
        _ => T::narrow(random.below(116) as f64 * 0.25 - 2.0),
    });
    // Of one row nothing is left.
    x.row_mut(rows / 2).fill(T::nan());
    x
}

/// The values of arrays, or why there are none.
fn landed<T: Float>(arrays: &[DeviceArray<T, Ix1>]) -> std::result::Result<Vec<Vec<T>>, (ErrorKind, String)> {
    let land = |array: &DeviceArray<T, Ix1>| array.readback().wait().map(|landed| landed.view().to_vec());
    arrays.iter().map(land).collect::<Result<_>>().map_err(|error| (error.kind(), error.to_string()))
}

fn assert_alike<T: Float>(got: &[DeviceArray<T, Ix1>], want: &[DeviceArray<T, Ix1>], what: &str) {
    match (landed(got), landed(want)) {
        (Ok(got), Ok(want)) => {
            for (index, (got, want)) in got.iter().flatten().zip(want.iter().flatten()).enumerate() {
                let alike = got.words() == want.words() || (got.is_nan() && want.is_nan());
                assert!(alike, "{what}: {got} instead of {want} at {index}");
            }
            assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), want.iter().map(Vec::len).collect::<Vec<_>>());
        }
        (got, want) => assert_eq!(got.map(drop).unwrap_err(), want.map(drop).unwrap_err(), "{what}"),
    }
}

fn fuses<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(31);
    // Rows shorter and longer than what is looked up at a time, in fours and not, split into parts and not.
    for (rows, columns) in [(1, 1), (3, 7), (5, 8), (70, 64), (3, 301), (2, 4097), (3, 20_000)] {
        let quarter = |random: &mut Random| T::narrow(random.below(5) as f64 * 0.25);
        let along = Array1::from_shape_simple_fn(columns, || quarter(&mut random));
        let mut full = Array2::from_shape_simple_fn((rows, columns), || quarter(&mut random));
        full.row_mut(0).fill(T::zero());
        let (along, full) = (device.upload(&along).unwrap(), device.upload(&full).unwrap());
        // Every other kind of table, so that each meets short rows and long ones.
        for (kind, table) in tables::<T>(device, rows, &mut random).into_iter().skip(rows / 2 % 2).step_by(2) {
            let [first, second] = [(); 2].map(|()| queries::<T>(rows, columns, &mut random));
            let up = device.upload(&first).unwrap();
            for (which, reduce) in reductions::<T>() {
                let what = format!("{name}: {which} of {rows} x {columns}, {kind}");
                let mut plan = device.capture(&up, |x| reduce(&table.interp_rows(x)?, &along, &full)).unwrap();
                // A row that is as long as all there is shares its queries with nobody.
                assert_eq!(plan.fused(), 1, "{what}: {plan}");
                for x in [&second, &first] {
                    plan.write(x).unwrap();
                    let eager = reduce(&table.interp_rows(&device.upload(x).unwrap()).unwrap(), &along, &full).unwrap();
                    assert_alike(&plan.replay().unwrap(), &eager, &what);
                }
            }
            if table.tables() == rows && rows > 1 {
                // The same queries for all tables.
                let up = device.upload(&first.row(0)).unwrap();
                for (which, reduce) in reductions::<T>() {
                    let what = format!("{name}: {which} of {columns} queries of {rows} {kind}");
                    let mut plan = device.capture(&up, |x| reduce(&table.interp_rows(x)?, &along, &full)).unwrap();
                    assert_eq!(plan.fused(), 1, "{what}: {plan}");
                    let eager = reduce(&table.interp_rows(&up).unwrap(), &along, &full).unwrap();
                    assert_alike(&plan.replay().unwrap(), &eager, &what);
                }
            }
        }
    }
}

#[test]
fn rows_looked_up_to_be_reduced_are_not_written_and_give_the_same_bits() {
    on_every_engine!(fuses);
}

fn stays_apart<T: Float>(device: &Device, name: &str) {
    let table = InterpTable::new(device, &[T::zero(), T::one()], &[T::one(), T::nan()]).unwrap();
    let x = device.upload(&Array2::from_elem((4, 6), T::narrow(0.5))).unwrap();
    let weights = device.upload(&Array1::from_elem(4, T::one())).unwrap();
    // Down the columns, of spreads and extremes, and where somebody else wants the rows.
    let columns = device.capture(&x, |x| table.interp_rows(x)?.skip_nan().average_axis_or(Axis(0), &weights, T::one()));
    assert_eq!(columns.unwrap().fused(), 0, "{name}");
    let deviation = device.capture(&x, |x| table.interp_rows(x)?.skip_nan().std_axis(Axis(1), T::zero()));
    assert_eq!(deviation.unwrap().fused(), 0, "{name}");
    let largest = device.capture(&x, |x| table.interp_rows(x)?.skip_nan().max_axis(Axis(1)));
    assert_eq!(largest.unwrap().fused(), 0, "{name}");
    let rows = device.capture(&x, |x| {
        let y = table.interp_rows(x)?;
        Ok((y.skip_nan().sum_axis(Axis(1))?, y))
    });
    assert_eq!(rows.unwrap().fused(), 0, "{name}");
    let twice = device.capture(&x, |x| {
        let y = table.interp_rows(x)?;
        y.skip_nan().average_axis_or(Axis(1), &y, T::one())
    });
    assert_eq!(twice.unwrap().fused(), 0, "{name}");
}

#[test]
fn what_others_need_is_written() {
    on_every_engine!(stays_apart);
}
