//! The strategy of minima, maxima and their indices: NaN wins or is left out, both zeros are equal, and of equal values
//! the first wins.
//!
//! Long rows and neighbouring outputs are compared a vector at a time; what is too short for that is folded.

use std::ops::Range;

use crate::element::Float;
use crate::kernels::reduce::cpu::extreme_kernels::{Contiguous, ContiguousArg, Strided, StridedBlock};
use crate::kernels::reduce::cpu::fold::{Coord, Fold, finalize_each, merge_each, states};
use crate::kernels::reduce::cpu::reducer::{Block, Input, Reducer};
use crate::kernels::reduce::op::AxisSplit;

/// The shortest row for which a vector kernel pays.
const WORTH_A_KERNEL: usize = 64;
/// The fewest neighbouring outputs for which one pays.
const OUTPUTS_WORTH_A_KERNEL: usize = 16;

/// The winning value so far, as a score that compares as the values do, and its index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ArgValue<K> {
    score: Option<K>,
    index: u32,
}

impl<K> Default for ArgValue<K> {
    fn default() -> Self {
        Self { score: None, index: u32::MAX }
    }
}

/// Minima or maxima.
pub(crate) struct Extremes<const SKIP_NAN: bool> {
    pub is_min: bool,
}

impl<const SKIP_NAN: bool> Extremes<SKIP_NAN> {
    #[inline(always)]
    fn score<T: Float>(&self, value: T) -> T::Key {
        if self.is_min { value.reversed_key() } else { value.key() }
    }

    #[inline(always)]
    fn take<T: Float>(&self, best: &mut ArgValue<T::Key>, index: usize, value: T) {
        if SKIP_NAN && value.is_nan() {
            return;
        }
        let score = self.score(value);
        // Indices ascend, so of equal scores the first is kept.
        if best.score.is_none_or(|best| score > best) {
            *best = ArgValue { score: Some(score), index: index as u32 };
        }
    }

    fn take_later<K: Ord + Copy>(&self, best: &mut ArgValue<K>, later: ArgValue<K>) {
        let wins = later.score > best.score || (later.score == best.score && later.index < best.index);
        if wins {
            *best = later;
        }
    }

    /// The result of a kernel. Where NaN is left out, the identity of the comparison may mean that there was no value.
    fn found<T: Float>(&self, value: T, values: impl IntoIterator<Item = T>) -> ArgValue<T::Key> {
        let is_none = SKIP_NAN && value.is_infinite() && values.into_iter().all(T::is_nan);
        ArgValue { score: (!is_none).then(|| self.score(value)), index: u32::MAX }
    }

    fn contiguous<T: Float>(&self, values: &[T]) -> ArgValue<T::Key> {
        let value = if self.is_min {
            T::vectorize(Contiguous::<T, true, SKIP_NAN>(values))
        } else {
            T::vectorize(Contiguous::<T, false, SKIP_NAN>(values))
        };
        self.found(value, values.iter().copied())
    }

    fn strided<T: Float>(&self, block: StridedBlock<'_, T>) -> impl Iterator<Item = ArgValue<T::Key>> {
        let values = if self.is_min {
            T::vectorize(Strided::<T, true, SKIP_NAN>(block))
        } else {
            T::vectorize(Strided::<T, false, SKIP_NAN>(block))
        };
        let found = move |(column, value)| self.found(value, (0..block.len).map(|k| block.at(k)[column]));
        values.into_iter().enumerate().map(found)
    }
}

impl<T: Float, const SKIP_NAN: bool> Fold<T> for Extremes<SKIP_NAN> {
    type State = ArgValue<T::Key>;
    type Output = T;

    #[inline(always)]
    fn step(&self, state: &mut Self::State, at: Coord, value: T, _: T) {
        self.take(state, at.index, value);
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) {
        self.take_later(state, later);
    }

    fn finalize(&self, state: Self::State, _: usize) -> (T, T) {
        let value = match state.score {
            None => T::nan(),
            Some(score) if self.is_min => T::from_reversed_key(score),
            Some(score) => T::from_key(score),
        };
        (value, T::zero())
    }
}

impl<T: Float, const SKIP_NAN: bool> Reducer<T> for Extremes<SKIP_NAN> {
    type Partials = Vec<ArgValue<T::Key>>;
    type Output = T;

    fn partials(&self, input: &Input<'_, T>, block: &Block, part: Range<usize>) -> Self::Partials {
        let AxisSplit { len, inner, .. } = input.view;
        let columns = block.inner.len();
        if inner == 1 && part.len() >= WORTH_A_KERNEL {
            return contiguous_rows(input, block, &part).map(|values| self.contiguous(values)).collect();
        }
        if inner > 1 && columns >= OUTPUTS_WORTH_A_KERNEL && !part.is_empty() {
            let of_row = |outer| {
                let start = (outer * len + part.start) * inner + block.inner.start;
                let values = &input.values[start..];
                self.strided(StridedBlock { values, columns, len: part.len(), stride: inner })
            };
            return block.outer.clone().flat_map(of_row).collect();
        }
        states(self, input, block, part)
    }

    fn merge(&self, partials: &mut Self::Partials, later: Self::Partials) {
        merge_each::<T, _>(self, partials, later);
    }

    fn finalize(&self, partials: Self::Partials, first_output: usize, output: &mut [T], weight_sums: Option<&mut [T]>) {
        finalize_each(self, partials, first_output, output, weight_sums);
    }
}

/// The indices of minima or maxima.
pub(crate) struct ArgExtremes {
    pub is_min: bool,
}

impl ArgExtremes {
    fn values(&self) -> Extremes<false> {
        Extremes { is_min: self.is_min }
    }
}

