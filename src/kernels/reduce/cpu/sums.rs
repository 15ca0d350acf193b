//! The strategy of sums, means and averages that leave out nothing: vector kernels compute all sums of a
//! [`Region`], and one kernel turns them into outputs.

use std::ops::Range;

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::reducer::{Block, Input, Partials, Reducer};
use crate::kernels::reduce::cpu::region::{Region, Runner, Widest};
use crate::kernels::reduce::cpu::totals::{Totals, ZeroWeights};
use crate::simd::{SimdKernel, Vector};

/// What is made of sums.
#[derive(Clone, Copy)]
pub(crate) enum Sums<'a, T: Float> {
    /// Sums of values without weights.
    Sum,
    /// Means of values without weights, given their number.
    Mean { count: usize },
    /// Weighted sums or averages, given the sum of the weights, which all outputs share.
    SharedWeights { average: bool, sum_of_weights: Sum<T>, zero_weights: ZeroWeights<'a, T> },
    /// Weighted sums or averages for which the weights of each output are summed with its values.
    PerElementWeights { average: bool, zero_weights: ZeroWeights<'a, T> },
}

impl<T: Float> Partials for Totals<T> {
    fn append(&mut self, next: Self) {
        self.products.extend(next.products);
        self.weights.extend(next.weights);
    }
}

impl<T: Float> Reducer<T> for Sums<'_, T> {
    type Partials = Totals<T>;
    type Output = T;

    fn partials(&self, input: &Input<'_, T>, block: &Block, part: Range<usize>) -> Totals<T> {
        Region::new(input, block, part, self.sums_weights()).totals(&Widest)
    }

    fn merge(&self, totals: &mut Totals<T>, later: Totals<T>) {
        totals.merge(later);
    }

    fn finalize(&self, totals: Totals<T>, first_output: usize, output: &mut [T], weight_sums: Option<&mut [T]>) {
        self.finalize_into(&Widest, &totals, first_output, output, weight_sums);
    }

    fn reduce(&self, input: &Input<'_, T>, block: &Block, output: &mut [T], weight_sums: Option<&mut [T]>) {
        self.reduce_by(&Widest, input, block, output, weight_sums);
    }
}

impl<T: Float> Sums<'_, T> {
    fn sums_weights(&self) -> bool {
        matches!(self, Self::PerElementWeights { .. })
    }

    /// Computes outputs while the cache still holds their sums.
    fn reduce_by(
        &self,
        runner: &impl Runner<T>,
        input: &Input<'_, T>,
        block: &Block,
        mut output: &mut [T],
        mut weight_sums: Option<&mut [T]>,
    ) {
        let mut first_output = block.first_output;
        let region = Region::new(input, block, 0..input.view.len, self.sums_weights());
        region.totals_in_batches(runner, |totals| {
            let outputs = totals.products.len();
            let now = output.split_off_mut(..outputs).unwrap_or_default();
            let sums_now = weight_sums.as_mut().and_then(|sums| sums.split_off_mut(..outputs));
            self.finalize_into(runner, totals, first_output, now, sums_now);
            first_output += outputs;
        });
    }

    fn finalize_into(
        &self,
        runner: &impl Runner<T>,
        totals: &Totals<T>,
        first_output: usize,
        output: &mut [T],
        weight_sums: Option<&mut [T]>,
    ) {
        if let Some(weight_sums) = weight_sums {
            match self {
                Self::Sum | Self::Mean { .. } => weight_sums.fill(T::zero()),
                Self::SharedWeights { sum_of_weights, .. } => weight_sums.fill(sum_of_weights.round()),
                Self::PerElementWeights { .. } => {
                    weight_sums.iter_mut().zip(&totals.weights).for_each(|(to, sum)| *to = sum.round());
                }
            }
        }
        let divisor = match *self {
            Self::Sum | Self::SharedWeights { average: false, .. } | Self::PerElementWeights { average: false, .. } => {
                Divisor::None
            }
            Self::Mean { count } => Divisor::Shared(Sum::<T>::from_count(count)),
            Self::SharedWeights { sum_of_weights, zero_weights, .. } => {
                if sum_of_weights.is_zero() {
                    if let ZeroWeights::Fill(fill) = zero_weights {
                        return output.fill(fill);
                    }
                    (first_output..first_output + output.len()).for_each(|output| zero_weights.flag(output));
                }
                Divisor::Shared(sum_of_weights)
            }
            Self::PerElementWeights { zero_weights: ZeroWeights::Fill(fill), .. } => Divisor::OwnOr(fill),
            Self::PerElementWeights { zero_weights: ZeroWeights::Flag(_), .. } => Divisor::Own,
        };
        let is_any_zero = runner.run(Finalize { totals, divisor, output });
        if let Self::PerElementWeights { zero_weights, .. } = self
            && is_any_zero
        {
            let weights = totals.weights.iter().zip(first_output..);
            weights.filter(|(sum, _)| sum.is_zero()).for_each(|(_, output)| zero_weights.flag(output));
        }
    }
}

