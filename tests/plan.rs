//! Plans: what is captured once gives what the eager calls give, on any data, on both engines; what cannot be captured is
//! an error; what only the data can show comes with the data of each replay.

mod support;

use ndarray::{Array1, Array2, Axis, Ix1, Ix2, IxDyn, arr1, arr2};
use ndgpu::{
    AnyArray, AnyData, Device, DeviceArray, ElementType, Error, ErrorKind, Float, InterpTable, Knots, Result, Side,
};
use support::everywhere;
use support::random::Random;

fn matrix<T: Float>(random: &mut Random, rows: usize, columns: usize) -> Array2<T> {
    Array2::from_shape_simple_fn((rows, columns), || T::narrow(random.unit() * 13.0 - 1.0))
}

fn values<T: Float, D: ndarray::Dimension>(array: &DeviceArray<T, D>) -> Vec<T> {
    array.readback().wait().unwrap().into_array().into_iter().collect()
}

/// To the bound that sums keep whatever their order: one rounding, and half a unit more where partial sums were rounded.
fn assert_same<T: Float>(got: &[T], want: &[T], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (place, (&got, &want)) in got.iter().zip(want).enumerate() {
        let bound = 2.0 * T::epsilon().widen() * want.widen().abs();
        let same = got.is_nan() && want.is_nan() || got == want || (got.widen() - want.widen()).abs() <= bound;
        assert!(same, "{what}: {got} instead of {want} at {place}");
    }
}

#[test]
fn a_replay_gives_what_the_eager_calls_give() {
    fn check<T: Float>(device: &Device, name: &str) {
        let mut random = Random::new(5);
        let knots: Vec<T> = (0..50).map(|knot| T::narrow(f64::from(knot) * 0.2)).collect();
        let heights: Vec<T> = knots.iter().map(|&x| (x * x).sin()).collect();
        let table = InterpTable::new(device, &knots, &heights).unwrap();
        // Rows shorter and longer than what is made at a time, and numbers of rows that fill no vector.
        for (rows, columns) in [(1, 1), (7, 100), (3, 4096), (5, 4097), (2, 40_001), (100, 9), (0, 5), (4, 0)] {
            let what = format!("{name}, {rows} x {columns}");
            let mut inputs = [matrix::<T>(&mut random, rows, columns), matrix(&mut random, rows, columns)];
            if rows * columns > 6 {
                inputs[1][[0, columns - 1]] = T::nan();
            }
            let weights = Array1::from_shape_simple_fn(columns, || T::narrow(random.unit() * 1.5 + 0.5));
            let weights = device.upload(&weights).unwrap();
            let first = device.upload(&inputs[0]).unwrap();
            type Answer<T> = (DeviceArray<T, Ix1>, DeviceArray<T, Ix1>, DeviceArray<T, Ix2>, DeviceArray<T, Ix1>);
            let compute = |x: &DeviceArray<T, Ix2>| -> Result<Answer<T>> {
                let looked_up = table.interp_rows(x)?;
                let averages = looked_up.weighted_sum_axis(Axis(1), &weights)?;
                let means = table.interp_rows(x)?.mean_axis(Axis(1))?;
                Ok((averages, means, x.standardize_axis(Axis(1), T::one())?, x.max_axis(Axis(0))?))
            };
            if rows == 0 {
                continue;
            }
            if columns == 0 {
                assert!(device.capture(&first, |x| x.max_axis(Axis(1))).is_err(), "{what}");
                continue;
            }
            let mut plan = device.capture(&first, compute).unwrap();
            for input in &inputs {
                let uploaded = device.upload(input).unwrap();
                let want = compute(&uploaded).unwrap();
                plan.write(input).unwrap();
                let got = plan.replay().unwrap();
                assert_same(&values(&got.0), &values(&want.0), &format!("{what}, weighted sums"));
                assert_same(&values(&got.1), &values(&want.1), &format!("{what}, means"));
                assert_same(&values(&got.2), &values(&want.2), &format!("{what}, standardized"));
                assert_same(&values(&got.3), &values(&want.3), &format!("{what}, largest"));
            }
        }
    }
    everywhere!(check);
}

