//! The generic strategy: one value at a time into a running state. It serves what has no vector kernel: variances, and
//! sums that leave out NaN.
//!
//! A [`Fold`] is an identity (the default state), a step, a merge and a finalization; the shaders in `shaders/reduce/`
//! have the same states.

use std::ops::Range;

use crate::element::Float;
use crate::kernels::reduce::cpu::reducer::{Block, Input, Reducer};
use crate::kernels::reduce::cpu::totals::LANES;
use crate::kernels::reduce::op::{AxisSplit, Weights};

/// Where a value belongs.
#[derive(Clone, Copy)]
pub(crate) struct Coord {
    /// The number of its output.
    pub output: usize,
    /// Its index along the reduced axis.
    pub index: usize,
}

/// A reduction of one value at a time.
pub(crate) trait Fold<T: Float>: Sync {
    /// What is known after some values; by default, after none.
    type State: Copy + Default + Send + Sync;
    /// The type of an output.
    type Output: Send;

    /// Takes in a value.
    fn step(&self, state: &mut Self::State, at: Coord, value: T, weight: T);
    /// Takes in the state of later values.
    fn merge(&self, state: &mut Self::State, later: Self::State);
    /// The output, and the sum of its weights where there are any.
    fn finalize(&self, state: Self::State, output: usize) -> (Self::Output, T);
}

/// The strategy that a fold is.
pub(crate) struct Generic<F>(pub F);

impl<T: Float, F: Fold<T>> Reducer<T> for Generic<F> {
    type Partials = Vec<F::State>;
    type Output = F::Output;

    fn partials(&self, input: &Input<'_, T>, block: &Block, part: Range<usize>) -> Vec<F::State> {
        states(&self.0, input, block, part)
    }

    fn merge(&self, partials: &mut Vec<F::State>, later: Vec<F::State>) {
        merge_each(&self.0, partials, later);
    }

    fn finalize(
        &self,
        partials: Vec<F::State>,
        first_output: usize,
        output: &mut [F::Output],
        weight_sums: Option<&mut [T]>,
    ) {
        finalize_each(&self.0, partials, first_output, output, weight_sums);
    }
}

/// Merges the states of later parts of the same outputs.
pub(crate) fn merge_each<T: Float, F: Fold<T>>(fold: &F, states: &mut [F::State], later: Vec<F::State>) {
    states.iter_mut().zip(later).for_each(|(state, later)| fold.merge(state, later));
}

/// Computes outputs from their states.
pub(crate) fn finalize_each<T: Float, F: Fold<T>>(
    fold: &F,
    states: Vec<F::State>,
    first_output: usize,
    output: &mut [F::Output],
    weight_sums: Option<&mut [T]>,
) {
    let mut weight_sums = weight_sums.into_iter().flatten();
    for (number, (state, output)) in states.into_iter().zip(output).enumerate() {
        let (value, sum) = fold.finalize(state, first_output + number);
        *output = value;
        weight_sums.next().into_iter().for_each(|weight_sum| *weight_sum = sum);
    }
}

/// The states of a block, from a part of the reduced axis.
///
/// The weights come from closures. Nothing here is compiled for an instruction set, so that they are inlined as usual.
pub(crate) fn states<T: Float, F: Fold<T>>(
    fold: &F,
    input: &Input<'_, T>,
    block: &Block,
    part: Range<usize>,
) -> Vec<F::State> {
    let AxisSplit { len, inner, .. } = input.view;
    let width = block.inner.len();
    let mut states = vec![F::State::default(); block.outputs()];
    if part.is_empty() {
        // There may be no values at all, and then no index of a first one either.
        return states;
    }
    for (row, outer) in block.outer.clone().enumerate() {
        let first = row * width;
        let first_output = block.first_output + first;
        if inner == 1 {
            let range = outer * len + part.start..outer * len + part.end;
            let values = &input.values[range.clone()];
            let at = Coord { output: first_output, index: part.start };
            states[first] = match input.weights {
                Weights::None => fold_contiguous(fold, at, values, |_| T::one()),
                Weights::Shared(weights) => {
                    let weights = &weights[part.clone()];
                    fold_contiguous(fold, at, values, |index| weights[index])
                }
                Weights::PerElement(weights) => {
                    let weights = &weights[range];
                    fold_contiguous(fold, at, values, |index| weights[index])
                }
            };
            continue;
        }
        let states = &mut states[first..first + width];
        for index in part.clone() {
            let start = (outer * len + index) * inner;
            let range = start + block.inner.start..start + block.inner.end;
            let values = &input.values[range.clone()];
            let at = Coord { output: first_output, index };
            match input.weights {
                Weights::None => fold_strided(fold, states, at, values, |_| T::one()),
                Weights::Shared(weights) => {
                    let weight = weights[index];
                    fold_strided(fold, states, at, values, |_| weight);
                }
                Weights::PerElement(weights) => {
                    let weights = &weights[range];
                    fold_strided(fold, states, at, values, |column| weights[column]);
                }
            }
        }
    }
    states
}

/// Folds contiguous values of one output, in lanes so that steps do not wait for each other.
#[inline(always)]
fn fold_contiguous<T: Float, F: Fold<T>>(
    fold: &F,
    Coord { output, index: first }: Coord,
    values: &[T],
    weight: impl Fn(usize) -> T,
) -> F::State {
    let mut lanes = [F::State::default(); LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for (number, chunk) in chunks.iter().enumerate() {
        for lane in 0..LANES {
            let index = number * LANES + lane;
            let at = Coord { output, index: first + index };
            fold.step(&mut lanes[lane], at, chunk[lane], weight(index));
        }
    }
    let [mut state, others @ ..] = lanes;
    others.into_iter().for_each(|lane| fold.merge(&mut state, lane));
    let done = chunks.len() * LANES;
    let mut tail = F::State::default();
    for (index, &value) in rest.iter().enumerate() {
        let at = Coord { output, index: first + done + index };
        fold.step(&mut tail, at, value, weight(done + index));
    }
    fold.merge(&mut state, tail);
    state
}

/// Folds one value of each of several neighbouring outputs.
#[inline(always)]
fn fold_strided<T: Float, F: Fold<T>>(
    fold: &F,
    states: &mut [F::State],
    Coord { output: first_output, index }: Coord,
    values: &[T],
    weight: impl Fn(usize) -> T,
) {
    for (column, (state, &value)) in states.iter_mut().zip(values).enumerate() {
        let at = Coord { output: first_output + column, index };
        fold.step(state, at, value, weight(column));
    }
}
