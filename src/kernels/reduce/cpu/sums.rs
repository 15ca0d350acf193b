//! The CPU engine's fast way through sums, means and averages: vectors of sums, where [`fold`](crate::kernels::reduce::cpu::fold) takes in one
//! value at a time. [`rows`](crate::kernels::reduce::cpu::rows) and [`columns`](crate::kernels::reduce::cpu::columns) have the loops.

use std::ops::Range;

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::columns::{Columns, FewColumns, Held};
use crate::kernels::reduce::cpu::rows::{ALIKE, NONE, OWN, Rows, RowsOfEight};
use crate::kernels::reduce::op::View;
use crate::simd::{Kernel, Vector};

/// Sums that run side by side along a row.
pub(crate) const LANES: usize = 16;
/// Lines whose sums are held at the same time, so that they are still in the first cache when they become answers.
const LINES_AT_ONCE: usize = 1024;

/// What the values are multiplied by.
#[derive(Clone, Copy)]
pub(crate) enum Weighing<'a, T> {
    None,
    Along(&'a [T]),
    Full(&'a [T]),
}

/// For each line the sum of the values or products, and, if they were wanted, that of the weights.
pub(crate) struct Totals<T: Float> {
    pub products: Vec<Sum<T>>,
    pub weights: Vec<Sum<T>>,
}

/// Part of an array seen as `[outer, len, inner]`, to be added up along `len`.
#[derive(Clone)]
pub(crate) struct Sums<'a, T> {
    pub view: View,
    pub values: &'a [T],
    pub weights: Weighing<'a, T>,
    /// Whether the weights are added up, too.
    pub wants_weights: bool,
    pub outer: Range<usize>,
    pub part: Range<usize>,
    pub inner: Range<usize>,
}

/// Runs kernels with some set of vectors.
pub(crate) trait Runner<T: Float> {
    fn run<K: Kernel<T>>(&self, kernel: K) -> K::Output;
}

/// With the widest that the processor has.
pub(crate) struct Widest;

impl<T: Float> Runner<T> for Widest {
    fn run<K: Kernel<T>>(&self, kernel: K) -> K::Output {
        T::vectorize(kernel)
    }
}

impl<T: Float> Sums<'_, T> {
    /// Adds up all of it.
    pub fn totals(&self, runner: &impl Runner<T>) -> Totals<T> {
        let lines = self.outer.len() * self.inner.len();
        let weights = if self.wants_weights { lines } else { 0 };
        let mut totals = Totals { products: Vec::with_capacity(lines), weights: Vec::with_capacity(weights) };
        self.add_up(runner, &mut Default::default(), &mut totals);
        totals
    }

    /// Adds up all of it, whole lines, and makes answers of the sums, some lines at a time. Says whether the weights of any
    /// line sum to zero, where each line is divided by its own.
    pub fn answers(mut self, runner: &impl Runner<T>, divisor: Divisor<T>, mut output: &mut [T]) -> bool {
        let (outer, inner) = (self.outer.clone(), self.inner.clone());
        let (rows, width) = ((LINES_AT_ONCE / inner.len().max(1)).max(1), inner.len().clamp(1, LINES_AT_ONCE));
        let lines = (rows * width).min(output.len());
        let weights = if self.wants_weights { lines } else { 0 };
        let mut totals = Totals { products: Vec::with_capacity(lines), weights: Vec::with_capacity(weights) };
        let mut held = Default::default();
        let mut is_any_zero = false;
        for row in outer.clone().step_by(rows) {
            self.outer = row..outer.end.min(row + rows);
            for column in inner.clone().step_by(width) {
                self.inner = column..inner.end.min(column + width);
                totals.products.clear();
                totals.weights.clear();
                self.add_up(runner, &mut held, &mut totals);
                let (now, later) = output.split_at_mut(totals.products.len());
                output = later;
                is_any_zero |= runner.run(Answers { totals: &totals, divisor, output: now });
            }
        }
        is_any_zero
    }

    fn add_up(&self, runner: &impl Runner<T>, held: &mut [Held; 2], totals: &mut Totals<T>) {
        match self.weights {
            Weighing::None => self.add_up_by::<NONE>(&[], runner, held, totals),
            Weighing::Along(weights) => {
                let weights = &weights[self.part.clone()];
                self.add_up_by::<ALIKE>(weights, runner, held, totals);
                if self.wants_weights {
                    let (len, mut sum) = (weights.len(), Totals { products: Vec::new(), weights: Vec::new() });
                    let rows =
                        Rows::<T, NONE> { values: weights, weights: &[], count: 1, len, stride: len, totals: &mut sum };
                    runner.run(rows);
                    totals.weights.resize(totals.products.len(), sum.products[0]);
                }
            }
            Weighing::Full(weights) => self.add_up_by::<OWN>(weights, runner, held, totals),
        }
    }

    fn add_up_by<const KIND: u8>(
        &self,
        weights: &[T],
        runner: &impl Runner<T>,
        held: &mut [Held; 2],
        totals: &mut Totals<T>,
    ) {
        let View { len, inner, .. } = self.view;
        let (width, places) = (self.inner.len(), self.part.len());
        // From the first value on, and their weights where each has its own. Of nothing there is no first value.
        let from = |start: usize| {
            let start = start.min(self.values.len());
            (&self.values[start..], if KIND == OWN { &weights[start..] } else { weights })
        };
        if inner > 1 {
            for outer in self.outer.clone() {
                let start = (outer * len + self.part.start) * inner + self.inner.start;
                let (values, weights) = from(start);
                if width == inner && LANES.is_multiple_of(width) {
                    let values = &values[..places * width];
                    runner.run(FewColumns::<T, KIND> { values, weights, width, totals });
                } else {
                    runner.run(Columns::<T, KIND> { values, weights, width, places, stride: inner, held, totals });
                }
            }
            return;
        }
        let mut outer = self.outer.clone();
        if len == 8 && places == 8 {
            let (values, weights) = from(8 * outer.start);
            let values = &values[..8 * outer.len()];
            outer.start += runner.run(RowsOfEight::<T, KIND> { values, weights, totals });
        }
        let (values, weights) = from(outer.start * len + self.part.start);
        runner.run(Rows::<T, KIND> { values, weights, count: outer.len(), len: places, stride: len, totals });
    }
}

