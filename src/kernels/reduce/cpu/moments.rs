//! Variances and standard deviations, given the means: the corrected two-pass algorithm (T. F. Chan, G. H. Golub, R. J.
//! LeVeque, The American Statistician 37, 1983).

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::fold::{Coord, Fold};

/// Sums of deviations from the mean, and of their squares.
pub(crate) struct Moments<'a, T, const SKIP_NAN: bool> {
    /// The mean of each output.
    pub means: &'a [T],
    /// Subtracted from the count.
    pub ddof: f64,
    /// Whether the square root is wanted.
    pub root: bool,
}

impl<T: Float, const SKIP_NAN: bool> Fold<T> for Moments<'_, T, SKIP_NAN> {
    type State = (Sum<T>, Sum<T>, usize);
    type Output = T;

    #[inline(always)]
    fn step(&self, (deviations, squares, count): &mut Self::State, at: Coord, value: T, _: T) {
        if SKIP_NAN && value.is_nan() {
            return;
        }
        let deviation = value - self.means[at.output];
        deviations.add(deviation);
        squares.add_product(deviation, deviation);
        *count += 1;
    }

    fn merge(&self, (deviations, squares, count): &mut Self::State, later: Self::State) {
        deviations.merge(later.0);
        squares.merge(later.1);
        *count += later.2;
    }

    fn finalize(&self, (deviations, mut squares, count): Self::State, _: usize) -> (T, T) {
        let total = squares.round();
        if count == 0 || total.is_nan() {
            return (T::nan(), T::zero());
        }
        if total.is_infinite() {
            // The mean or the squares overflowed; there is nothing to correct.
            return (total, T::zero());
        }
        let degrees = count as f64 - self.ddof;
        if degrees <= 0.0 {
            return (if total.is_zero() { T::nan() } else { T::infinity() }, T::zero());
        }
        // The mean was rounded, so the deviations do not sum to zero.
        let rest = deviations.round();
        squares.add_product(-rest, deviations.ratio(Sum::<T>::from_count(count)));
        let mut divisor = Sum::<T>::default();
        divisor.add(T::narrow(degrees));
        let variance = squares.ratio(divisor);
        (if self.root { variance.sqrt() } else { variance }, T::zero())
    }
}