/// The divisor of sums.
#[derive(Clone, Copy)]
enum Divisor<T: Float> {
    None,
    Shared(Sum<T>),
    /// The sum of the output's weights.
    Own,
    /// The same, with a value for outputs of which it is zero.
    OwnOr(T),
}

/// Computes outputs from sums, without a branch for each, so that it can be vectorized.
struct Finalize<'a, T: Float> {
    totals: &'a Totals<T>,
    divisor: Divisor<T>,
    output: &'a mut [T],
}

impl<T: Float> SimdKernel<T> for Finalize<'_, T> {
    /// Whether any output was divided by the zero sum of its weights.
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
            Divisor::Shared(divisor) => {
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
    use crate::kernels::reduce::op::{AxisSplit, Weights};

    /// Runs kernels with one instruction set.
    struct With<S>(S);

    impl<T: Float, S: Vector<T>> Runner<T> for With<S> {
        fn run<K: SimdKernel<T>>(&self, kernel: K) -> K::Output {
            kernel.run(self.0)
        }
    }

    /// The weighted sums of an array, and the sums of weights.
    #[derive(Clone, Copy)]
    struct WeightedSums<'a, T>(Input<'a, T>);

    impl<T: Float> SimdKernel<T> for WeightedSums<'_, T> {
        type Output = Vec<(T, T)>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<(T, T)> {
            let (input, AxisSplit { outer, len, inner }) = (self.0, self.0.view);
            let block = Block { first_output: 0, outer: 0..outer, inner: 0..inner };
            let runner = With(simd);
            let Totals { products, weights } = Region::new(&input, &block, 0..len, true).totals(&runner);
            let mut sums = vec![T::zero(); products.len()];
            let mut weight_sums = sums.clone();
            let reducer = Sums::PerElementWeights { average: false, zero_weights: ZeroWeights::Flag(None) };
            reducer.reduce_by(&runner, &input, &block, &mut sums, Some(&mut weight_sums));
            let equals = |rounded: &[T], totals: &[Sum<T>]| {
                rounded.iter().zip(totals).all(|(rounded, total)| rounded.bits() == total.round().bits())
            };
            assert!(equals(&sums, &products), "{:?}: outputs are not the sums", input.view);
            assert!(equals(&weight_sums, &weights), "{:?}: sums of weights differ", input.view);
            sums.into_iter().zip(weight_sums).collect()
        }
    }

    fn agrees<T: Float>() {
        let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 33, 100];
        let views = lengths.into_iter().flat_map(|len| [1, 2, 3, 8, 15, 16, 17, 40].map(|inner| (19, len, inner)));
        // More outputs than a batch has, and rows so long that several are summed together.
        for (outer, len, inner) in views.chain([(1, 6, 2100), (2100, 5, 1), (700, 2, 3), (7, 8200, 1)]) {
            let view = AxisSplit { outer, len, inner };
            let number = |i: usize| T::narrow(((i * 7919) % 1013) as f64 * 0.01 - 4.0);
            let values: Vec<T> = (0..outer * len * inner).map(number).collect();
            let weights: Vec<T> = (0..outer * len * inner).map(|i| number(i + 5)).collect();
            let shared = Weights::Shared(&weights[..len]);
            for weights in [Weights::None, shared, Weights::PerElement(&weights)] {
                let all = T::with_every_isa(WeightedSums(Input { view, values: &values, weights }));
                for (output, &(sum, sum_of_weights)) in all[0].1.iter().enumerate() {
                    let (outer, column) = (output / inner, output % inner);
                    let indices = (0..len).map(|k| (k, (outer * len + k) * inner + column));
                    let naive: f64 = indices
                        .map(|(k, at)| match weights {
                            Weights::None => values[at].widen(),
                            Weights::Shared(weights) => values[at].widen() * weights[k].widen(),
                            Weights::PerElement(weights) => values[at].widen() * weights[at].widen(),
                        })
                        .sum();
                    assert!(
                        (sum.widen() - naive).abs() < 1e-3 + 1e-6 * naive.abs(),
                        "{view:?}: {sum} instead of {naive}"
                    );
                    for (set, others) in &all[1..] {
                        assert_eq!(others[output].0, sum, "{set}, {view:?}, output {output}");
                        assert_eq!(others[output].1, sum_of_weights, "{set}, {view:?}, weights of output {output}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_computes_the_same_sums() {
        agrees::<f32>();
        agrees::<f64>();
    }
}