#[test]
fn the_values_at_capture_are_the_first_input() {
    fn check<T: Float>(device: &Device, name: &str) {
        let one = |value: f64| T::narrow(value);
        let x = device.upload(&arr1(&[one(1.0), one(2.0)])).unwrap();
        let mut plan = device.capture(&x, |x| x.sum()).unwrap();
        assert_eq!(values(&plan.replay().unwrap()), [one(3.0)], "{name}");
        plan.write(&arr1(&[one(5.0), one(6.0)])).unwrap();
        let out = plan.replay().unwrap();
        let before = out.readback();
        assert_eq!(values(&x), [one(1.0), one(2.0)], "{name}: the plan writes into memory of its own");
        // From an array of the device, without the host.
        let moved = device.transfers().readbacks;
        plan.write(&x).unwrap();
        assert_eq!(device.transfers().readbacks, moved, "{name}");
        plan.replay().unwrap();
        assert_eq!(values(&out), [one(3.0)], "{name}: the next replay writes over the output");
        assert_eq!(before.wait().unwrap().into_array().into_scalar(), one(11.0), "{name}: but not over a readback");
    }
    everywhere!(check);
}

#[test]
fn several_inputs_and_outputs() {
    fn check<T: Float>(device: &Device, name: &str) {
        let one = |value: f64| T::narrow(value);
        let a = device.upload(&arr2(&[[one(1.0), one(2.0)], [one(3.0), one(5.0)]])).unwrap();
        let w = device.upload(&arr1(&[one(1.0), one(3.0)])).unwrap();
        let mut plan = device
            .capture((&a, &w), |(a, w)| {
                let (averages, sums) = a.average_axis_returned(Axis(1), w)?;
                Ok((averages, sums, a.argmax_axis(Axis(0))?))
            })
            .unwrap();
        let (averages, sums, places) = plan.replay().unwrap();
        assert_eq!(values(&averages), [one(1.75), one(4.5)], "{name}");
        assert_eq!(values(&sums), [one(4.0), one(4.0)], "{name}");
        assert_eq!(places.readback().wait().unwrap().view(), arr1(&[1, 1]), "{name}");
        plan.write((&arr2(&[[one(1.0), one(0.0)], [one(0.0), one(1.0)]]), &arr1(&[one(1.0), one(1.0)]))).unwrap();
        let (averages, sums, places) = plan.replay().unwrap();
        assert_eq!(values(&averages), [one(0.5), one(0.5)], "{name}");
        assert_eq!(values(&sums), [one(2.0), one(2.0)], "{name}");
        assert_eq!(places.readback().wait().unwrap().view(), arr1(&[0, 1]), "{name}");
        plan.write(((), &arr1(&[one(3.0), one(1.0)]))).unwrap();
        assert_eq!(values(&plan.replay().unwrap().0), [one(0.75), one(0.25)], "{name}: the first input is as it was");
    }
    everywhere!(check);
}

/// Tables and searches inside a closure: the knots change with every replay.
#[test]
fn tables_made_inside_follow_their_data() {
    fn check<T: Float>(device: &Device, name: &str) {
        let number = |value: f64| T::narrow(value);
        let knots = |scale: f64| Array1::from_shape_fn(100, |knot| number(knot as f64 * scale));
        let queries = Array1::from_shape_fn(1000, |query| number(query as f64 * 0.37 % 90.0));
        let fp = device.upload(&knots(10.0)).unwrap();
        let x = device.upload(&queries).unwrap();
        let xp = device.upload(&knots(1.0)).unwrap();
        let search = Knots::new(device, &knots(1.0).to_vec()).unwrap();
        let compute = |xp: &DeviceArray<T, Ix1>| {
            let table = InterpTable::from_device(xp, &fp)?;
            let other = InterpTable::new(device, &knots(2.0).to_vec(), &knots(3.0).to_vec())?.with_values(xp)?;
            Ok((table.interp(&x)?, other.interp(&x)?, search.searchsorted(xp, Side::Right)?))
        };
        let mut plan = device.capture(&xp, compute).unwrap();
        for scale in [1.0, 0.5, 3.0] {
            plan.write(&knots(scale)).unwrap();
            let got = plan.replay().unwrap();
            let want = compute(&device.upload(&knots(scale)).unwrap()).unwrap();
            assert_eq!(values(&got.0), values(&want.0), "{name}, {scale}");
            assert_eq!(values(&got.1), values(&want.1), "{name}, {scale}");
            let (got, want) = (got.2.readback().wait().unwrap(), want.2.readback().wait().unwrap());
            assert_eq!(got.view(), want.view(), "{name}, {scale}");
        }
        // Out of order for one replay, and only for that.
        let mut wrong = knots(1.0);
        wrong.swap(7, 8);
        plan.write(&wrong).unwrap();
        let bad = plan.replay().unwrap().0;
        let error = bad.readback().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSorted { index: 8 }, "{name}");
        plan.write(&knots(1.0)).unwrap();
        let copied = bad.sum().unwrap();
        assert!(plan.replay().unwrap().0.readback().wait().is_ok(), "{name}");
        assert!(bad.readback().wait().is_ok(), "{name}: the same memory has what is right now");
        assert!(copied.readback().wait().is_err(), "{name}: what was computed from it then has not");
    }
    everywhere!(check);
}

