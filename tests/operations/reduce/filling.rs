//! Averages with a value for those whose weights sum to zero.

use ndarray::{Array1, Array2, ArrayD, Axis, Dimension, IxDyn, Zip, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float};

use crate::support::arrays::{SHAPES, read};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::oracle::total;
use crate::support::random::Random;

/// What stands for the averages that do not exist.
const FILL: f64 = -7.25;

/// The average of a row and the sum of its weights, which are so few and so round that their sum is exact.
fn average(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64, f64) {
    let weights: f64 = pairs.clone().map(|(_, w)| w).sum();
    let size: f64 = pairs.clone().map(|(v, w)| (v * w).abs()).sum();
    if weights == 0.0 {
        // No room for anything else.
        return (FILL, weights, 0.0);
    }
    (total(pairs.map(|(v, w)| v * w)) / weights, weights, size / weights.abs())
}

/// Along one axis, by every method, with weights along the axis and with full ones.
fn check_filling<T: Float>(device: &Device, a: &ArrayD<T>, full: &ArrayD<T>, axis: Axis, what: &str) {
    let len = a.shape()[axis.index()];
    let fill = value::<T>(FILL);
    let up = device.upload(a).unwrap();
    // Weights that sum to zero at once, and those that do so only where some are left out.
    let none = Array1::from_shape_fn(len, |i| value::<T>(if len.is_multiple_of(2) { [1.0, -1.0][i % 2] } else { 0.0 }));
    let few = Array1::from_shape_fn(len, |i| value::<T>([0.0, 0.25, 0.0, 1.5][i % 4]));
    for (kind, weights) in [("full", full.clone()), ("none", none.into_dyn()), ("few", few.into_dyn())] {
        let up_weights = device.upload(&weights).unwrap();
        let of_rows: Vec<Vec<f64>> = if kind == "full" {
            weights.lanes(axis).into_iter().map(|row| row.mapv(wide).to_vec()).collect()
        } else {
            vec![weights.iter().map(|&w| wide(w)).collect(); a.lanes(axis).into_iter().len()]
        };
        for skips in [false, true] {
            let what = format!("{what}, {kind} weights, {}", if skips { "without NaN" } else { "with NaN" });
            let (plain, (returned, sums)) = if skips {
                let a = up.skip_nan();
                (
                    a.average_axis_or(axis, &up_weights, fill),
                    a.average_axis_returned_or(axis, &up_weights, fill).unwrap(),
                )
            } else {
                (
                    up.average_axis_or(axis, &up_weights, fill),
                    up.average_axis_returned_or(axis, &up_weights, fill).unwrap(),
                )
            };
            let (plain, returned, sums) = (read(plain.unwrap()), read(returned), read(sums));
            let unfilled =
                if skips { up.skip_nan().average_axis(axis, &up_weights) } else { up.average_axis(axis, &up_weights) };
            let mut any_zero = false;
            assert_eq!(plain.len(), of_rows.len(), "{what}");
            for (number, (row, weights)) in a.lanes(axis).into_iter().zip(&of_rows).enumerate() {
                let all = row.iter().map(|&v| wide(v)).zip(weights.iter().copied());
                let (want, sum, size) = average(all.filter(|(v, _)| !skips || !v.is_nan()));
                let what = format!("{what}, row {number}");
                let got = plain.as_slice().unwrap()[number];
                any_zero |= sum == 0.0;
                near(got, want, wide(T::epsilon()) * want.abs() + 4.0 * f64::EPSILON * size, &what);
                assert!(same(got, returned.as_slice().unwrap()[number]), "{what}: returned");
                assert_eq!(wide(sums.as_slice().unwrap()[number]), sum, "{what}: sums of weights");
            }
            // The same without a value for it: right where all have an average.
            match unfilled.unwrap().readback().wait() {
                Ok(averages) => {
                    let alike = averages.view().iter().zip(&plain).all(|(&one, &other)| same(one, other));
                    assert!(alike && !any_zero, "{what}");
                }
                Err(error) => assert!(error.kind() == ErrorKind::ZeroWeights && any_zero, "{what}: {error}"),
            }
        }
    }
}

fn filling<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(23);
    for shape in SHAPES {
        let whole = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() * 2.0 - 0.5));
        let mut a = whole.mapv(|v| if random.below(10) == 0 { T::nan() } else { v });
        let takes_long = whole.len() > 100_000;
        for axis in (0..shape.len()).map(Axis) {
            // Every third row weighs nothing, every fifth has no value.
            let mut full = a.mapv(|_| value::<T>([0.5, 1.0, 1.25][random.below(3)]));
            full.lanes_mut(axis).into_iter().step_by(3).for_each(|mut row| row.fill(T::zero()));
            a.lanes_mut(axis).into_iter().skip(1).step_by(5).for_each(|mut row| row.fill(T::nan()));
            check_filling(device, &a, &full, axis, &format!("{name}: shape {shape:?} {axis:?}"));
            if takes_long {
                break;
            }
        }
    }
}

