//! What a line is folded into on the CPU engine: the twins of the states in `shaders/reduce/`.
//!
//! A [`Fold`] takes in the places of a line one at a time, in several states at once that are merged later, and makes the
//! output of what they hold.

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::sums::{Divisor, Sums, Widest};

/// Where a value is.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// Which line.
    pub line: usize,
    /// Where in it.
    pub place: usize,
}

/// Lines side by side: of each place a value of every line, some distance from those of the next place.
#[derive(Clone, Copy)]
pub(crate) struct SideBySide<'a, T> {
    pub values: &'a [T],
    pub lines: usize,
    pub places: usize,
    pub stride: usize,
}

impl<'a, T> SideBySide<'a, T> {
    /// The values of one place.
    #[inline(always)]
    pub fn place(&self, place: usize) -> &'a [T] {
        let start = place * self.stride;
        &self.values[start..start + self.lines]
    }
}

/// A way to reduce a line.
pub(crate) trait Fold<T: Float>: Sync {
    /// What is known of some places of a line.
    type State: Copy + Default + Send + Sync;
    /// What becomes of it.
    type Output: Send;

    /// Whether this is but a sum of values or products, which can be had faster, and if so whether the sum of the weights
    /// is wanted with it.
    fn sums(&self) -> Option<bool> {
        None
    }

    /// The state of a line whose sums are known.
    fn state(&self, _sum: Sum<T>, _weights: Sum<T>) -> Self::State {
        Self::State::default()
    }

    /// What a stretch of a line without weights is folded into, if that can be had faster than value by value. `first` is
    /// its first place.
    fn along(&self, _first: usize, _values: &[T]) -> Option<Self::State> {
        None
    }

    /// The same for lines that lie side by side.
    fn across(&self, _places: SideBySide<'_, T>) -> Option<Vec<Self::State>> {
        None
    }

    /// Takes in a value.
    fn step(&self, state: &mut Self::State, at: At, value: T, weight: T);
    /// Takes in what another state holds, of later places.
    fn merge(&self, state: &mut Self::State, other: Self::State);
    /// The output, and the sum of the weights where there are any.
    fn finish(&self, state: Self::State, line: usize) -> (Self::Output, T);

    /// The outputs of lines that are but sums, by the fast way; false if there is none.
    fn answer(&self, _sums: Sums<'_, T>, _first_line: usize, _output: &mut [Self::Output]) -> bool {
        false
    }
}

/// Sums and means.
pub(crate) struct Plain {
    pub mean: bool,
    /// Values in a line.
    pub count: usize,
}

impl<T: Float> Fold<T> for Plain {
    type State = Sum<T>;
    type Output = T;

    fn sums(&self) -> Option<bool> {
        Some(false)
    }

    #[inline(always)]
    fn state(&self, sum: Sum<T>, _: Sum<T>) -> Sum<T> {
        sum
    }

    #[inline(always)]
    fn step(&self, sum: &mut Sum<T>, _: At, value: T, _: T) {
        sum.add(value);
    }

    fn answer(&self, sums: Sums<'_, T>, _: usize, output: &mut [T]) -> bool {
        let divisor = if self.mean { Divisor::Alike(Sum::<T>::of_count(self.count)) } else { Divisor::None };
        sums.answers(&Widest, divisor, output);
        true
    }

    fn merge(&self, sum: &mut Sum<T>, other: Sum<T>) {
        sum.merge(other);
    }

    fn finish(&self, sum: Sum<T>, _: usize) -> (T, T) {
        let answer = if self.mean { sum.ratio(Sum::<T>::of_count(self.count)) } else { sum.round() };
        (answer, T::zero())
    }
}

/// The same without NaN, which have to be counted out.
pub(crate) struct PlainWithoutNan {
    pub mean: bool,
}

impl<T: Float> Fold<T> for PlainWithoutNan {
    type State = (Sum<T>, usize);
    type Output = T;

    #[inline(always)]
    fn step(&self, (sum, count): &mut Self::State, _: At, value: T, _: T) {
        if !value.is_nan() {
            sum.add(value);
            *count += 1;
        }
    }

    fn merge(&self, (sum, count): &mut Self::State, other: Self::State) {
        sum.merge(other.0);
        *count += other.1;
    }

    fn finish(&self, (sum, count): Self::State, line: usize) -> (T, T) {
        Plain { mean: self.mean, count }.finish(sum, line)
    }
}

/// What becomes of an average whose weights sum to zero.
#[derive(Clone, Copy)]
pub(crate) enum OfZero<'a, T> {
    /// None: its line is noted.
    Note(&'a (dyn Fn(usize) + Sync)),
    /// This stands in its place.
    Fill(T),
}

impl<T> OfZero<'_, T> {
    /// What stands in the place of the quotient.
    fn answer(self, line: usize, quotient: T) -> T {
        match self {
            Self::Note(offend) => {
                offend(line);
                quotient
            }
            Self::Fill(fill) => fill,
        }
    }
}

/// Weighted sums and averages where all lines have the same weights, whose sum is known.
pub(crate) struct WeightedAlike<'a, T: Float> {
    pub average: bool,
    pub sum_of_weights: Sum<T>,
    pub of_zero: OfZero<'a, T>,
}

