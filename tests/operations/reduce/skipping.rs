//! Reductions as if NaN were not there.

use ndarray::{Array1, ArrayD, Axis, IxDyn};
use ndgpu::{Device, ErrorKind, Float};

use crate::support::arrays::{SHAPES, read};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::oracle::{moments, total, variance};
use crate::support::random::Random;

fn check_skipping<T: Float>(device: &Device, a: &ArrayD<T>, axis: Axis, what: &str) {
    let len = a.shape()[axis.index()];
    let epsilon = wide(T::epsilon());
    let weights = Array1::from_shape_fn(len, |i| value::<T>(0.5 + (i % 13) as f64 * 0.25));
    // A weight is left out with its value, whatever it is.
    let full = a.mapv(|v| if v.is_nan() { T::nan() } else { value(1.0 + wide(v).abs().fract()) });
    let up = device.upload(a).unwrap();
    let (up_weights, up_full) = (device.upload(&weights).unwrap(), device.upload(&full).unwrap());
    let sum = read(up.skip_nan().sum_axis(axis).unwrap());
    let mean = read(up.skip_nan().mean_axis(axis).unwrap());
    let var = read(up.skip_nan().var_axis(axis, T::one()).unwrap());
    let std = read(up.skip_nan().std_axis(axis, T::zero()).unwrap());
    let (min, max) = (read(up.skip_nan().min_axis(axis).unwrap()), read(up.skip_nan().max_axis(axis).unwrap()));
    let weighted = read(up.skip_nan().weighted_sum_axis(axis, &up_weights).unwrap());
    let weighted_full = read(up.skip_nan().weighted_sum_axis(axis, &up_full).unwrap());
    let bare = a.lanes(axis).into_iter().any(|row| row.iter().all(|v| v.is_nan()));
    let averages =
        [up.skip_nan().average_axis(axis, &up_weights).unwrap(), up.skip_nan().average_axis(axis, &up_full).unwrap()];
    let averages = averages.map(|average| average.readback().wait());
    if bare {
        for average in &averages {
            let kind = average.as_ref().map(|_| ()).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::ZeroWeights), "{what}");
        }
    }
    let averages = averages.map(|average| average.ok().map(|host| host.into_array()));

    let rows = a.lanes(axis).into_iter().zip(full.lanes(axis));
    assert_eq!(sum.len(), rows.len(), "{what}");
    for (number, (row, full)) in rows.enumerate() {
        let of = |array: &ArrayD<T>| array.as_slice().unwrap()[number];
        let left: Vec<(f64, f64, f64)> = (row.iter().zip(&weights).zip(full))
            .filter(|((v, _), _)| !v.is_nan())
            .map(|((&v, &w), &f)| (wide(v), wide(w), wide(f)))
            .collect();
        let sized = |terms: &dyn Fn(&(f64, f64, f64)) -> f64| {
            let size: f64 = left.iter().map(|term| terms(term).abs()).sum();
            (total(left.iter().map(terms)), size)
        };
        let check = |got: &ArrayD<T>, want: f64, size: f64, which: &str| {
            near(
                of(got),
                want,
                epsilon * want.abs() + 4.0 * f64::EPSILON * size,
                format_args!("{what} {which}, row {number}"),
            );
        };
        let count = left.len() as f64;
        let (plain, size) = sized(&|term| term.0);
        check(&sum, plain, size, "sum");
        check(&mean, plain / count, size / count, "mean");
        let (dot, dot_size) = sized(&|term| term.0 * term.1);
        check(&weighted, dot, dot_size, "weighted sum");
        let (full_dot, full_size) = sized(&|term| term.0 * term.2);
        check(&weighted_full, full_dot, full_size, "weighted sum, full");
        for (average, dot, size, weight) in [
            (&averages[0], dot, dot_size, sized(&|term| term.1).0),
            (&averages[1], full_dot, full_size, sized(&|term| term.2).0),
        ] {
            if let Some(average) = average {
                check(average, dot / weight, size / weight, "average");
            }
        }
        let (count, _, squares) = moments(left.iter().map(|term| term.0));
        let want = variance(count, squares, 1.0);
        near(of(&var), want, 3.0 * epsilon * want, format_args!("{what} var, row {number}"));
        let want = variance(count, squares, 0.0).sqrt();
        near(of(&std), want, 4.0 * epsilon * want, format_args!("{what} std, row {number}"));
        let nan_if_none = |best: f64| if left.is_empty() { f64::NAN } else { best };
        let least = nan_if_none(left.iter().fold(f64::INFINITY, |least, term| least.min(term.0)));
        let most = nan_if_none(left.iter().fold(f64::NEG_INFINITY, |most, term| most.max(term.0)));
        assert!(same(wide(of(&min)), least), "{what} min, row {number}: {}, not {least}", of(&min));
        assert!(same(wide(of(&max)), most), "{what} max, row {number}: {}, not {most}", of(&max));
    }
}