#[test]
fn a_value_stands_where_weights_sum_to_zero() {
    on_every_engine!(filling);
}

fn special<T: Float>(device: &Device, name: &str) {
    let (one, zero, nan, inf) = (T::one(), T::zero(), T::nan(), T::infinity());
    let a = device.upload(&arr2(&[[one, one], [one, one], [nan, one], [inf, one], [nan, nan]])).unwrap();
    let weights = arr2(&[[nan, one], [one, -one], [zero, zero], [zero, -zero], [one, one]]);
    let weights = device.upload(&weights).unwrap();
    // Whatever stands there comes out bit for bit; a sum that is NaN is not zero.
    for fill in [nan, inf, -inf, -zero, T::max_value(), T::min_positive_value() / (one + one)] {
        let averages = read(a.average_axis_or(Axis(1), &weights, fill).unwrap());
        let bits = |v: T| if size_of::<T>() == 4 { v.words()[..1].to_vec() } else { v.words().to_vec() };
        assert!(averages[0].is_nan() && averages[4].is_nan(), "{name}: {averages}");
        let wrong = averages.iter().skip(1).take(3).find(|&&average| bits(average) != bits(fill));
        assert!(wrong.is_none(), "{name}: {averages} instead of {fill}");
        let averages = read(a.skip_nan().average_axis_or(Axis(1), &weights, fill).unwrap());
        assert_eq!(bits(averages[4]), bits(fill), "{name}: nothing but NaN");
        assert!(averages[0].is_nan(), "{name}: {averages}");
    }
    // Nothing is wrong with what is computed from such averages, on the device or of several arrays.
    let filled = a.average_axis_or(Axis(1), &weights, one).unwrap();
    assert!(filled.skip_nan().sum().unwrap().readback().wait().is_ok(), "{name}");
    let bad = a.average_axis(Axis(1), &weights).unwrap();
    let error = bad.average_or(&filled, one).unwrap().readback().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ZeroWeights, "{name}: a value for one average does not excuse another");

    let kind = |result: ndgpu::Result<DeviceArray<T, _>>| result.map(drop).unwrap_err().kind();
    let three = device.upload(&Array1::from_elem(3, one)).unwrap();
    assert_eq!(kind(a.average_axis_or(Axis(1), &three, one)), ErrorKind::ShapeMismatch, "{name}");
    assert_eq!(kind(a.average_axis_or(Axis(2), &three, one)), ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 }, "{name}");
    let elsewhere = Device::cpu().upload(&Array1::from_elem(2, one)).unwrap();
    assert_eq!(kind(a.skip_nan().average_axis_or(Axis(1), &elsewhere, one)), ErrorKind::DeviceMismatch, "{name}");
}

#[test]
fn what_stands_there_may_be_anything() {
    on_every_engine!(special);
}

