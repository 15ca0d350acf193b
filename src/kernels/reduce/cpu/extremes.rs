//! Smallest and largest values, and where they are: NaN beats everything or is left out, both zeros are equal, and of
//! equals the first wins.
//!
//! Long lines, and lines side by side, are compared a vector at a time; where a value is, is looked for once it is known.

use crate::element::Float;
use crate::kernels::reduce::cpu::fold::{At, Fold, SideBySide};
use crate::simd::{Kernel, Vector};

/// Shorter stretches are not worth a kernel.
const WORTH_A_KERNEL: usize = 64;
/// Fewer lines side by side neither.
const LINES_WORTH_A_KERNEL: usize = 16;
/// Vectors that are compared in turns, so that none waits for its own last comparison.
const ABREAST: usize = 4;
/// Values among which a place is looked for: they are still in the first cache then.
const LOOKED_THROUGH: usize = 2048;

/// The value that wins so far, by its score, and where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Best<K> {
    score: Option<K>,
    place: u32,
}

impl<K> Default for Best<K> {
    fn default() -> Self {
        Self { score: None, place: u32::MAX }
    }
}

/// Smallest and largest values.
pub(crate) struct Extreme<const SKIP_NAN: bool> {
    pub wants_small: bool,
}

impl<const SKIP_NAN: bool> Extreme<SKIP_NAN> {
    #[inline(always)]
    fn score<T: Float>(&self, value: T) -> T::Key {
        if self.wants_small { value.reversed_key() } else { value.key() }
    }

    #[inline(always)]
    fn step<T: Float>(&self, best: &mut Best<T::Key>, place: usize, value: T) {
        if SKIP_NAN && value.is_nan() {
            return;
        }
        let score = self.score(value);
        // Places come in order, so an equal score came first.
        if best.score.is_none_or(|best| score > best) {
            *best = Best { score: Some(score), place: place as u32 };
        }
    }

    fn merge<K: Ord + Copy>(&self, best: &mut Best<K>, other: Best<K>) {
        let wins = other.score > best.score || (other.score == best.score && other.place < best.place);
        if wins {
            *best = other;
        }
    }

    /// What a kernel found among some values. Where NaN is left out it may have found nothing.
    fn found<T: Float>(&self, value: T, values: impl IntoIterator<Item = T>) -> Best<T::Key> {
        let is_none = SKIP_NAN && value.is_infinite() && values.into_iter().all(T::is_nan);
        Best { score: (!is_none).then(|| self.score(value)), place: u32::MAX }
    }
}

impl<T: Float, const SKIP_NAN: bool> Fold<T> for Extreme<SKIP_NAN> {
    type State = Best<T::Key>;
    type Output = T;

    fn along(&self, _: usize, values: &[T]) -> Option<Self::State> {
        if values.len() < WORTH_A_KERNEL {
            return None;
        }
        let value = if self.wants_small {
            T::vectorize(Along::<T, true, SKIP_NAN>(values))
        } else {
            T::vectorize(Along::<T, false, SKIP_NAN>(values))
        };
        Some(self.found(value, values.iter().copied()))
    }

    fn across(&self, places: SideBySide<'_, T>) -> Option<Vec<Self::State>> {
        if places.lines < LINES_WORTH_A_KERNEL || places.places == 0 {
            return None;
        }
        let values = if self.wants_small {
            T::vectorize(Across::<T, true, SKIP_NAN>(places))
        } else {
            T::vectorize(Across::<T, false, SKIP_NAN>(places))
        };
        let found = |(line, value)| self.found(value, (0..places.places).map(|place| places.place(place)[line]));
        Some(values.into_iter().enumerate().map(found).collect())
    }

    #[inline(always)]
    fn step(&self, state: &mut Self::State, at: At, value: T, _: T) {
        Extreme::step(self, state, at.place, value);
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        Extreme::merge(self, state, other);
    }

    fn finish(&self, state: Self::State, _: usize) -> (T, T) {
        let answer = match state.score {
            None => T::nan(),
            Some(score) if self.wants_small => T::from_reversed_key(score),
            Some(score) => T::from_key(score),
        };
        (answer, T::zero())
    }
}

/// Where they are.
pub(crate) struct Place(pub Extreme<false>);

impl<T: Float> Fold<T> for Place {
    type State = Best<T::Key>;
    type Output = u32;

    fn along(&self, first: usize, values: &[T]) -> Option<Self::State> {
        if values.len() < WORTH_A_KERNEL {
            return None;
        }
        let (value, place) = if self.0.wants_small {
            T::vectorize(FirstAlong::<T, true>(values))
        } else {
            T::vectorize(FirstAlong::<T, false>(values))
        };
        Some(Best { score: Some(self.0.score(value)), place: (first + place) as u32 })
    }

