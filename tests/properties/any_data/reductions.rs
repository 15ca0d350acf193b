//! Sums, means, averages, variances and extremes of any array.

use ndarray::Axis;
use ndgpu::{Device, ErrorKind, Float};

use super::inputs::{Input, input, values_of};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::{same, value, wide};
use crate::support::oracle::{extreme, total};
use crate::{SEED, holds};

/// A sum, and what the sizes of its terms come to.
fn total_and_size(terms: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (total(terms.clone()), terms.map(f64::abs).sum())
}

/// Agrees to a rounding or two, and to what sums of twice the width leave of their terms. Subnormals may be flushed.
fn near_sum<T: Float>(got: T, want: f64, size: f64, terms: usize, what: &str) {
    let left = if size_of::<T>() == 4 { 2_f64.powi(-44) } else { 2.0 * f64::EPSILON };
    let flushed = wide(T::min_positive_value()) * (terms + 1) as f64;
    near(got, want, 2.0 * wide(T::epsilon()) * want.abs() + left * size + flushed, what);
}

/// What stands for averages whose weights sum to zero.
const FILL: f64 = 4096.25;

fn adds_up<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let up = input.upload(device, &array);
    let (sum, size) = total_and_size(array.iter().map(|&v| wide(v)));
    near_sum(values_of(up.sum().unwrap())[0], sum, size, array.len(), &format!("{name}: sum of all"));
    let Some(axis) = input.axis.checked_rem(array.ndim()).map(Axis) else { return };
    let len = array.len_of(axis);
    let rows: Vec<Vec<f64>> = array.lanes(axis).into_iter().map(|row| row.mapv(wide).to_vec()).collect();

    let sums = values_of(up.sum_axis(axis).unwrap());
    let means = values_of(up.mean_axis(axis).unwrap());
    let variances = values_of(up.var_axis(axis, T::one()).unwrap());
    assert_eq!([sums.len(), means.len(), variances.len()], [rows.len(); 3], "{name}");
    for (number, row) in rows.iter().enumerate() {
        let what = |which: &str| format!("{name}: {which} of row {number}");
        let (sum, size) = total_and_size(row.iter().copied());
        let mean = sum / len as f64;
        near_sum(sums[number], sum, size, len, &what("sum"));
        near_sum(means[number], mean, size / len as f64, len, &what("mean"));
        let rest = total_and_size(row.iter().map(|v| v - mean)).0;
        let squares = total_and_size(row.iter().map(|v| (v - mean) * (v - mean))).0 - rest * rest / len as f64;
        // What every deviation is rounded by goes in squared.
        let largest = row.iter().fold(0.0, |largest: f64, v| largest.max(v.abs())) * wide(T::epsilon());
        let want = if len == 0 { f64::NAN } else { squares / (len as f64 - 1.0).max(0.0) };
        let room = if want.is_finite() { 8.0 * (want + largest * largest / wide(T::epsilon())) } else { 0.0 };
        near_sum(variances[number], want, room, len, &what("variance"));
    }

    let weights = input.weights::<T>(&[len]);
    let full = input.weights::<T>(&input.shape);
    for (weights, is_full) in [(weights, false), (full, true)] {
        let up_weights = input.upload(device, &weights);
        let average = up.average_axis(axis, &up_weights).unwrap().readback().wait();
        let filled = values_of(up.average_axis_or(axis, &up_weights, value(FILL)).unwrap());
        let without_nan = values_of(up.skip_nan().average_axis_or(axis, &up_weights, value(FILL)).unwrap());
        let weight_rows: Vec<Vec<f64>> = if is_full {
            weights.lanes(axis).into_iter().map(|row| row.mapv(wide).to_vec()).collect()
        } else {
            vec![weights.iter().map(|&w| wide(w)).collect(); rows.len().max(1)]
        };
        assert_eq!([filled.len(), without_nan.len()], [rows.len(); 2], "{name}");
        for (number, (row, weight_row)) in rows.iter().zip(&weight_rows).enumerate() {
            let all = row.iter().copied().zip(weight_row.iter().copied());
            for (which, got, pairs) in [
                ("average or", filled[number], all.clone().collect::<Vec<_>>()),
                ("average or, without NaN", without_nan[number], all.filter(|(v, _)| !v.is_nan()).collect()),
            ] {
                let (sum, size) = total_and_size(pairs.iter().map(|(v, w)| v * w));
                let weights: f64 = pairs.iter().map(|(_, w)| w).sum();
                let what = format!("{name}: {which} of row {number}, weights {weight_row:?}");
                if weights == 0.0 {
                    assert!(wide(got) == FILL, "{what}: {got:?}, but should be what stands for nothing");
                } else {
                    near_sum(got, sum / weights, size / weights.abs(), len * 4, &what);
                }
            }
        }
        // Weights along the axis sum to zero also where there is nothing to be averaged.
        if weight_rows.iter().any(|weight_row| weight_row.iter().sum::<f64>() == 0.0) {
            let kind = average.map(|_| ()).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::ZeroWeights), "{name}: average, weights {weights}");
            continue;
        }
        let averages: Vec<T> = average.unwrap().view().iter().copied().collect();
        assert_eq!(averages.len(), rows.len(), "{name}");
        for (number, (row, weight_row)) in rows.iter().zip(&weight_rows).enumerate() {
            let (sum, size) = total_and_size(row.iter().zip(weight_row).map(|(v, w)| v * w));
            let all: f64 = weight_row.iter().sum();
            let what = format!("{name}: average of row {number}, weights {weight_row:?}");
            near_sum(averages[number], sum / all, size / all.abs(), len * 4, &what);
        }
    }
}

