//! A reduction and its backward pass in one plan.

use ndarray::{ArrayD, Axis};
use ndgpu::{Device, Float, Result};

use crate::support::arrays::read;
use crate::support::backward::{Over, Pass, vjp};
use crate::support::compare::near;
use crate::support::engines::on_every_engine;
use crate::support::numbers::wide;
use crate::support::oracle::Reduced;
use crate::support::ways::Operand;

/// The cotangents of the array, and of the weights or once more of the array.
fn both<T: Float>(outputs: Vec<Operand<T>>) -> Result<(Operand<T>, Operand<T>)> {
    match &outputs[..] {
        [of_array, .., of_weights] => Ok((of_array.clone(), of_weights.clone())),
        [one] => Ok((one.clone(), one.clone())),
        [] => unreachable!("a backward pass has a result"),
    }
}

/// Captured over other data, replayed twice: each time the cotangents are those of the data.
fn replays<T: Float>(device: &Device, name: &str) {
    let cases: [(&[usize], Over); 4] = [
        (&[9, 70], Over::Axis(1)),
        (&[70, 9], Over::Axis(0)),
        (&[5, 4, 6], Over::Axes(vec![2, 0])),
        (&[8, 9], Over::Everything),
    ];
    for (shape, over) in cases {
        for reduced in Reduced::ALL {
            let what = format!("{name}: {reduced:?} of {shape:?} over {over:?}");
            let pass = |seed| Pass::<T>::random(reduced, &over, shape, false, seed);
            let up = |pass: &Pass<T>| [&pass.a, &pass.w, &pass.g].map(|array| device.upload(array).unwrap());
            let first = up(&pass(1));
            let mut plan = device
                .capture((&first[0], &first[1], &first[2]), |(a, w, g)| both(vjp(reduced, &over, a, w, g)?))
                .unwrap();
            for seed in [2, 3] {
                let pass = pass(seed);
                plan.write((&pass.a, &pass.w, &pass.g)).unwrap();
                let (one, other) = plan.replay().unwrap();
                pass.check(vec![one, other], 8.0, &format!("{what}, replay of {seed}"));
            }
        }
    }
}

#[test]
fn a_backward_pass_is_replayed_over_other_data() {
    on_every_engine!(replays);
}

/// One step of descent: a forward pass, cotangents made of its results, and the backward pass.
fn descends<T: Float>(device: &Device, name: &str) {
    let over = Over::Axis(1);
    let pass = |seed| Pass::<T>::random(Reduced::Average, &over, &[30, 40], false, seed);
    let [first, second, third] = [1, 2, 3].map(pass);
    let up = |array: &ArrayD<T>| device.upload(array).unwrap();
    // The loss is half the sum of the squares of the averages: their own cotangents.
    let mut plan = device
        .capture((&up(&first.a), &up(&first.w)), |(a, w)| {
            let averages = a.average_axis(Axis(1), w)?;
            let (of_array, of_weights) = a.average_axis_vjp(Axis(1), w, &averages)?;
            Ok((averages, of_array, of_weights))
        })
        .unwrap();
    for pass in [second, third] {
        plan.write((&pass.a, &pass.w)).unwrap();
        let (averages, of_array, of_weights) = plan.replay().unwrap();
        let averages = read(averages);
        for (row, average) in pass.a.rows().into_iter().zip(&averages) {
            let products: f64 = row.iter().zip(&pass.w).map(|(&a, &w)| wide(a) * wide(w)).sum();
            let all: f64 = pass.w.iter().map(|&w| wide(w)).sum();
            near(*average, products / all, 4.0 * wide(T::epsilon()), name);
        }
        Pass { g: averages, ..pass }.check(vec![of_array, of_weights], 8.0, name);
    }
}

#[test]
fn a_plan_goes_forth_and_back() {
    on_every_engine!(descends);
}

/// Operands that no plan changes go with those that it does, whichever they are.
fn mixes<T: Float>(device: &Device, name: &str) {
    for over in [Over::Axis(1), Over::Axes(vec![2, 0])] {
        for (reduced, full) in [(Reduced::Average, false), (Reduced::Average, true), (Reduced::Standardize(0.0), true)]
        {
            let pass = Pass::<T>::random(reduced, &over, &[3, 4, 5], full, 21);
            let all = [&pass.a, &pass.w, &pass.g];
            let up = all.map(|array| device.upload(array).unwrap());
            for planned in [0, 1, 2] {
                if planned == 1 && !reduced.has_weights() {
                    continue;
                }
                let ones = device.upload(&ArrayD::<T>::ones(up[planned].raw_dim())).unwrap();
                let mut plan = device
                    .capture(&ones, |x| {
                        let mut of: Vec<&Operand<T>> = up.iter().collect();
                        of[planned] = x;
                        both(vjp(reduced, &over, of[0], of[1], of[2])?)
                    })
                    .unwrap();
                plan.write(all[planned]).unwrap();
                let (one, other) = plan.replay().unwrap();
                pass.check(vec![one, other], 8.0, &format!("{name}: {reduced:?} over {over:?}, {planned} in a plan"));
            }
        }
    }
}

#[test]
fn operands_of_a_plan_go_with_others() {
    on_every_engine!(mixes);
}