    #[inline(always)]
    fn step(&self, state: &mut Self::State, at: At, value: T, _: T) {
        self.0.step(state, at.place, value);
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        self.0.merge(state, other);
    }

    fn finish(&self, state: Self::State, _: usize) -> (u32, T) {
        (state.place, T::zero())
    }
}

/// The extreme of some values; what nothing is beaten by if all are NaN and left out.
#[derive(Clone, Copy)]
struct Along<'a, T, const SMALL: bool, const SKIP_NAN: bool>(&'a [T]);

impl<T: Float, const SMALL: bool, const SKIP_NAN: bool> Kernel<T> for Along<'_, T, SMALL, SKIP_NAN> {
    type Output = T;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> T {
        extreme::<T, S, SMALL, SKIP_NAN>(simd, self.0)
    }
}

/// The extreme of some values, and the first place that has it.
#[derive(Clone, Copy)]
struct FirstAlong<'a, T, const SMALL: bool>(&'a [T]);

impl<T: Float, const SMALL: bool> Kernel<T> for FirstAlong<'_, T, SMALL> {
    type Output = (T, usize);

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> (T, usize) {
        let (mut best, mut at) = (no_extreme::<T, SMALL>(), 0);
        for (number, values) in self.0.chunks(LOOKED_THROUGH).enumerate() {
            let value = extreme::<T, S, SMALL, false>(simd, values);
            // The first NaN is not beaten by others.
            if !best.is_nan() && beats::<T, SMALL, false>(value, best) {
                (best, at) = (value, number * LOOKED_THROUGH);
            }
        }
        (best, at + find(simd, &self.0[at..], best))
    }
}

/// The extremes of lines side by side.
#[derive(Clone, Copy)]
struct Across<'a, T, const SMALL: bool, const SKIP_NAN: bool>(SideBySide<'a, T>);

impl<T: Float, const SMALL: bool, const SKIP_NAN: bool> Kernel<T> for Across<'_, T, SMALL, SKIP_NAN> {
    type Output = Vec<T>;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
        let places = self.0;
        let mut best = vec![no_extreme::<T, SMALL>(); places.lines];
        let mut first = 0;
        while first + ABREAST <= places.places {
            across::<T, S, SMALL, SKIP_NAN, ABREAST>(simd, &places, first, &mut best);
            first += ABREAST;
        }
        for place in first..places.places {
            across::<T, S, SMALL, SKIP_NAN, 1>(simd, &places, place, &mut best);
        }
        best
    }
}

/// Takes in some places of all lines.
#[inline(always)]
fn across<T: Float, S: Vector<T>, const SMALL: bool, const SKIP_NAN: bool, const N: usize>(
    simd: S,
    places: &SideBySide<'_, T>,
    first: usize,
    best: &mut [T],
) {
    let mut values: [&[T]; N] = [&[]; N];
    for (place, values) in values.iter_mut().enumerate() {
        *values = places.place(first + place);
    }
    let mut line = 0;
    while line + S::LANES <= best.len() {
        let mut winners = simd.load(&best[line..]);
        for values in &values {
            winners = better::<T, S, SMALL, SKIP_NAN>(simd, winners, simd.load(&values[line..]));
        }
        simd.store(&mut best[line..], winners);
        line += S::LANES;
    }
    for line in line..best.len() {
        for values in &values {
            if beats::<T, SMALL, SKIP_NAN>(values[line], best[line]) {
                best[line] = values[line];
            }
        }
    }
}

#[inline(always)]
fn extreme<T: Float, S: Vector<T>, const SMALL: bool, const SKIP_NAN: bool>(simd: S, values: &[T]) -> T {
    let mut winners = [simd.splat(no_extreme::<T, SMALL>()); ABREAST];
    let mut groups = values.chunks_exact(ABREAST * S::LANES);
    for group in &mut groups {
        for turn in 0..ABREAST {
            let next = simd.load(&group[turn * S::LANES..]);
            winners[turn] = better::<T, S, SMALL, SKIP_NAN>(simd, winners[turn], next);
        }
    }
    let mut vectors = groups.remainder().chunks_exact(S::LANES);
    for vector in &mut vectors {
        winners[0] = better::<T, S, SMALL, SKIP_NAN>(simd, winners[0], simd.load(vector));
    }
    let mut best = no_extreme::<T, SMALL>();
    for winners in winners {
        let mut lanes = [T::zero(); 16];
        simd.store(&mut lanes, winners);
        for &value in &lanes[..S::LANES] {
            best = if beats::<T, SMALL, SKIP_NAN>(value, best) { value } else { best };
        }
    }
    for &value in vectors.remainder() {
        best = if beats::<T, SMALL, SKIP_NAN>(value, best) { value } else { best };
    }
    best
}

