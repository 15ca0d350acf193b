//! Backward passes against finite differences of the forward pass, computed plainly in f64.

use ndgpu::{Device, Float};

use crate::support::arrays::read;
use crate::support::backward::{Over, Pass, vjp};
use crate::support::compare::is_within;
use crate::support::engines::on_every_engine;
use crate::support::numbers::wide;
use crate::support::oracle::Reduced;
use crate::support::random::Random;

const STEP: f64 = 1e-4;

/// The results of all rows, each weighted by its cotangents: the function whose gradient a backward pass computes.
fn loss(reduced: Reduced, rows: &[[Vec<f64>; 3]]) -> f64 {
    let of_row =
        |[a, w, g]: &[Vec<f64>; 3]| -> f64 { reduced.forward(a, w).iter().zip(g).map(|(result, g)| result * g).sum() };
    rows.iter().map(of_row).sum()
}

/// Its slope as the rows move along these directions.
fn slope(reduced: Reduced, rows: &[[Vec<f64>; 3]], directions: &[[Vec<f64>; 2]]) -> f64 {
    let moved = |step: f64| -> Vec<[Vec<f64>; 3]> {
        let add = |values: &[f64], direction: &[f64]| -> Vec<f64> {
            values.iter().zip(direction).map(|(value, direction)| value + step * direction).collect()
        };
        let rows = rows.iter().zip(directions);
        rows.map(|([a, w, g], [of_a, of_w])| [add(a, of_a), add(w, of_w), g.clone()]).collect()
    };
    (loss(reduced, &moved(STEP)) - loss(reduced, &moved(-STEP))) / (2.0 * STEP)
}

/// How far two ways to the same slope may be apart: what the differences leave, and the roundings of the device.
fn room<T: Float>(size: f64) -> f64 {
    (1e-6 + 64.0 * wide(T::epsilon())) * (1.0 + size)
}

fn cases() -> impl Iterator<Item = (Reduced, Over, &'static [usize], bool)> {
    let shapes: [(&[usize], Over); 5] = [
        (&[3, 7], Over::Axis(1)),
        (&[6, 4], Over::Axis(0)),
        (&[2, 5, 3], Over::Axis(1)),
        (&[3, 2, 4], Over::Axes(vec![2, 0])),
        (&[4, 3], Over::Everything),
    ];
    let each = |(shape, over): (&'static [usize], Over)| {
        Reduced::ALL.into_iter().flat_map(move |reduced| {
            let over = over.clone();
            [false, true].into_iter().map(move |full| (reduced, over.clone(), shape, full))
        })
    };
    shapes.into_iter().flat_map(each)
}

/// One element at a time: each cotangent of the array, and of the weights.
fn follows_differences<T: Float>(device: &Device, name: &str) {
    for (reduced, over, shape, full) in cases() {
        let pass = Pass::<T>::random(reduced, &over, shape, full, 5);
        let what = format!("{name}: {reduced:?} of {shape:?} over {over:?}, weights for each {full}");
        let up = [&pass.a, &pass.w, &pass.g].map(|array| device.upload(array).unwrap());
        let got: Vec<_> = vjp(reduced, &over, &up[0], &up[1], &up[2]).unwrap().into_iter().map(read).collect();
        // The differences with respect to each element, in turn, where the element moves.
        let by_difference = |moved: &mut dyn FnMut(&mut Pass<T>, f64)| {
            let mut ends = [1.0, -1.0].map(|sign| {
                let mut pass = pass.clone();
                // What the element type makes of the step is what counts.
                moved(&mut pass, sign * step::<T>());
                pass
            });
            let [up, down] = ends.each_mut().map(|pass| loss(reduced, &pass.by_rows()));
            up - down
        };
        let check = |got: T, difference: f64, distance: f64, which: &str| {
            let want = difference / distance;
            let room = (2e-4 + 64.0 * wide(T::epsilon())) * (1.0 + want.abs());
            assert!(is_within(wide(got), want, room), "{what}: {which}: {got} instead of {want}");
        };
        for (index, got) in got[0].indexed_iter() {
            let mut distance = 0.0;
            let difference = by_difference(&mut |pass, step| {
                let before = wide(pass.a[index.clone()]);
                pass.a[index.clone()] = T::from(before + step).unwrap();
                distance += (wide(pass.a[index.clone()]) - before).abs();
            });
            check(*got, difference, distance, "the array");
        }
        for (index, got) in got.get(1).into_iter().flat_map(|got| got.indexed_iter()) {
            let mut distance = 0.0;
            let difference = by_difference(&mut |pass, step| {
                let before = wide(pass.w[index.clone()]);
                pass.w[index.clone()] = T::from(before + step).unwrap();
                distance += (wide(pass.w[index.clone()]) - before).abs();
            });
            check(*got, difference, distance, "the weights");
        }
    }
}

/// A step that the element type has.
fn step<T: Float>() -> f64 {
    if size_of::<T>() == 4 { 1e-3 } else { STEP }
}

#[test]
fn each_cotangent_is_the_slope_of_the_forward_pass() {
    on_every_engine!(follows_differences);
}

/// `<J u, g> = <u, Jᵀ g>` for random directions `u`.
fn transposes<T: Float>(device: &Device, name: &str) {
    for (number, (reduced, over, shape, full)) in cases().enumerate() {
        let pass = Pass::<T>::random(reduced, &over, shape, full, 7 + number as u64);
        let what = format!("{name}: {reduced:?} of {shape:?} over {over:?}, weights for each {full}");
        let up = [&pass.a, &pass.w, &pass.g].map(|array| device.upload(array).unwrap());
        let got: Vec<_> = vjp(reduced, &over, &up[0], &up[1], &up[2]).unwrap().into_iter().map(read).collect();
        let mut random = Random::new(number as u64);
        let mut direction = |shape: &[usize]| {
            ndarray::ArrayD::from_shape_simple_fn(ndarray::IxDyn(shape), || T::from(random.unit() - 0.5).unwrap())
        };
        let (of_a, of_w) = (direction(shape), direction(pass.w.shape()));
        let along = Pass { a: of_a.clone(), w: of_w.clone(), ..pass.clone() };
        let directions: Vec<_> = along.by_rows().into_iter().map(|[a, w, _]| [a, w]).collect();
        let forwards = slope(reduced, &pass.by_rows(), &directions);
        let dot = |one: &ndarray::ArrayD<T>, other: &ndarray::ArrayD<T>| -> (f64, f64) {
            let products = || one.iter().zip(other).map(|(&one, &other)| wide(one) * wide(other));
            (products().sum(), products().map(f64::abs).sum())
        };
        let mut backwards = dot(&got[0], &of_a);
        if let Some(got) = got.get(1) {
            let (sum, size) = dot(got, &of_w);
            backwards = (backwards.0 + sum, backwards.1 + size);
        }
        let room = room::<T>(backwards.1);
        assert!(is_within(backwards.0, forwards, room), "{what}: {} instead of {forwards}", backwards.0);
    }
}

#[test]
fn a_backward_pass_is_the_transpose_of_the_forward_pass() {
    on_every_engine!(transposes);
}