#[test]
fn each_check_of_a_plan_has_an_outcome_of_its_own() {
    fn check<T: Float>(device: &Device, name: &str) {
        let weights = |last: f64| arr1(&[T::one(), T::narrow(last)]);
        let a = device.upload(&arr2(&[[T::one(), T::one()]])).unwrap();
        let [w, v] = [2.0, 3.0].map(|last| device.upload(&weights(last)).unwrap());
        let mut plan = device
            .capture((&w, &v), |(w, v)| {
                let (one, other) = (a.average_axis(Axis(1), w)?, a.average_axis(Axis(1), v)?);
                let both = one.average(&other)?;
                Ok((one, other, both))
            })
            .unwrap();
        for (first, second) in [(2.0, 3.0), (-1.0, 3.0), (2.0, -1.0), (-1.0, -1.0), (3.0, 2.0)] {
            plan.write((&weights(first), &weights(second))).unwrap();
            let (one, other, both) = plan.replay().unwrap();
            let arrived = [one.readback().wait().is_ok(), other.readback().wait().is_ok()];
            assert_eq!(arrived, [first > 0.0, second > 0.0], "{name}, {first} and {second}");
            assert_eq!(both.readback().wait().is_ok(), first > 0.0 && second > 0.0, "{name}, {first} and {second}");
        }
    }
    everywhere!(check);
}

#[test]
fn errors_come_with_the_data_of_their_replay() {
    fn check<T: Float>(device: &Device, name: &str) {
        let number = |value: f64| T::narrow(value);
        let a = device.upload(&arr2(&[[number(1.0), number(2.0)], [number(3.0), number(5.0)]])).unwrap();
        let weights = device.upload(&arr1(&[number(1.0), number(1.0)])).unwrap();
        let mut plan =
            device.capture(&weights, |w| Ok((a.average_axis(Axis(1), w)?, a.weighted_sum_axis(Axis(1), w)?))).unwrap();
        assert_eq!(values(&plan.replay().unwrap().0), [number(1.5), number(4.0)], "{name}");
        plan.write(&arr1(&[number(1.0), number(-1.0)])).unwrap();
        let (bad, fine) = plan.replay().unwrap();
        let derived = bad.sum().unwrap();
        let pending = bad.readback();
        assert_eq!(values(&fine), [number(-1.0), number(-2.0)], "{name}: nothing is wrong with the sum");
        plan.write(&arr1(&[number(3.0), number(1.0)])).unwrap();
        let (good, _) = plan.replay().unwrap();
        assert_eq!(values(&good), [number(1.25), number(3.5)], "{name}");
        for (what, error) in [("pending", pending.wait().map(drop)), ("derived", derived.readback().wait().map(drop))] {
            assert_eq!(error.unwrap_err().kind(), ErrorKind::ZeroWeights, "{name}, {what}");
        }
        assert_eq!(values(&bad), [number(1.25), number(3.5)], "{name}: the next replay writes over it");
        // An input that is wrong itself, until it is replaced.
        let bad = a.average_axis(Axis(1), &device.upload(&arr1(&[number(1.0), number(-1.0)])).unwrap()).unwrap();
        let mut plan = device.capture(&bad, |x| x.sum()).unwrap();
        let error = plan.replay().unwrap().readback().wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{name}");
        plan.write(&arr1(&[number(1.0), number(2.0)])).unwrap();
        assert_eq!(values(&plan.replay().unwrap()), [number(3.0)], "{name}");
        plan.write(&bad).unwrap();
        assert!(plan.replay().unwrap().readback().wait().is_err(), "{name}");
    }
    everywhere!(check);
}