fn skipping<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(19);
    for shape in SHAPES {
        let full = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() * 2.0 - 0.5));
        let some = full.mapv(|v| if random.below(10) == 0 { T::nan() } else { v });
        let most = full.mapv(|v| if random.below(10) > 0 { T::nan() } else { v });
        let all = full.mapv(|_| T::nan());
        // Long rows take long, and differ in nothing but where NaN is.
        let takes_long = full.len() > 100_000;
        let kinds = [("some", &some), ("no", &full), ("mostly", &most), ("only", &all)];
        for (kind, a) in kinds.into_iter().take(if takes_long { 1 } else { 4 }) {
            for axis in 0..shape.len() {
                let what = format!("{name}: {kind} NaN, shape {shape:?} axis {axis}");
                check_skipping(device, a, Axis(axis), &what);
            }
            // Everything at once is one row.
            let flat = device.upload(a).unwrap();
            let row = flat.reshape(IxDyn(&[a.len()])).unwrap();
            let up_weights = device.upload(&a.mapv(|v| if v.is_nan() { v } else { v * v + T::one() })).unwrap();
            let row_weights = up_weights.reshape(IxDyn(&[a.len()])).unwrap();
            for (which, whole, along) in [
                ("sum", flat.skip_nan().sum(), row.skip_nan().sum_axis(Axis(0))),
                ("mean", flat.skip_nan().mean(), row.skip_nan().mean_axis(Axis(0))),
                ("var", flat.skip_nan().var(T::one()), row.skip_nan().var_axis(Axis(0), T::one())),
                ("std", flat.skip_nan().std(T::one()), row.skip_nan().std_axis(Axis(0), T::one())),
                ("min", flat.skip_nan().min(), row.skip_nan().min_axis(Axis(0))),
                ("max", flat.skip_nan().max(), row.skip_nan().max_axis(Axis(0))),
                ("average", flat.skip_nan().average(&up_weights), row.skip_nan().average_axis(Axis(0), &row_weights)),
            ] {
                let what = format!("{name}: {which} of all, {kind} NaN, shape {shape:?}");
                match (whole.unwrap().readback().wait(), along.unwrap().readback().wait()) {
                    (Ok(whole), Ok(along)) => {
                        let (whole, along) = (whole.into_array().into_scalar(), along.view().first().copied().unwrap());
                        assert!(same(whole, along), "{what}: {whole}, but {along} as a row");
                    }
                    (whole, along) => {
                        let kinds = [whole.map(|_| ()), along.map(|_| ())].map(|got| got.unwrap_err().kind());
                        assert_eq!(kinds, [ErrorKind::ZeroWeights; 2], "{what}");
                        assert!(which == "average" && a.iter().all(|v| v.is_nan()), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_nan_is_reduced_as_if_it_were_alone() {
    on_every_engine!(skipping);
}
