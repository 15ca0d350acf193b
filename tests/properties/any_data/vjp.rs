//! Backward passes of reductions of any array, along any axis.

use ndarray::{ArrayD, Axis};
use ndgpu::{Device, ErrorKind, Float};

use super::inputs::{Input, input, values_of};
use crate::runner::{SEED, holds};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};
use crate::support::oracle::total;

/// To a few roundings of terms of this size. Subnormal factors may be flushed, whatever they are multiplied by.
fn near_product<T: Float>(got: f64, want: f64, size: f64, scale: f64, what: &str) {
    let flushed = wide(T::min_positive_value()) * 4.0 * (scale + 1.0);
    near(value::<T>(got), want, 8.0 * wide(T::epsilon()) * size + flushed, what);
}

fn goes_back<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let Some(axis) = input.axis.checked_rem(array.ndim()).map(Axis) else { return };
    let mut kept = input.shape.clone();
    let len = kept.remove(axis.index());
    let g = Input { shape: kept, seed: input.seed ^ 1, ..input.clone() }.array::<T>();
    let (up, up_g) = (input.upload(device, &array), input.upload(device, &g));
    let rows = |array: &ArrayD<T>| -> Vec<Vec<f64>> {
        array.lanes(axis).into_iter().map(|row| row.mapv(wide).to_vec()).collect()
    };
    let in_rows = |values: Vec<T>| rows(&ArrayD::from_shape_vec(array.raw_dim(), values).unwrap());
    let cotangents: Vec<f64> = g.iter().map(|&g| wide(g)).collect();

    let sums = in_rows(values_of(up.sum_axis_vjp(axis, &up_g).unwrap()));
    let means = in_rows(values_of(up.mean_axis_vjp(axis, &up_g).unwrap()));
    for ((sums, means), &g) in sums.iter().zip(&means).zip(&cotangents) {
        for (&sum, &mean) in sums.iter().zip(means) {
            // Copied, not computed with.
            assert!(sum == g || sum.is_nan() && g.is_nan(), "{name}: sum: {sum} instead of {g}");
            let want = g / len as f64;
            near_product::<T>(mean, want, want.abs(), 1.0, &format!("{name}: mean"));
        }
    }

    for (weights, is_full) in [(input.weights::<T>(&[len]), false), (input.weights::<T>(&input.shape), true)] {
        let up_weights = input.upload(device, &weights);
        let weight_rows = match is_full {
            true => rows(&weights),
            false => vec![weights.iter().map(|&w| wide(w)).collect::<Vec<f64>>(); cotangents.len()],
        };
        let is_zero = |weights: &[f64]| weights.iter().sum::<f64>() == 0.0;
        let any_zero = match is_full {
            true => weight_rows.iter().any(|row| is_zero(row)),
            false => is_zero(&weights.iter().map(|&w| wide(w)).collect::<Vec<_>>()),
        };
        for averages in [false, true] {
            let what = format!("{name}: {} along {axis:?}", if averages { "average" } else { "weighted sum" });
            let pair = match averages {
                true => up.average_axis_vjp(axis, &up_weights, &up_g),
                false => up.weighted_sum_axis_vjp(axis, &up_weights, &up_g),
            };
            let (of_array, of_weights) = pair.unwrap();
            if averages && any_zero {
                for error in [of_array.readback().wait().err(), of_weights.readback().wait().err()] {
                    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::ZeroWeights), "{what}");
                }
                continue;
            }
            let (of_array, of_weights) = (in_rows(values_of(of_array)), values_of(of_weights));
            // What the weights get back, with the sizes of its terms.
            let (mut terms, mut is_any_open) = (vec![Vec::new(); len], vec![false; len]);
            let full = if is_full { in_rows(of_weights.clone()) } else { Vec::new() };
            for (row, values) in rows(&array).iter().enumerate() {
                let (weights, g) = (&weight_rows[row], cotangents[row]);
                let all = if averages { total(weights.iter().copied()) } else { 1.0 };
                let products = || values.iter().zip(weights).map(|(a, w)| a * w);
                let mean = if averages { total(products()) / all } else { 0.0 };
                let largest = if averages { products().map(f64::abs).sum::<f64>() / all.abs() } else { 0.0 };
                let factor = g / all;
                for (index, (&a, &w)) in values.iter().zip(weights).enumerate() {
                    let want = factor * w;
                    near_product::<T>(of_array[row][index], want, want.abs(), w.abs(), &what);
                    let deviation = if averages { a - mean } else { a };
                    let (size, scale) = (factor.abs() * (a.abs() + largest), a.abs() + largest);
                    // An infinity times zero is NaN, times what rounding makes of zero, or flushes, it is not.
                    let least = 8.0 * wide(T::min_positive_value());
                    let around = 8.0 * wide(T::epsilon()) * scale + least;
                    let is_open = factor.is_infinite() && deviation.abs() <= around
                        || deviation.is_infinite() && factor.abs() <= least;
                    let want = factor * deviation;
                    if is_open {
                        assert!(!is_full || !full[row][index].is_finite(), "{what}: an infinity comes to a number");
                        is_any_open[index] = true;
                    } else if is_full {
                        near_product::<T>(full[row][index], want, size, scale, &format!("{what}, weights for each"));
                    }
                    terms[index].push((want, size, scale));
                }
            }
            if is_full {
                continue;
            }
            for (index, (&got, terms)) in of_weights.iter().zip(&terms).enumerate() {
                if is_any_open[index] {
                    assert!(!got.is_finite(), "{what}: an infinity comes to a number");
                    continue;
                }
                let sum_of = |part: fn(&(f64, f64, f64)) -> f64| total(terms.iter().map(part));
                let (want, size, scale) = (sum_of(|term| term.0), sum_of(|term| term.1), sum_of(|term| term.2));
                near_product::<T>(wide(got), want, size, scale, &format!("{what}, shared weight {index}"));
            }
        }
    }
}

#[test]
fn cotangents_are_what_the_formulas_give() {
    holds(120, SEED, input(), |input| on_every_engine!(goes_back, input));
}