/// Handles are to memory that every replay writes over: values and errors that arrive are always of one replay.
#[test]
fn the_verdict_is_that_of_the_values_which_arrive() {
    fn check<T: Float>(device: &Device, name: &str) {
        let array = |values: [f64; 2]| arr1(&values.map(T::narrow));
        let kind = |array: &DeviceArray<T, Ix1>| array.readback().wait().err().map(|error| error.kind());
        let a = device.upload(&arr2(&[[T::narrow(1.0), T::narrow(2.0)], [T::narrow(3.0), T::narrow(5.0)]])).unwrap();
        let weights = device.upload(&array([1.0, 1.0])).unwrap();
        let average = |w: &DeviceArray<T, Ix1>| a.average_axis(Axis(1), w);
        let mut plan = device.capture(&weights, average).unwrap();
        let mut handle = plan.replay().unwrap();
        let reshaped = handle.reshape((1, 2)).unwrap();
        // Another plan that computes from this one's output, with values of its own.
        let mut other = device.capture(&weights, |x| Ok((x.average_axis(Axis(0), &handle)?, handle.clone()))).unwrap();
        let (dependent, passed_on) = other.replay().unwrap();
        let said = |array: &DeviceArray<T, ndarray::Ix0>| array.readback().wait().err().map(|error| error.kind());
        let (zero, fine) = (Some(ErrorKind::ZeroWeights), None);
        let mut made = Vec::new();
        for (values, expected) in [([1.0, -1.0], zero), ([1.0, 3.0], fine), ([0.0, 0.0], zero), ([2.0, 2.0], fine)] {
            plan.write(&array(values)).unwrap();
            let what = format!("{name}, {values:?}");
            let before = said(&dependent);
            plan.replay().unwrap();
            assert_eq!(kind(&handle), expected, "{what}");
            assert_eq!(kind(&handle.clone().clone()), expected, "{what}, a clone");
            assert_eq!(kind(&passed_on), expected, "{what}, from another plan's closure");
            assert_eq!(reshaped.readback().wait().err().map(|error| error.kind()), expected, "{what}, reshaped");
            assert_eq!(said(&dependent), before, "{what}: the other plan has not computed since");
            other.replay().unwrap();
            assert_eq!(said(&dependent), expected, "{what}: now it has");
            // Whatever is made of the values keeps their verdict.
            let mut written = device.capture(&weights, |x| x.reshape(2)).unwrap();
            written.write(&handle).unwrap();
            let captured =
                device.capture(&handle, |x| x.standardize_axis(Axis(0), T::one())).unwrap().replay().unwrap();
            let table = InterpTable::from_device(&weights, &handle).unwrap();
            let replaced = InterpTable::new(device, &[T::zero(), T::one()], &[T::zero(), T::one()]).unwrap();
            let replaced = replaced.with_values(&handle).unwrap();
            let tables = move |x: &DeviceArray<T, Ix1>| [table.interp(x).unwrap(), replaced.interp(x).unwrap()];
            let computed = handle.reshape((1, 2)).unwrap().sum_axis(Axis(0)).unwrap();
            made.push((expected, handle.readback(), written.replay().unwrap(), captured, computed, tables));
        }
        for (expected, readback, written, captured, computed, tables) in made {
            assert_eq!(readback.wait().err().map(|error| error.kind()), expected, "{name}, asked for then");
            assert_eq!(kind(&written), expected, "{name}, written into a plan then");
            assert_eq!(kind(&captured), expected, "{name}, captured over it then");
            assert_eq!(kind(&computed), expected, "{name}, computed from it then");
            assert_eq!(tables(&weights).map(|y| kind(&y)), [expected; 2], "{name}, tables made of it then");
        }

        // Knots out of order.
        let queries = device.upload(&array([0.5, 2.5])).unwrap();
        let looked_up = |xp: &DeviceArray<T, Ix1>| InterpTable::from_device(xp, xp)?.interp(&queries);
        let mut plan = device.capture(&weights, looked_up).unwrap();
        let first = plan.replay().unwrap();
        for (knots, expected) in [([2.0, 1.0], Some(ErrorKind::NotSorted { index: 1 })), ([1.0, 3.0], None)] {
            plan.write(&array(knots)).unwrap();
            plan.replay().unwrap();
            assert_eq!(kind(&first), expected, "{name}, {knots:?}");
        }

        // An input that comes out as it went in changes when it is written, and what is computed from it when it is replayed.
        let bad = average(&device.upload(&array([1.0, -1.0])).unwrap()).unwrap();
        let mut plan = device.capture(&weights, |x| Ok((x.clone(), x.reshape((2, 1))?.sum_axis(Axis(1))?))).unwrap();
        let (itself, sum) = plan.replay().unwrap();
        plan.write(&bad).unwrap();
        assert_eq!((kind(&itself), kind(&sum)), (zero, fine), "{name}");
        plan.replay().unwrap();
        assert_eq!((kind(&itself), kind(&sum)), (zero, zero), "{name}");
        plan.write(&array([5.0, 6.0])).unwrap();
        assert_eq!((kind(&itself), kind(&sum)), (fine, zero), "{name}");
        assert_eq!(values(&itself), array([5.0, 6.0]).to_vec(), "{name}");
        // What is written over a handle is the handle's own from then on.
        handle.overwrite(&array([7.0, 8.0])).unwrap();
        assert_eq!((kind(&handle), values(&handle)), (fine, array([7.0, 8.0]).to_vec()), "{name}");
    }
    everywhere!(check);
}