impl<T: Float> Fold<T> for WeightedAlike<'_, T> {
    type State = Sum<T>;
    type Output = T;

    fn sums(&self) -> Option<bool> {
        Some(false)
    }

    #[inline(always)]
    fn state(&self, sum: Sum<T>, _: Sum<T>) -> Sum<T> {
        sum
    }

    #[inline(always)]
    fn step(&self, products: &mut Sum<T>, _: At, value: T, weight: T) {
        products.add_product(weight, value);
    }

    fn answer(&self, sums: Sums<'_, T>, first_line: usize, output: &mut [T]) -> bool {
        if self.average && self.sum_of_weights.is_zero() {
            match self.of_zero {
                OfZero::Note(offend) => (first_line..first_line + output.len()).for_each(offend),
                OfZero::Fill(fill) => {
                    output.fill(fill);
                    return true;
                }
            }
        }
        let divisor = if self.average { Divisor::Alike(self.sum_of_weights) } else { Divisor::None };
        sums.answers(&Widest, divisor, output);
        true
    }

    fn merge(&self, products: &mut Sum<T>, other: Sum<T>) {
        products.merge(other);
    }

    fn finish(&self, products: Sum<T>, line: usize) -> (T, T) {
        Weighted::<T, false> { average: self.average, of_zero: self.of_zero }
            .finish((products, self.sum_of_weights), line)
    }
}

/// Weighted sums and averages where every line has weights of its own.
pub(crate) struct Weighted<'a, T, const SKIP_NAN: bool> {
    pub average: bool,
    pub of_zero: OfZero<'a, T>,
}

impl<T: Float, const SKIP_NAN: bool> Fold<T> for Weighted<'_, T, SKIP_NAN> {
    type State = (Sum<T>, Sum<T>);
    type Output = T;

    fn sums(&self) -> Option<bool> {
        (!SKIP_NAN).then_some(true)
    }

    #[inline(always)]
    fn state(&self, sum: Sum<T>, weights: Sum<T>) -> Self::State {
        (sum, weights)
    }

    #[inline(always)]
    fn step(&self, (products, weights): &mut Self::State, _: At, value: T, weight: T) {
        if SKIP_NAN && value.is_nan() {
            return;
        }
        products.add_product(weight, value);
        weights.add(weight);
    }

    fn answer(&self, sums: Sums<'_, T>, first_line: usize, output: &mut [T]) -> bool {
        let divisor = match self.of_zero {
            _ if !self.average => Divisor::None,
            OfZero::Note(_) => Divisor::Own,
            OfZero::Fill(fill) => Divisor::OwnOr(fill),
        };
        if sums.clone().answers(&Widest, divisor, output)
            && let OfZero::Note(offend) = self.of_zero
        {
            // Rare enough to look for them by adding up once more.
            let zeros = sums.totals(&Widest).weights.into_iter().zip(first_line..);
            zeros.filter(|(weights, _)| weights.is_zero()).for_each(|(_, line)| offend(line));
        }
        true
    }

    fn merge(&self, (products, weights): &mut Self::State, other: Self::State) {
        products.merge(other.0);
        weights.merge(other.1);
    }

    fn finish(&self, (products, weights): Self::State, line: usize) -> (T, T) {
        if !self.average {
            return (products.round(), weights.round());
        }
        let quotient = products.ratio(weights);
        let answer = if weights.is_zero() { self.of_zero.answer(line, quotient) } else { quotient };
        (answer, weights.round())
    }
}

/// Variances and standard deviations, given the means: the corrected two-pass algorithm (T. F. Chan, G. H. Golub, R. J.
/// LeVeque, The American Statistician 37, 1983).
pub(crate) struct Moments<'a, T, const SKIP_NAN: bool> {
    pub means: &'a [T],
    pub ddof: f64,
    pub root: bool,
}

impl<T: Float, const SKIP_NAN: bool> Fold<T> for Moments<'_, T, SKIP_NAN> {
    type State = (Sum<T>, Sum<T>, usize);
    type Output = T;

    #[inline(always)]
    fn step(&self, (deviations, squares, count): &mut Self::State, at: At, value: T, _: T) {
        if SKIP_NAN && value.is_nan() {
            return;
        }
        let deviation = value - self.means[at.line];
        deviations.add(deviation);
        squares.add_product(deviation, deviation);
        *count += 1;
    }

    fn merge(&self, (deviations, squares, count): &mut Self::State, other: Self::State) {
        deviations.merge(other.0);
        squares.merge(other.1);
        *count += other.2;
    }

    fn finish(&self, (deviations, mut squares, count): Self::State, _: usize) -> (T, T) {
        let total = squares.round();
        if count == 0 || total.is_nan() {
            return (T::nan(), T::zero());
        }
        if total.is_infinite() {
            // The mean, or the squares, left the range of the type; there is nothing to correct.
            return (total, T::zero());
        }
        let divisor = count as f64 - self.ddof;
        if divisor <= 0.0 {
            return (if total.is_zero() { T::nan() } else { T::infinity() }, T::zero());
        }
        // The mean was rounded, so the deviations do not add up to zero.
        let rest = deviations.round();
        squares.add_product(-rest, deviations.ratio(Sum::<T>::of_count(count)));
        let mut shared_out = Sum::<T>::default();
        shared_out.add(T::narrow(divisor));
        let variance = squares.ratio(shared_out);
        (if self.root { variance.sqrt() } else { variance }, T::zero())
    }
}