/// Several axes are one row behind those that stay, and everything is one row.
fn several_axes<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(29);
    let shape = [3, 4, 5, 2];
    let a = ArrayD::from_shape_simple_fn(IxDyn(&shape), || match random.below(4) {
        0 => T::nan(),
        number => value(number as f64),
    });
    let mut full = a.mapv(|_| value::<T>(random.below(2) as f64));
    full.index_axis_mut(Axis(1), 2).fill(T::zero());
    let (up, up_full, fill) = (device.upload(&a).unwrap(), device.upload(&full).unwrap(), value::<T>(FILL));
    for axes in [vec![], vec![1], vec![2, 0], vec![0, 2, 3], vec![3, 1], vec![0, 1, 2, 3]] {
        let what = format!("{name}: over {axes:?}");
        let named: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
        let kept: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
        let order = [kept.clone(), axes.clone()].concat();
        let len: usize = axes.iter().map(|&axis| shape[axis]).product();
        let as_rows = |array: &ArrayD<T>| {
            let flat: Vec<T> = array.view().permuted_axes(IxDyn(&order)).iter().copied().collect();
            device.upload(&Array2::from_shape_vec((flat.len() / len, len), flat).unwrap()).unwrap()
        };
        let (rows, full_rows) = (as_rows(&a), as_rows(&full));
        let few = ArrayD::from_shape_fn(axes.iter().map(|&axis| shape[axis]).collect::<Vec<_>>(), |index: IxDyn| {
            value::<T>(index.slice().iter().sum::<usize>() as f64 * 0.5)
        });
        let few_rows = device.upload(&arr1(&few.iter().copied().collect::<Vec<_>>())).unwrap();
        let up_few = device.upload(&few).unwrap();
        let left: Vec<usize> = kept.iter().map(|&axis| shape[axis]).collect();
        let check = |which: &str, got: DeviceArray<T, IxDyn>, want: DeviceArray<T, ndarray::Ix1>| {
            let (got, want) = (read(got), read(want));
            assert_eq!(got.shape(), left, "{what}: {which}");
            Zip::from(&got.flatten()).and(&want).for_each(|&got, &want| {
                let near =
                    same(got, want) || (wide(got) - wide(want)).abs() <= 2.0 * wide(T::epsilon()) * wide(want).abs();
                assert!(near, "{what}: {which} is {got} instead of {want}");
            });
        };
        let along = Axis(1);
        check(
            "average or",
            up.average_axes_or(&named, &up_full, fill).unwrap(),
            rows.average_axis_or(along, &full_rows, fill).unwrap(),
        );
        check(
            "average or, few weights",
            up.average_axes_or(&named, &up_few, fill).unwrap(),
            rows.average_axis_or(along, &few_rows, fill).unwrap(),
        );
        let got = up.average_axes_returned_or(&named, &up_full, fill).unwrap();
        let want = rows.average_axis_returned_or(along, &full_rows, fill).unwrap();
        check("average returned or", got.0, want.0);
        check("sums of weights", got.1, want.1);

        let (up, rows) = (up.skip_nan(), rows.skip_nan());
        check(
            "average or, without NaN",
            up.average_axes_or(&named, &up_full, fill).unwrap(),
            rows.average_axis_or(along, &full_rows, fill).unwrap(),
        );
        let got = up.average_axes_returned_or(&named, &up_few, fill).unwrap();
        let want = rows.average_axis_returned_or(along, &few_rows, fill).unwrap();
        check("average returned or, without NaN", got.0, want.0);
        check("sums of weights, without NaN", got.1, want.1);
        check("sum", up.sum_axes(&named).unwrap(), rows.sum_axis(along).unwrap());
        check("mean", up.mean_axes(&named).unwrap(), rows.mean_axis(along).unwrap());
        check("var", up.var_axes(&named, T::one()).unwrap(), rows.var_axis(along, T::one()).unwrap());
        check("std", up.std_axes(&named, T::zero()).unwrap(), rows.std_axis(along, T::zero()).unwrap());
        check("min", up.min_axes(&named).unwrap(), rows.min_axis(along).unwrap());
        check("max", up.max_axes(&named).unwrap(), rows.max_axis(along).unwrap());
        let got = up.weighted_sum_axes(&named, &up_full).unwrap();
        check("weighted sum", got, rows.weighted_sum_axis(along, &full_rows).unwrap());
        // Weights that leave something everywhere.
        let ones = device.upload(&full.mapv(|_| T::one())).unwrap();
        let outcome = |average: ndgpu::Result<DeviceArray<T, IxDyn>>| average.unwrap().readback().wait().map(drop);
        let any_bare = read(rows.sum_axis(along).unwrap()).iter().any(|&sum| sum == T::zero());
        for outcome in [
            outcome(up.average_axes(&named, &ones)),
            outcome(up.average_axes_returned(&named, &ones).map(|(average, _)| average)),
            outcome(up.average_axes_returned(&named, &ones).map(|(_, sums)| sums)),
        ] {
            let wanted = if any_bare { Err(ErrorKind::ZeroWeights) } else { Ok(()) };
            assert_eq!(outcome.map_err(|error| error.kind()), wanted, "{what}");
        }
    }

    // Everything is one row.
    let number = |array: DeviceArray<T, ndarray::Ix0>| read(array).into_scalar();
    let row = device.upload(&arr1(&a.iter().copied().collect::<Vec<_>>())).unwrap();
    let along = device.upload(&arr1(&full.iter().copied().collect::<Vec<_>>())).unwrap();
    let of_row = read(row.skip_nan().average_axis_or(Axis(0), &along, fill).unwrap()).into_scalar();
    assert!(same(number(up.skip_nan().average_or(&up_full, fill).unwrap()), of_row), "{name}");
    assert!(number(up.average_or(&up_full, fill).unwrap()).is_nan(), "{name}: NaN is not left out");
    let (average, sum) = up.skip_nan().average_returned(&up_full).unwrap();
    assert!(same(number(average), of_row), "{name}");
    let weights = Zip::from(&a).and(&full).fold(0.0, |sum, v, &w| if v.is_nan() { sum } else { sum + wide(w) });
    assert_eq!(wide(number(sum)), weights, "{name}");
    let dot = number(up.skip_nan().weighted_sum(&up_full).unwrap());
    near(dot, wide(of_row) * weights, 4.0 * wide(T::epsilon()) * weights.abs() * 3.0, name);
    let zeros = device.upload(&full.mapv(|_| T::zero())).unwrap();
    assert_eq!(number(up.average_or(&zeros, fill).unwrap()), fill, "{name}");
    assert_eq!(number(up.skip_nan().average_or(&zeros, fill).unwrap()), fill, "{name}");
    for (average, sum) in
        [up.average_returned_or(&zeros, fill).unwrap(), up.skip_nan().average_returned_or(&zeros, fill).unwrap()]
    {
        assert_eq!((number(average), number(sum)), (fill, T::zero()), "{name}");
    }
}

#[test]
fn several_axes_and_everything_are_one_row() {
    on_every_engine!(several_axes);
}