impl<T: Float> Fold<T> for ArgExtremes {
    type State = ArgValue<T::Key>;
    type Output = u32;

    #[inline(always)]
    fn step(&self, state: &mut Self::State, at: Coord, value: T, _: T) {
        self.values().take(state, at.index, value);
    }

    fn merge(&self, state: &mut Self::State, later: Self::State) {
        self.values().take_later(state, later);
    }

    fn finalize(&self, state: Self::State, _: usize) -> (u32, T) {
        (state.index, T::zero())
    }
}

impl<T: Float> Reducer<T> for ArgExtremes {
    type Partials = Vec<ArgValue<T::Key>>;
    type Output = u32;

    fn partials(&self, input: &Input<'_, T>, block: &Block, part: Range<usize>) -> Self::Partials {
        if input.view.inner > 1 || part.len() < WORTH_A_KERNEL {
            return states(self, input, block, part);
        }
        let found = |values| {
            let (value, index) = if self.is_min {
                T::vectorize(ContiguousArg::<T, true>(values))
            } else {
                T::vectorize(ContiguousArg::<T, false>(values))
            };
            ArgValue { score: Some(self.values().score(value)), index: (part.start + index) as u32 }
        };
        contiguous_rows(input, block, &part).map(found).collect()
    }

    fn merge(&self, partials: &mut Self::Partials, later: Self::Partials) {
        merge_each::<T, _>(self, partials, later);
    }

    fn finalize(
        &self,
        partials: Self::Partials,
        first_output: usize,
        output: &mut [u32],
        weight_sums: Option<&mut [T]>,
    ) {
        finalize_each(self, partials, first_output, output, weight_sums);
    }
}

/// The values of each output of a block, where the reduced axis is the last.
fn contiguous_rows<'a, T>(
    input: &Input<'a, T>,
    block: &Block,
    part: &Range<usize>,
) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
    let (values, len, part) = (input.values, input.view.len, part.clone());
    block.outer.clone().map(move |outer| &values[outer * len + part.start..outer * len + part.end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reduce::cpu::extreme_kernels::SEARCHED_AT_ONCE;

    /// Numbers with many ties, and zeros of both signs; some with infinities, some with NaN, some of nothing else.
    fn rows<T: Float>() -> Vec<Vec<T>> {
        let mut rows = Vec::new();
        for len in [64, 65, 79, 80, 127, 1000, SEARCHED_AT_ONCE, 2 * SEARCHED_AT_ONCE + 77] {
            let plain: Vec<_> = (0..len).map(|i| T::narrow(((i * 7919 + len) % 113) as f64 - 40.0)).collect();
            let with = |every: usize, value: T| {
                plain.iter().enumerate().map(|(i, &x)| if i % every == every / 2 { value } else { x }).collect()
            };
            rows.extend([with(5, -T::zero()), with(3, T::infinity()), with(len, T::neg_infinity())]);
            rows.extend([with(len, T::nan()), with(30, T::nan()), vec![T::nan(); len], vec![T::infinity(); len]]);
            rows.extend([vec![T::neg_infinity(); len], plain.iter().map(|&x| x.abs()).collect(), plain]);
        }
        rows
    }

    fn one_by_one<T: Float, const SKIP_NAN: bool>(extremes: &Extremes<SKIP_NAN>, values: &[T]) -> ArgValue<T::Key> {
        let mut best = ArgValue::default();
        values.iter().enumerate().for_each(|(index, &value)| extremes.take(&mut best, index, value));
        best
    }

    fn agrees<T: Float, const IS_MIN: bool>() {
        let (skips, keeps) = (Extremes::<true> { is_min: IS_MIN }, Extremes::<false> { is_min: IS_MIN });
        for values in rows::<T>() {
            let (with, without) = (one_by_one(&keeps, &values), one_by_one(&skips, &values));
            for (set, value) in T::with_every_isa(Contiguous::<T, IS_MIN, false>(&values)) {
                assert_eq!(Some(keeps.score(value)), with.score, "{set}, {values:?}");
            }
            for (set, (value, index)) in T::with_every_isa(ContiguousArg::<T, IS_MIN>(&values)) {
                assert_eq!((Some(keeps.score(value)), index as u32), (with.score, with.index), "{set}, {values:?}");
            }
            for (set, value) in T::with_every_isa(Contiguous::<T, IS_MIN, true>(&values)) {
                let found = skips.found(value, values.iter().copied());
                assert_eq!(found.score, without.score, "{set}, {values:?}");
            }
            for columns in [16, 17, 33, 40] {
                let block = StridedBlock { values: &values, columns, len: values.len() / columns, stride: columns };
                let column = |column| (0..block.len).map(|k| block.at(k)[column]).collect::<Vec<_>>();
                for (set, extremes) in T::with_every_isa(Strided::<T, IS_MIN, false>(block)) {
                    for (number, value) in extremes.into_iter().enumerate() {
                        let expected = one_by_one(&keeps, &column(number));
                        assert_eq!(Some(keeps.score(value)), expected.score, "{set}, {columns} columns, {values:?}");
                    }
                }
                for (set, extremes) in T::with_every_isa(Strided::<T, IS_MIN, true>(block)) {
                    for (number, value) in extremes.into_iter().enumerate() {
                        let (found, expected) =
                            (skips.found(value, column(number)), one_by_one(&skips, &column(number)));
                        assert_eq!(found.score, expected.score, "{set}, {columns} columns, {values:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_finds_what_comparing_one_by_one_finds() {
        agrees::<f32, true>();
        agrees::<f32, false>();
        agrees::<f64, true>();
        agrees::<f64, false>();
    }
}