/// What sums are divided by.
#[derive(Clone, Copy)]
pub(crate) enum Divisor<T: Float> {
    None,
    Alike(Sum<T>),
    /// The sum of the line's own weights.
    Own,
    /// The same, with a value for lines where that is zero.
    OwnOr(T),
}

/// What becomes of sums. No question a line, so that several are answered at once.
struct Answers<'a, T: Float> {
    totals: &'a Totals<T>,
    divisor: Divisor<T>,
    output: &'a mut [T],
}

impl<T: Float> Kernel<T> for Answers<'_, T> {
    /// Whether any line is divided by zero, if each has a divisor of its own and none in place of the quotient.
    type Output = bool;

    #[inline(always)]
    fn run<S: Vector<T>>(self, _: S) -> bool {
        let Self { totals: Totals { products, weights }, divisor, output } = self;
        let mut is_any_zero = false;
        match divisor {
            Divisor::None => {
                for (output, &sum) in output.iter_mut().zip(products) {
                    *output = sum.round();
                }
            }
            Divisor::Alike(divisor) => {
                for (output, &sum) in output.iter_mut().zip(products) {
                    *output = sum.ratio(divisor);
                }
            }
            Divisor::Own => {
                for ((output, &sum), &weights) in output.iter_mut().zip(products).zip(weights) {
                    *output = sum.ratio(weights);
                    is_any_zero |= weights.is_zero();
                }
            }
            Divisor::OwnOr(fill) => {
                for ((output, &sum), &weights) in output.iter_mut().zip(products).zip(weights) {
                    let quotient = sum.ratio(weights);
                    *output = if weights.is_zero() { fill } else { quotient };
                }
            }
        }
        is_any_zero
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one set of vectors.
    struct With<S>(S);

    impl<T: Float, S: Vector<T>> Runner<T> for With<S> {
        fn run<K: Kernel<T>>(&self, kernel: K) -> K::Output {
            kernel.run(self.0)
        }
    }

    #[derive(Clone, Copy)]
    struct Averages<'a, T>(View, &'a [T], Weighing<'a, T>);

    impl<T: Float> Kernel<T> for Averages<'_, T> {
        type Output = Vec<(T, T)>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<(T, T)> {
            let Self(view, values, weights) = self;
            let (outer, part, inner) = (0..view.outer, 0..view.len, 0..view.inner);
            let sums = Sums { view, values, weights, wants_weights: true, outer, part, inner };
            let runner = With(simd);
            let Totals { products, weights } = sums.totals(&runner);
            let mut answers = vec![T::zero(); products.len()];
            sums.answers(&runner, Divisor::None, &mut answers);
            let alike = answers.iter().zip(&products).all(|(answer, sum)| answer.bits() == sum.round().bits());
            assert!(alike, "{view:?}: answers are not the sums");
            let weights = weights.into_iter().map(Some).chain(std::iter::repeat(None));
            answers
                .into_iter()
                .zip(weights)
                .map(|(sum, weights)| (sum, weights.map_or(T::zero(), Accumulate::round)))
                .collect()
        }
    }

    fn agrees<T: Float>() {
        let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 33, 100];
        let views = lengths.into_iter().flat_map(|len| [1, 2, 3, 8, 15, 16, 17, 40].map(|inner| (19, len, inner)));
        // More lines than are held at once, and rows so long that several are taken in together.
        for (outer, len, inner) in views.chain([(1, 6, 2100), (2100, 5, 1), (700, 2, 3), (7, 8200, 1)]) {
            let view = View { outer, len, inner };
            let number = |i: usize| T::narrow(((i * 7919) % 1013) as f64 * 0.01 - 4.0);
            let values: Vec<T> = (0..outer * len * inner).map(number).collect();
            let weights: Vec<T> = (0..outer * len * inner).map(|i| number(i + 5)).collect();
            for weighing in [Weighing::None, Weighing::Along(&weights[..len]), Weighing::Full(&weights)] {
                let all = T::with_every_set(Averages(view, &values, weighing));
                for (line, &(sum, sum_of_weights)) in all[0].1.iter().enumerate() {
                    let (outer, column) = (line / inner, line % inner);
                    let places = (0..len).map(|place| (place, (outer * len + place) * inner + column));
                    let plain: f64 = places
                        .map(|(place, at)| match weighing {
                            Weighing::None => values[at].widen(),
                            Weighing::Along(weights) => values[at].widen() * weights[place].widen(),
                            Weighing::Full(weights) => values[at].widen() * weights[at].widen(),
                        })
                        .sum();
                    assert!(
                        (sum.widen() - plain).abs() < 1e-3 + 1e-6 * plain.abs(),
                        "{view:?}: {sum} instead of {plain}"
                    );
                    for (set, others) in &all[1..] {
                        assert_eq!(others[line].0, sum, "{set}, {view:?}, line {line}");
                        assert_eq!(others[line].1, sum_of_weights, "{set}, {view:?}, weights of line {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_vector_adds_up_to_the_same() {
        agrees::<f32>();
        agrees::<f64>();
    }
}
