//! Vector kernels of minima and maxima: comparisons only, in which NaN wins or is left out.

use crate::element::Float;
use crate::simd::{SimdKernel, Vector};

/// Vectors compared side by side, so that none waits for its own previous comparison.
const UNROLL: usize = 4;
/// Values among which an index is searched once their extreme is known: the L1 cache still holds them.
pub(crate) const SEARCHED_AT_ONCE: usize = 2048;

/// Neighbouring outputs whose values of an index are contiguous, a stride from those of the next.
#[derive(Clone, Copy)]
pub(crate) struct StridedBlock<'a, T> {
    pub values: &'a [T],
    /// The number of outputs.
    pub columns: usize,
    pub len: usize,
    pub stride: usize,
}

impl<'a, T> StridedBlock<'a, T> {
    /// The values of an index.
    #[inline(always)]
    pub fn at(&self, index: usize) -> &'a [T] {
        let start = index * self.stride;
        &self.values[start..start + self.columns]
    }
}

/// The extreme of some values, or the identity of the comparison if all are NaN and left out.
#[derive(Clone, Copy)]
pub(crate) struct Contiguous<'a, T, const IS_MIN: bool, const SKIP_NAN: bool>(pub &'a [T]);

impl<T: Float, const IS_MIN: bool, const SKIP_NAN: bool> SimdKernel<T> for Contiguous<'_, T, IS_MIN, SKIP_NAN> {
    type Output = T;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> T {
        extreme::<T, S, IS_MIN, SKIP_NAN>(simd, self.0)
    }
}

/// The extreme of some values, and the first index of it.
#[derive(Clone, Copy)]
pub(crate) struct ContiguousArg<'a, T, const IS_MIN: bool>(pub &'a [T]);

impl<T: Float, const IS_MIN: bool> SimdKernel<T> for ContiguousArg<'_, T, IS_MIN> {
    type Output = (T, usize);

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> (T, usize) {
        let (mut best, mut at) = (identity::<T, IS_MIN>(), 0);
        for (number, values) in self.0.chunks(SEARCHED_AT_ONCE).enumerate() {
            let value = extreme::<T, S, IS_MIN, false>(simd, values);
            // A NaN wins against other values but not against an earlier NaN.
            if !best.is_nan() && wins::<T, IS_MIN, false>(value, best) {
                (best, at) = (value, number * SEARCHED_AT_ONCE);
            }
        }
        (best, at + find(simd, &self.0[at..], best))
    }
}

/// The extremes of neighbouring outputs.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, T, const IS_MIN: bool, const SKIP_NAN: bool>(pub StridedBlock<'a, T>);

impl<T: Float, const IS_MIN: bool, const SKIP_NAN: bool> SimdKernel<T> for Strided<'_, T, IS_MIN, SKIP_NAN> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
        let block = self.0;
        let mut best = vec![identity::<T, IS_MIN>(); block.columns];
        let mut first = 0;
        while first + UNROLL <= block.len {
            take_indices::<T, S, IS_MIN, SKIP_NAN, UNROLL>(simd, &block, first, &mut best);
            first += UNROLL;
        }
        for index in first..block.len {
            take_indices::<T, S, IS_MIN, SKIP_NAN, 1>(simd, &block, index, &mut best);
        }
        best
    }
}

/// Takes in the values of some indices.
#[inline(always)]
fn take_indices<T: Float, S: Vector<T>, const IS_MIN: bool, const SKIP_NAN: bool, const N: usize>(
    simd: S,
    block: &StridedBlock<'_, T>,
    first: usize,
    best: &mut [T],
) {
    let mut values: [&[T]; N] = [&[]; N];
    for (k, values) in values.iter_mut().enumerate() {
        *values = block.at(first + k);
    }
    let mut column = 0;
    while column + S::LANES <= best.len() {
        let mut winners = simd.load(&best[column..]);
        for values in &values {
            winners = select_best::<T, S, IS_MIN, SKIP_NAN>(simd, winners, simd.load(&values[column..]));
        }
        simd.store(&mut best[column..], winners);
        column += S::LANES;
    }
    for column in column..best.len() {
        for values in &values {
            if wins::<T, IS_MIN, SKIP_NAN>(values[column], best[column]) {
                best[column] = values[column];
            }
        }
    }
}

#[inline(always)]
fn extreme<T: Float, S: Vector<T>, const IS_MIN: bool, const SKIP_NAN: bool>(simd: S, values: &[T]) -> T {
    let mut winners = [simd.splat(identity::<T, IS_MIN>()); UNROLL];
    let mut groups = values.chunks_exact(UNROLL * S::LANES);
    for group in &mut groups {
        for vector in 0..UNROLL {
            let next = simd.load(&group[vector * S::LANES..]);
            winners[vector] = select_best::<T, S, IS_MIN, SKIP_NAN>(simd, winners[vector], next);
        }
    }
    let mut vectors = groups.remainder().chunks_exact(S::LANES);
    for vector in &mut vectors {
        winners[0] = select_best::<T, S, IS_MIN, SKIP_NAN>(simd, winners[0], simd.load(vector));
    }
    let mut best = identity::<T, IS_MIN>();
    for winners in winners {
        let mut lanes = [T::zero(); 16];
        simd.store(&mut lanes, winners);
        for &value in &lanes[..S::LANES] {
            best = if wins::<T, IS_MIN, SKIP_NAN>(value, best) { value } else { best };
        }
    }
    for &value in vectors.remainder() {
        best = if wins::<T, IS_MIN, SKIP_NAN>(value, best) { value } else { best };
    }
    best
}

/// The first index of a value that occurs, which may be NaN.
#[inline(always)]
fn find<T: Float, S: Vector<T>>(simd: S, values: &[T], wanted: T) -> usize {
    let wanted_lanes = simd.splat(wanted);
    let mut start = 0;
    for vector in values.chunks_exact(S::LANES) {
        let value = simd.load(vector);
        let other = if wanted.is_nan() { simd.eq(value, value) } else { simd.not(simd.eq(value, wanted_lanes)) };
        if !simd.all(other) {
            break;
        }
        start += S::LANES;
    }
    for (k, &value) in values[start..].iter().enumerate() {
        if value == wanted || (wanted.is_nan() && value.is_nan()) {
            return start + k;
        }
    }
    start
}

/// The value against which every other wins or ties.
#[inline(always)]
fn identity<T: Float, const IS_MIN: bool>() -> T {
    if IS_MIN { T::infinity() } else { T::neg_infinity() }
}

#[inline(always)]
fn wins<T: Float, const IS_MIN: bool, const SKIP_NAN: bool>(value: T, best: T) -> bool {
    (if IS_MIN { value < best } else { best < value }) || (!SKIP_NAN && value.is_nan())
}

#[inline(always)]
fn select_best<T: Float, S: Vector<T>, const IS_MIN: bool, const SKIP_NAN: bool>(
    simd: S,
    best: S::V,
    value: S::V,
) -> S::V {
    let mut wins = if IS_MIN { simd.lt(value, best) } else { simd.lt(best, value) };
    if !SKIP_NAN {
        wins = simd.or(wins, simd.not(simd.eq(value, value)));
    }
    simd.select(wins, value, best)
}
