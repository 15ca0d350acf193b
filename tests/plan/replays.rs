//! What replays give, and what they leave as it was.

use ndarray::{Array1, Array2, Axis, Ix1, Ix2, arr1};
use ndgpu::{Device, DeviceArray, ErrorKind, Float, InterpTable, Knots, Result, Side};

use crate::assert_same;
use crate::support::arrays::values;
use crate::support::engines::on_every_engine;
use crate::support::random::Random;

fn matrix<T: Float>(random: &mut Random, rows: usize, columns: usize) -> Array2<T> {
    Array2::from_shape_simple_fn((rows, columns), || T::narrow(random.unit() * 13.0 - 1.0))
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
    on_every_engine!(check);
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
    on_every_engine!(check);
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
    on_every_engine!(check);
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