#[test]
fn what_cannot_be_captured_is_refused() {
    fn check<T: Float>(device: &Device, name: &str) {
        let x = device.upload(&Array1::from_elem(4, T::one())).unwrap();
        let kind = |result: Result<()>| result.unwrap_err().kind();
        let readback = device.capture(&x, |x| {
            x.readback().wait()?;
            x.sum()
        });
        let error = readback.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotCapturable, "{name}");
        assert!(error.to_string().contains("read back inside a closure"), "{name}: {error}");
        let overwritten = device.capture(&x, |x| {
            let mut x = x.clone();
            x.overwrite(&Array1::from_elem(4, T::one()))?;
            x.sum()
        });
        assert_eq!(kind(overwritten.map(drop)), ErrorKind::NotCapturable, "{name}");
        let nested = device.capture(&x, |x| x.device().capture(x, |x| x.sum()).map(|_| x.clone()));
        assert_eq!(kind(nested.map(drop)), ErrorKind::NotCapturable, "{name}");
        let other = Device::cpu();
        let elsewhere = other.upload(&Array1::from_elem(4, T::one())).unwrap();
        assert_eq!(kind(device.capture(&elsewhere, |x| x.sum()).map(drop)), ErrorKind::DeviceMismatch, "{name}");
        assert_eq!(kind(device.capture(&x, |_| elsewhere.sum()).map(drop)), ErrorKind::DeviceMismatch, "{name}");
        let weighted = device.capture(&x, |x| x.average(&elsewhere));
        assert_eq!(kind(weighted.map(drop)), ErrorKind::DeviceMismatch, "{name}");

        // What escapes from the closure has no values, and says so.
        let mut escaped = None;
        let mut plan = device
            .capture(&x, |x| {
                escaped = Some(x.clone());
                x.sum()
            })
            .unwrap();
        let escaped = escaped.unwrap();
        assert_eq!(kind(escaped.readback().wait().map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(escaped.sum().map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(x.average(&escaped).map(drop)), ErrorKind::NotCapturable, "{name}");
        assert_eq!(kind(device.capture(&escaped, |x| x.sum()).map(drop)), ErrorKind::NotCapturable, "{name}");
        let foreign = device.capture(&x, |x| x.average(&escaped));
        assert_eq!(kind(foreign.map(drop)), ErrorKind::NotCapturable, "{name}");

        // Shapes are known at capture, and so are mistakes.
        let three = device.upload(&Array1::from_elem(3, T::one())).unwrap();
        assert_eq!(kind(device.capture(&x, |x| x.average(&three)).map(drop)), ErrorKind::ShapeMismatch, "{name}");
        assert_eq!(kind(plan.write(&Array1::from_elem(3, T::one()))), ErrorKind::ShapeMismatch, "{name}");
        assert_eq!(kind(plan.write(&elsewhere)), ErrorKind::DeviceMismatch, "{name}");
        assert_eq!(values(&plan.replay().unwrap()), [T::narrow(4.0)], "{name}: and the plan goes on");
    }
    everywhere!(check);
}

#[test]
fn constants_are_as_they_were_and_computed_once() {
    fn check<T: Float>(device: &Device, name: &str) {
        let number = |value: f64| T::narrow(value);
        let x = device.upload(&arr1(&[number(1.0), number(2.0)])).unwrap();
        let mut w = device.upload(&arr1(&[number(1.0), number(0.0)])).unwrap();
        let mut plan = device.capture(&x, |x| Ok((x.weighted_sum(&w)?, w.sum()?))).unwrap();
        assert_eq!(plan.passes(), 1, "{name}: {plan}");
        w.overwrite(&arr1(&[number(7.0), number(7.0)])).unwrap();
        let (sum, constant) = plan.replay().unwrap();
        assert_eq!((values(&sum), values(&constant)), (vec![number(1.0)], vec![number(1.0)]), "{name}");
        // Results may become the next inputs.
        let mut doubled = device.capture(&x, |x| x.weighted_sum(x)?.reshape(1)).unwrap();
        assert_eq!(values(&doubled.replay().unwrap()), [number(5.0)], "{name}");
        let mut step = device.capture(&x, |x| x.standardize_axis(Axis(0), T::zero())).unwrap();
        let out = step.replay().unwrap();
        step.write(&out).unwrap();
        assert_eq!(values(&step.replay().unwrap()), [number(-1.0), number(1.0)], "{name}");
        // The input itself is an output like any other.
        let mut same = device.capture(&x, |x| Ok(x.clone())).unwrap();
        same.write(&arr1(&[number(8.0), number(9.0)])).unwrap();
        let itself = same.replay().unwrap();
        same.write(&itself).unwrap();
        assert_eq!(values(&same.replay().unwrap()), [number(8.0), number(9.0)], "{name}");
    }
    everywhere!(check);
}

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
                plain.clone().method(ndgpu::Method::Nearest),
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
    everywhere!(check);
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

#[test]
fn plans_and_streams_may_go_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let device = Device::cpu();
    let x = device.upload(&arr1(&[1.0_f32, 2.0])).unwrap();
    let mut plan = device.capture(&x, |x| x.sum()).unwrap();
    is_send(&plan);
    is_send(&device.stream([arr1(&[1.0_f32])], |x: &DeviceArray<f32, Ix1>| x.sum()));
    let sum = std::thread::spawn(move || values(&plan.replay().unwrap())).join().unwrap();
    assert_eq!(sum, [3.0]);
}

