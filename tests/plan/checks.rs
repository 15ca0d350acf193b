//! What is wrong with data comes with the data of their replay, and with no other.

use ndarray::{Axis, Ix0, Ix1, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Plan};

use crate::support::arrays::values;
use crate::support::engines::on_every_engine;

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
    on_every_engine!(check);
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
    on_every_engine!(check);
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
        let said = |array: &DeviceArray<T, Ix0>| array.readback().wait().err().map(|error| error.kind());
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

        // An input that comes out as it went in changes when it is written, and what is computed from it when it is
        // replayed.
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
    on_every_engine!(check);
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
        let outcome = |plan: &mut Plan<_, (DeviceArray<T, _>, DeviceArray<T, _>)>| {
            let (a, b): (DeviceArray<T, Ix0>, DeviceArray<T, Ix0>) = plan.replay().unwrap();
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
    on_every_engine!(check);
}