#[test]
fn sums_means_averages_and_variances_are_what_adding_up_gives() {
    holds(150, SEED, input(), |input| on_every_engine!(adds_up, input));
}

fn finds_extremes<T: Float>(device: &Device, name: &str, input: &Input) {
    let array = input.array::<T>();
    let up = input.upload(device, &array);
    let check = |rows: &[Vec<T>], is_min: bool, values: Vec<T>, indices: Vec<u32>| {
        assert_eq!([values.len(), indices.len()], [rows.len(); 2], "{name}");
        for (number, row) in rows.iter().enumerate() {
            let (want, at) = extreme(row, is_min);
            let (got, index) = (values[number], indices[number]);
            let which = if is_min { "smallest" } else { "largest" };
            assert!(
                same(got, want) && index == at,
                "{name}: {which} of row {number} is {got} at {index}, but should be {want} at {at}"
            );
        }
    };
    let all = [array.iter().copied().collect::<Vec<T>>()];
    let empty = Err(ErrorKind::EmptyReduction);
    if array.is_empty() {
        assert_eq!(up.min().map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        assert_eq!(up.argmax().map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
    } else {
        check(&all, true, values_of(up.min().unwrap()), values_of(up.argmin().unwrap()));
        check(&all, false, values_of(up.max().unwrap()), values_of(up.argmax().unwrap()));
    }
    let Some(axis) = input.axis.checked_rem(array.ndim()).map(Axis) else { return };
    let rows: Vec<Vec<T>> = array.lanes(axis).into_iter().map(|row| row.to_vec()).collect();
    if array.len_of(axis) == 0 && !rows.is_empty() {
        assert_eq!(up.max_axis(axis).map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        assert_eq!(up.argmin_axis(axis).map(|_| ()).map_err(|error| error.kind()), empty, "{name}");
        return;
    }
    check(&rows, true, values_of(up.min_axis(axis).unwrap()), values_of(up.argmin_axis(axis).unwrap()));
    check(&rows, false, values_of(up.max_axis(axis).unwrap()), values_of(up.argmax_axis(axis).unwrap()));
}

#[test]
fn extremes_and_their_indices_are_the_first() {
    holds(200, SEED, input(), |input| on_every_engine!(finds_extremes, input));
}