#[test]
fn types_and_numbers_of_arrays_may_be_known_only_as_the_program_runs() {
    fn check<T: Float>(device: &Device, name: &str)
    where
        AnyArray: From<DeviceArray<T, IxDyn>>,
    {
        let one = |value: f64| arr1(&[T::narrow(value), T::narrow(2.0 * value)]).into_dyn();
        let upload = |value: f64| -> AnyArray { device.upload(&one(value)).unwrap().into() };
        let read = |array: &AnyArray| -> Vec<f64> {
            match array {
                AnyArray::F32(array) => values(array).into_iter().map(f64::from).collect(),
                AnyArray::F64(array) => values(array),
                AnyArray::U32(array) => array.readback().wait().unwrap().view().iter().map(|&v| f64::from(v)).collect(),
                other => panic!("{other:?}"),
            }
        };
        let total = |array: &AnyArray| -> Result<[AnyArray; 2]> {
            Ok(match array {
                AnyArray::F32(array) => [array.sum()?.into(), array.argmax()?.into()],
                AnyArray::F64(array) => [array.sum()?.into(), array.argmax()?.into()],
                other => return Err(Error::other(format!("{other:?}"))),
            })
        };
        let inputs = [upload(1.0), upload(2.0), upload(3.0)];
        let mut plan = device
            .capture(inputs.iter().collect::<Vec<_>>(), |inputs: Vec<&AnyArray>| {
                Ok(inputs.into_iter().map(total).collect::<Result<Vec<_>>>()?.concat())
            })
            .unwrap();
        let outputs = plan.replay().unwrap();
        assert_eq!(outputs.iter().flat_map(read).collect::<Vec<_>>(), [3.0, 1.0, 6.0, 1.0, 9.0, 1.0], "{name}");
        assert_eq!(outputs[1].element_type(), ElementType::U32);

        let host = |value: f64| -> Vec<AnyData<'static>> {
            vec![AnyData::Unchanged, AnyData::Device(upload(value)), AnyData::Unchanged]
        };
        plan.write(host(5.0)).unwrap();
        let (ones, zeros) = (arr1(&[1.0_f32; 2]).into_dyn(), arr1(&[0.0_f64; 2]).into_dyn());
        let (right, wrong) = match T::TYPE {
            ElementType::F32 => (AnyData::F32(ones.view()), AnyData::F64(zeros.view())),
            _ => (AnyData::F64(zeros.view()), AnyData::F32(ones.view())),
        };
        let expected = if T::TYPE == ElementType::F32 { 2.0 } else { 0.0 };
        plan.write(vec![right, AnyData::Unchanged, AnyData::Unchanged]).unwrap();
        let sums: Vec<f64> = plan.replay().unwrap().iter().step_by(2).flat_map(read).collect();
        assert_eq!(sums, [expected, 15.0, 9.0], "{name}");

        let refused = plan.write(vec![AnyData::Unchanged, wrong, AnyData::Unchanged]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidOption, "{name}");
        assert!(refused.to_string().contains("f32") && refused.to_string().contains("f64"), "{refused}");
        assert_eq!(plan.write(vec![AnyData::Unchanged]).unwrap_err().kind(), ErrorKind::ShapeMismatch, "{name}");
        let sums: Vec<f64> = plan.replay().unwrap().iter().step_by(2).flat_map(read).collect();
        assert_eq!(sums, [expected, 15.0, 9.0], "{name}: refusals change nothing");
    }
    everywhere!(check);
}

