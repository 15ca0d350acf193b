//! Derivatives and the matrix of an interpolation as JAX 0.10.2 (`jax.vjp`, `jax.jvp` of `jnp.interp`, in f64) and
//! SciPy 1.17.1 (`BSpline.design_matrix`, degree 1) computed them: away from knots, where their rules and these agree.

use ndarray::Array1;
use ndgpu::{Device, Float, InterpTable, Tangents, Wanted};

use crate::support::arrays::values;
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};

const XP: [f64; 5] = [-2.0, -0.5, 0.25, 1.0, 4.0];
const FP: [f64; 5] = [1.0, -3.0, 2.5, 2.5, -1.0];
/// The first and the last are outside.
const X: [f64; 11] = [-7.0, -1.75, -1.0, -0.25, 0.0, 0.5, 0.875, 1.5, 2.25, 3.875, 9.0];
const G: [f64; 11] = [0.5, -1.0, 2.0, 0.25, -0.75, 1.5, -2.0, 1.0, 3.0, -0.5, 0.125];
/// The cotangents that `jax.vjp` gives: of `x`, `xp` and `fp`.
const DX: [f64; 11] = [
    0.0,
    2.6666666666666665,
    -5.333333333333333,
    1.8333333333333333,
    -5.5,
    0.0,
    0.0,
    -1.1666666666666667,
    -3.5,
    0.5833333333333334,
    0.0,
];
const DXP: [f64; 5] =
    [-0.4444444444444442, 3.7222222222222223, 3.0555555555555554, 2.989583333333334, 1.0937499999999998];
const DFP: [f64; 5] = [0.3333333333333335, 1.083333333333333, 0.25, 1.3958333333333333, 1.0625];
/// The tangent that `jax.jvp` gives, with those of `x` evenly from -1 to 1, and these.
const TXP: [f64; 5] = [0.5, -0.25, 0.125, 1.0, -1.0];
const TFP: [f64; 5] = [2.0, 0.5, -1.5, 0.25, 1.0];
const DY: [f64; 11] = [
    2.0,
    4.883333333333333,
    2.6,
    -2.1833333333333327,
    -2.3,
    -0.9166666666666667,
    -0.04166666666666652,
    0.686111111111111,
    0.05694444444444441,
    -1.0340277777777778,
    1.0,
];
/// The rows of SciPy's matrix for the queries inside: columns and weights.
const COLUMNS: [u32; 18] = [0, 1, 0, 1, 1, 2, 1, 2, 2, 3, 2, 3, 3, 4, 3, 4, 3, 4];
const WEIGHTS: [f64; 18] = [
    0.8333333333333333,
    0.16666666666666666,
    0.3333333333333333,
    0.6666666666666666,
    0.6666666666666666,
    0.3333333333333333,
    0.3333333333333333,
    0.6666666666666666,
    0.6666666666666666,
    0.3333333333333333,
    0.16666666666666666,
    0.8333333333333333,
    0.8333333333333333,
    0.16666666666666666,
    0.5833333333333333,
    0.41666666666666663,
    0.041666666666666664,
    0.9583333333333333,
];

fn as_recorded<T: Float>(device: &Device, name: &str) {
    let of = |numbers: &[f64]| -> Array1<T> { numbers.iter().map(|&number| value(number)).collect() };
    let upload = |numbers: &[f64]| device.upload(&of(numbers)).unwrap();
    let agree = |got: &[T], want: &[f64], what: &str| {
        assert_eq!(got.len(), want.len(), "{name}, {what}");
        for (&got, &want) in got.iter().zip(want) {
            near(got, want, 16.0 * wide(T::epsilon()) * want.abs().max(1.0), format!("{name}, {what}"));
        }
    };
    let table = InterpTable::new(device, &of(&XP), &of(&FP)).unwrap();
    let (x, g) = (upload(&X), upload(&G));
    let found = table.interp_vjp(&x, &g, Wanted::X | Wanted::XP | Wanted::FP).unwrap();
    assert!(found.left.is_none() && found.right.is_none(), "{name}: not wanted");
    agree(&values(&found.x.unwrap()), &DX, "the cotangent of x");
    agree(&values(&found.xp.unwrap()), &DXP, "the cotangent of xp");
    agree(&values(&found.fp.unwrap()), &DFP, "the cotangent of fp");
    let step = 2.0 / (X.len() - 1) as f64;
    let directions: Vec<f64> = (0..X.len()).map(|query| query as f64 * step - 1.0).collect();
    let (tx, txp, tfp) = (upload(&directions), upload(&TXP), upload(&TFP));
    let tangents = Tangents { x: Some(&tx), xp: Some(&txp), fp: Some(&tfp) };
    agree(&values(&table.interp_jvp(&x, tangents).unwrap()), &DY, "the tangent of y");
    let inside = upload(&X[1..10]);
    let (_, columns, weights) = table.locate(&inside).unwrap().to_csr().unwrap();
    assert_eq!(values(&columns), COLUMNS, "{name}");
    agree(&values(&weights), &WEIGHTS, "the matrix");
}

#[test]
fn derivatives_and_the_matrix_are_those_of_jax_and_scipy() {
    on_every_engine!(as_recorded);
}