/// The first place of a value that is there, or of a NaN.
#[inline(always)]
fn find<T: Float, S: Vector<T>>(simd: S, values: &[T], wanted: T) -> usize {
    let is_wanted = |value: T| value == wanted || (wanted.is_nan() && value.is_nan());
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
    start + values[start..].iter().position(|&value| is_wanted(value)).unwrap_or(0)
}

/// What everything beats, or equals.
#[inline(always)]
fn no_extreme<T: Float, const SMALL: bool>() -> T {
    if SMALL { T::infinity() } else { T::neg_infinity() }
}

#[inline(always)]
fn beats<T: Float, const SMALL: bool, const SKIP_NAN: bool>(value: T, best: T) -> bool {
    (if SMALL { value < best } else { best < value }) || (!SKIP_NAN && value.is_nan())
}

#[inline(always)]
fn better<T: Float, S: Vector<T>, const SMALL: bool, const SKIP_NAN: bool>(simd: S, best: S::V, value: S::V) -> S::V {
    let mut wins = if SMALL { simd.lt(value, best) } else { simd.lt(best, value) };
    if !SKIP_NAN {
        wins = simd.or(wins, simd.not(simd.eq(value, value)));
    }
    simd.select(wins, value, best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers with many ties, and zeros of both signs; some with infinities, some with NaN, some of nothing else.
    fn lines<T: Float>() -> Vec<Vec<T>> {
        let mut lines = Vec::new();
        for len in [64, 65, 79, 80, 127, 1000, LOOKED_THROUGH, 2 * LOOKED_THROUGH + 77] {
            let plain: Vec<_> = (0..len).map(|i| T::narrow(((i * 7919 + len) % 113) as f64 - 40.0)).collect();
            let with = |every: usize, value: T| {
                plain.iter().enumerate().map(|(i, &x)| if i % every == every / 2 { value } else { x }).collect()
            };
            lines.extend([with(5, -T::zero()), with(3, T::infinity()), with(len, T::neg_infinity())]);
            lines.extend([with(len, T::nan()), with(30, T::nan()), vec![T::nan(); len], vec![T::infinity(); len]]);
            lines.extend([vec![T::neg_infinity(); len], plain.iter().map(|&x| x.abs()).collect(), plain]);
        }
        lines
    }

    fn one_by_one<T: Float, const SKIP_NAN: bool>(extreme: &Extreme<SKIP_NAN>, values: &[T]) -> Best<T::Key> {
        let mut best = Best::default();
        values.iter().enumerate().for_each(|(place, &value)| extreme.step(&mut best, place, value));
        best
    }

    fn agrees<T: Float, const SMALL: bool>() {
        let (skips, keeps) = (Extreme::<true> { wants_small: SMALL }, Extreme::<false> { wants_small: SMALL });
        for values in lines::<T>() {
            let (with, without) = (one_by_one(&keeps, &values), one_by_one(&skips, &values));
            for (set, value) in T::with_every_set(Along::<T, SMALL, false>(&values)) {
                assert_eq!(Some(keeps.score(value)), with.score, "{set}, {values:?}");
            }
            for (set, (value, place)) in T::with_every_set(FirstAlong::<T, SMALL>(&values)) {
                assert_eq!((Some(keeps.score(value)), place as u32), (with.score, with.place), "{set}, {values:?}");
            }
            for (set, value) in T::with_every_set(Along::<T, SMALL, true>(&values)) {
                let found = skips.found(value, values.iter().copied());
                assert_eq!(found.score, without.score, "{set}, {values:?}");
            }
            for lines in [16, 17, 33, 40] {
                let (places, stride) = (values.len() / lines, lines);
                let places = SideBySide { values: &values, lines, places, stride };
                let line = |line| (0..places.places).map(|place| places.place(place)[line]).collect::<Vec<_>>();
                for (set, extremes) in T::with_every_set(Across::<T, SMALL, false>(places)) {
                    for (number, value) in extremes.into_iter().enumerate() {
                        let expected = one_by_one(&keeps, &line(number));
                        assert_eq!(Some(keeps.score(value)), expected.score, "{set}, {lines} lines, {values:?}");
                    }
                }
                for (set, extremes) in T::with_every_set(Across::<T, SMALL, true>(places)) {
                    for (number, value) in extremes.into_iter().enumerate() {
                        let (found, expected) = (skips.found(value, line(number)), one_by_one(&skips, &line(number)));
                        assert_eq!(found.score, expected.score, "{set}, {lines} lines, {values:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_vector_finds_what_looking_one_by_one_finds() {
        agrees::<f32, true>();
        agrees::<f32, false>();
        agrees::<f64, true>();
        agrees::<f64, false>();
    }
}