#[test]
fn an_error_of_the_callers_own_leaves_the_closure() {
    fn check<T: Float>(device: &Device, name: &str) {
        let x = device.upload(&Array1::<T>::ones(3)).unwrap();
        let refused = device.capture(&x, |_| Err::<DeviceArray<T, Ix1>, _>(Error::other("mine"))).unwrap_err();
        assert_eq!((refused.kind(), refused.to_string().as_str()), (ErrorKind::Other, "mine"), "{name}");
        assert!(x.sum().unwrap().readback().wait().is_ok());
    }
    everywhere!(check);
}

/// Rows that are reduced otherwise than they were looked up: with one table it makes no difference, with several each row
/// has to know its own.
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
    everywhere!(check);
}

/// What is wrong with an input goes with that input, whichever of them are written anew.
#[test]
fn an_input_that_stays_keeps_what_is_wrong_with_it() {
    fn check<T: Float>(device: &Device, name: &str) {
        let number = |value: f64| T::narrow(value);
        let good = device.upload(&arr1(&[number(1.0), number(3.0)])).unwrap();
        let one = device.upload(&arr2(&[[number(1.0), number(3.0)]])).unwrap();
        let zero = device.upload(&arr1(&[number(1.0), number(-1.0)])).unwrap();
        let bad = one.average_axis(Axis(1), &zero).unwrap();
        let mut plan = device.capture((&good, &good), |(a, b)| Ok((a.sum()?, b.sum()?))).unwrap();
        let outcome = |plan: &mut ndgpu::Plan<_, (DeviceArray<T, _>, DeviceArray<T, _>)>| {
            let (a, b): (DeviceArray<T, ndarray::Ix0>, DeviceArray<T, ndarray::Ix0>) = plan.replay().unwrap();
            [a, b].map(|sum| sum.readback().wait().is_ok())
        };
        assert_eq!(outcome(&mut plan), [true, true], "{name}");
        let two = bad.reshape(1).unwrap();
        assert_eq!(plan.write(((), &two)).unwrap_err().kind(), ErrorKind::ShapeMismatch, "{name}");
        let mut plan = device.capture((&two, &two), |(a, b)| Ok((a.sum()?, b.sum()?))).unwrap();
        assert_eq!(outcome(&mut plan), [false, false], "{name}");
        plan.write(((), &arr1(&[number(2.0)]))).unwrap();
        assert_eq!(outcome(&mut plan), [false, true], "{name}: the second was replaced");
        plan.write((&arr1(&[number(2.0)]), ())).unwrap();
        assert_eq!(outcome(&mut plan), [true, true], "{name}: and then the first");
        plan.write(((), &two)).unwrap();
        assert_eq!(outcome(&mut plan), [true, false], "{name}: the second is wrong again");
    }
    everywhere!(check);
}
