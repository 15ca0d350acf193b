//! Reductions over several axes, wherever they lie.

use ndarray::{Array, Array2, ArrayD, Axis, Dimension, IxDyn};
use ndgpu::{Device, DeviceArray, ErrorKind, Float};

use crate::support::arrays::read;
use crate::support::compare::{near, near_sum};
use crate::support::engines::on_every_engine;
use crate::support::numbers::{value, wide};
use crate::support::oracle::{moments, variance};

fn sums_over_axes<T: Float>(device: &Device, name: &str) {
    let a = Array::from_shape_fn(IxDyn(&[2, 3, 4, 5]), |i| {
        T::from((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3] * 2) % 11).unwrap()
    });
    let up = device.upload(&a).unwrap();
    for axes in [vec![], vec![1], vec![0, 1], vec![1, 2], vec![3, 0], vec![2, 0, 3], vec![0, 2], vec![3, 1, 0, 2]] {
        let named: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
        let lengths: Vec<usize> = axes.iter().map(|&axis| a.shape()[axis]).collect();
        let weights = Array::from_shape_fn(IxDyn(&lengths), |i| {
            T::from(1 + (0..i.ndim()).map(|d| i[d] * (d + 2)).sum::<usize>() % 5).unwrap()
        });
        // The oracle: every element goes to the output its kept indices name.
        let kept: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
        let shape: Vec<usize> = kept.iter().map(|&axis| a.shape()[axis]).collect();
        let (mut sums, mut totals) = (ArrayD::<f64>::zeros(shape.clone()), ArrayD::<f64>::zeros(shape.clone()));
        let mut plain = ArrayD::<f64>::zeros(shape.clone());
        for (index, v) in a.indexed_iter() {
            let to: Vec<usize> = kept.iter().map(|&axis| index[axis]).collect();
            let of_weight: Vec<usize> = axes.iter().map(|&axis| index[axis]).collect();
            let (v, w) = (wide(*v), wide(weights[&of_weight[..]]));
            sums[&to[..]] += v * w;
            totals[&to[..]] += w;
            plain[&to[..]] += v;
        }
        let what = format!("{name}: axes {axes:?}");
        let up_weights = device.upload(&weights).unwrap();
        let check = |got: ArrayD<T>, want: &ArrayD<f64>| {
            assert_eq!(got.shape(), want.shape(), "{what}");
            got.iter().zip(want).for_each(|(&got, &want)| near_sum(got, want, want.abs(), &what));
        };
        check(read(up.average_axes(&named, &up_weights).unwrap()), &(&sums / &totals));
        check(read(up.weighted_sum_axes(&named, &up_weights).unwrap()), &sums);
        check(read(up.sum_axes(&named).unwrap()), &plain);
        let count = lengths.iter().product::<usize>() as f64;
        check(read(up.mean_axes(&named).unwrap()), &(&plain / count));
        let (average, returned) = up.average_axes_returned(&named, &up_weights).unwrap();
        check(read(average), &(&sums / &totals));
        check(read(returned), &totals);
    }
    let kind = |result: ndgpu::Result<DeviceArray<T, IxDyn>>| result.unwrap_err().kind();
    assert_eq!(kind(up.sum_axes(&[Axis(4)])), ErrorKind::AxisOutOfRange { axis: 4, ndim: 4 });
    assert_eq!(kind(up.sum_axes(&[Axis(1), Axis(1)])), ErrorKind::RepeatedAxis { axis: 1 });
    let swapped = device.upload(&Array2::<T>::zeros((2, 3))).unwrap();
    assert_eq!(kind(up.average_axes(&[Axis(1), Axis(0)], &swapped)), ErrorKind::ShapeMismatch);
}

#[test]
fn several_axes_reduce_in_any_order() {
    on_every_engine!(sums_over_axes);
}

fn moments_over_axes<T: Float>(device: &Device, name: &str) {
    let a = ArrayD::from_shape_fn(IxDyn(&[2, 3, 4, 5]), |i| {
        value::<T>(((i[0] * 7 + i[1] * 5 + i[2] * 3 + i[3] * 2) % 11) as f64)
    });
    let up = device.upload(&a).unwrap();
    for axes in [vec![], vec![1], vec![0, 1], vec![3, 0], vec![2, 0, 3], vec![0, 2], vec![3, 1, 0, 2]] {
        let named: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
        let kept: Vec<usize> = (0..4).filter(|axis| !axes.contains(axis)).collect();
        // The oracle: the axes that go, side by side behind those that stay, are one row.
        let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
        let rows: usize = kept.iter().map(|&axis| a.shape()[axis]).product();
        let shape: Vec<usize> = kept.iter().map(|&axis| a.shape()[axis]).collect();
        let flat: Vec<f64> = a.view().permuted_axes(IxDyn(&order)).iter().map(|&v| wide(v)).collect();
        let of: Vec<&[f64]> = flat.chunks(flat.len() / rows).collect();
        let check = |got: DeviceArray<T, IxDyn>, want: &dyn Fn(&[f64]) -> f64, which: &str| {
            let got = read(got);
            assert_eq!(got.shape(), shape, "{name}: {which} over {axes:?}");
            for (&got, row) in got.iter().zip(&of) {
                let want = want(row);
                near(got, want, 4.0 * wide(T::epsilon()) * want.abs(), format_args!("{name}: {which} over {axes:?}"));
            }
        };
        let moments_of = |row: &[f64]| moments(row.iter().copied());
        check(up.min_axes(&named).unwrap(), &|row| row.iter().copied().fold(f64::INFINITY, f64::min), "min");
        check(up.max_axes(&named).unwrap(), &|row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max), "max");
        let want = |row: &[f64]| variance(row.len(), moments_of(row).2, 0.0);
        check(up.var_axes(&named, T::zero()).unwrap(), &want, "var");
        check(up.std_axes(&named, T::zero()).unwrap(), &|row| want(row).sqrt(), "std");
        // Scores come in the order in which the array has its values.
        let scores = read(up.standardize_axes(&named, T::zero()).unwrap());
        assert_eq!(scores.shape(), a.shape(), "{name}: standardized over {axes:?}");
        let scores: Vec<T> = scores.view().permuted_axes(IxDyn(&order)).iter().copied().collect();
        for (scores, row) in scores.chunks(flat.len() / rows).zip(&of) {
            let (count, mean, squares) = moments_of(row);
            let deviation = variance(count, squares, 0.0).sqrt();
            for (&score, value) in scores.iter().zip(*row) {
                let want = if deviation == 0.0 { f64::NAN } else { (value - mean) / deviation };
                let room = 16.0 * wide(T::epsilon()) * (want.abs() + mean / deviation);
                near(score, want, room, format_args!("{name}: standardized over {axes:?}"));
            }
        }
    }
}

#[test]
fn several_axes_are_one_row_wherever_they_lie() {
    on_every_engine!(moments_over_axes);
}
