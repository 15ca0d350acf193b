//! Sums, means and averages that leave out NaN: which values count is only known once they are read.

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::fold::{Coord, Fold};
use crate::kernels::reduce::cpu::totals::ZeroWeights;

/// Sums and means of the values that are not NaN, which are counted.
pub(crate) struct NanSum {
    pub mean: bool,
}

impl<T: Float> Fold<T> for NanSum {
    type State = (Sum<T>, usize);
    type Output = T;

    #[inline(always)]
    fn step(&self, (sum, count): &mut Self::State, _: Coord, value: T, _: T) {
        if !value.is_nan() {
            sum.add(value);
            *count += 1;
        }
    }

    fn merge(&self, (sum, count): &mut Self::State, later: Self::State) {
        sum.merge(later.0);
        *count += later.1;
    }

    fn finalize(&self, (sum, count): Self::State, _: usize) -> (T, T) {
        let value = if self.mean { sum.ratio(Sum::<T>::from_count(count)) } else { sum.round() };
        (value, T::zero())
    }
}

/// Weighted sums and averages of the values that are not NaN, whose weights are summed.
pub(crate) struct NanWeightedSum<'a, T> {
    pub average: bool,
    pub zero_weights: ZeroWeights<'a, T>,
}

impl<T: Float> Fold<T> for NanWeightedSum<'_, T> {
    type State = (Sum<T>, Sum<T>);
    type Output = T;

    #[inline(always)]
    fn step(&self, (products, weights): &mut Self::State, _: Coord, value: T, weight: T) {
        if value.is_nan() {
            return;
        }
        products.add_product(weight, value);
        weights.add(weight);
    }

    fn merge(&self, (products, weights): &mut Self::State, later: Self::State) {
        products.merge(later.0);
        weights.merge(later.1);
    }

    fn finalize(&self, (products, weights): Self::State, output: usize) -> (T, T) {
        if !self.average {
            return (products.round(), weights.round());
        }
        let quotient = products.ratio(weights);
        let value = match self.zero_weights {
            ZeroWeights::Fill(fill) if weights.is_zero() => fill,
            zero_weights if weights.is_zero() => {
                zero_weights.flag(output);
                quotient
            }
            _ => quotient,
        };
        (value, weights.round())
    }
}
