//! Variances, standard deviations, and what is standardized by them.

use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, arr1};
use ndgpu::{Device, Float};

use crate::support::arrays::{SHAPES, read};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::oracle::{moments, variance};
use crate::support::random::Random;

fn check_moments<T: Float>(device: &Device, a: &ArrayD<T>, axis: Axis, ddof: f64, what: &str) {
    let up = device.upload(a).unwrap();
    let variances = read(up.var_axis(axis, value(ddof)).unwrap());
    let deviations = read(up.std_axis(axis, value(ddof)).unwrap());
    let standardized = read(up.standardize_axis(axis, value(ddof)).unwrap());
    assert_eq!(standardized.shape(), a.shape(), "{what}");
    let epsilon = wide(T::epsilon());
    let rows = a.lanes(axis).into_iter().zip(standardized.lanes(axis));
    assert_eq!((variances.len(), deviations.len()), (rows.len(), rows.len()), "{what}");
    for ((row, standardized), (&var, &std)) in rows.zip(variances.iter().zip(&deviations)) {
        let (count, mean, squares) = moments(row.iter().map(|&v| wide(v)));
        let want = variance(count, squares, ddof);
        near(var, want, 3.0 * epsilon * want, format_args!("{what} var"));
        let root = want.sqrt();
        near(std, root, 4.0 * epsilon * root, format_args!("{what} std"));
        for (&v, &got) in row.iter().zip(standardized) {
            let score = (wide(v) - mean) / root;
            let score = if root == 0.0 { f64::NAN } else { score };
            // The mean was rounded before it was taken off.
            let room = 8.0 * epsilon * (score.abs() + mean.abs() / root);
            near(got, score, room, format_args!("{what} standardized"));
        }
    }
}

fn moments_of_shapes<T: Float>(device: &Device, name: &str) {
    let mut random = Random::new(17);
    for shape in SHAPES {
        let a = ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() * 2.0 - 0.5));
        for axis in 0..shape.len() {
            let ddofs: &[f64] = if a.len() < 10_000 { &[0.0, 1.0, 2.5, -1.0] } else { &[1.0] };
            for &ddof in ddofs {
                let what = format!("{name}: shape {shape:?} axis {axis} ddof {ddof}");
                check_moments(device, &a, Axis(axis), ddof, &what);
            }
        }
        let what = format!("{name}: all of shape {shape:?}");
        let up = device.upload(&a).unwrap();
        let (count, _, squares) = moments(a.iter().map(|&v| wide(v)));
        let want = variance(count, squares, 1.0);
        near(read(up.var(T::one()).unwrap()).into_scalar(), want, 3.0 * wide(T::epsilon()) * want, &what);
        let want = want.sqrt();
        near(read(up.std(T::one()).unwrap()).into_scalar(), want, 4.0 * wide(T::epsilon()) * want, &what);
    }
}

#[test]
fn moments_are_those_of_two_passes() {
    on_every_engine!(moments_of_shapes);
}

fn special_moments<T: Float>(device: &Device, name: &str) {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let cases: [(&[f64], f64, f64); 9] = [
        (&[1.0, nan, 2.0], 0.0, nan),
        (&[1.0, inf, 2.0], 0.0, nan),
        (&[-inf, inf], 0.0, nan),
        (&[], 0.0, nan),
        (&[3.0], 0.0, 0.0),
        (&[3.0], 1.0, nan),
        (&[3.0, 5.0], 2.0, inf),
        (&[3.0, 5.0], 5.0, inf),
        (&[3.0, 3.0], 2.0, nan),
    ];
    for (values, ddof, want) in cases {
        // Alone, and as many rows at once.
        for rows in [1, 300] {
            let a = Array2::from_shape_fn((rows, values.len()), |(_, c)| value::<T>(values[c]));
            let up = device.upload(&a).unwrap();
            let down = device.upload(&a.t()).unwrap();
            for (how, got) in [
                ("rows", up.var_axis(Axis(1), value(ddof)).unwrap()),
                ("columns", down.var_axis(Axis(0), value(ddof)).unwrap()),
                ("rows, std", up.std_axis(Axis(1), value(ddof)).unwrap()),
            ] {
                let wrong = read(got).into_iter().find(|&got| !same(wide(got), want));
                assert!(wrong.is_none(), "{name}: {how} {values:?} ddof {ddof}: {wrong:?}, not {want}");
            }
        }
    }
    // A constant has no deviation, however its mean is rounded, and no scale.
    for constant in [0.1, 1.0 / 3.0, 1e6 + 0.1, 1e-20, 49.0] {
        for len in [2, 3, 7, 10, 49, 100, 1000, 65_537] {
            let up = device.upload(&Array1::<T>::from_elem(len, value(constant))).unwrap();
            let what = format!("{name}: {len} times {constant}");
            assert_eq!(wide(read(up.var_axis(Axis(0), T::zero()).unwrap()).into_scalar()), 0.0, "{what}");
            assert!(read(up.standardize_axis(Axis(0), T::zero()).unwrap()).iter().all(|v| v.is_nan()), "{what}");
        }
    }
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    assert!(read(none.var_axis(Axis(0), T::zero()).unwrap()).iter().all(|v| v.is_nan()), "{name}");
    assert_eq!(read(none.var_axis(Axis(1), T::zero()).unwrap()).shape(), [0]);
    assert_eq!(read(none.standardize_axis(Axis(0), T::zero()).unwrap()).shape(), [0, 3]);
}

#[test]
fn special_values_have_the_moments_that_numpy_gives_them() {
    on_every_engine!(special_moments);
}

/// Where sums overflow, the mean or the variance may be infinite, but never NaN: every value is a number.
fn moments_beyond_the_range<T: Float>(device: &Device, name: &str, wrong: &mut Vec<String>) {
    let huge = T::max_value() * value(0.9);
    for values in [[huge; 4], [huge, -huge, huge, -huge], [huge, huge, T::zero(), T::zero()]] {
        let up = device.upload(&arr1(&values)).unwrap();
        for (what, got) in [("var", up.var(T::zero())), ("std", up.std(T::zero()))] {
            if read(got.unwrap()).into_scalar().is_nan() {
                wrong.push(format!("{name}: {what} of {values:?} is NaN"));
            }
        }
    }
}

#[test]
fn moments_beyond_the_range_are_not_nan() {
    let mut wrong = Vec::new();
    on_every_engine!(moments_beyond_the_range, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
