//! The part of an array whose sums are computed together, and the choice of the kernels that do it.

use std::ops::Range;

use crate::element::Float;
use crate::kernels::reduce::cpu::columns::{ColumnSums, Columns, NarrowColumns};
use crate::kernels::reduce::cpu::reducer::{Block, Input};
use crate::kernels::reduce::cpu::rows::{Rows, RowsOfEight};
use crate::kernels::reduce::cpu::totals::{LANES, NONE, PER_ELEMENT, SHARED, Totals};
use crate::kernels::reduce::op::{AxisSplit, Weights};
use crate::simd::SimdKernel;

/// Outputs whose sums are computed at a time, so that the L1 cache still holds them when the outputs are computed.
const OUTPUTS_AT_ONCE: usize = 1024;

/// Runs kernels with some instruction set.
pub(crate) trait Runner<T: Float> {
    fn run<K: SimdKernel<T>>(&self, kernel: K) -> K::Output;
}

/// Runs them with the widest that the processor has.
pub(crate) struct Widest;

impl<T: Float> Runner<T> for Widest {
    fn run<K: SimdKernel<T>>(&self, kernel: K) -> K::Output {
        T::vectorize(kernel)
    }
}

/// Part of an array seen as `[outer, len, inner]`.
#[derive(Clone)]
pub(crate) struct Region<'a, T> {
    input: Input<'a, T>,
    outer: Range<usize>,
    part: Range<usize>,
    inner: Range<usize>,
    /// Whether the weights are summed as well.
    sums_weights: bool,
}

impl<'a, T: Float> Region<'a, T> {
    pub fn new(input: &Input<'a, T>, block: &Block, part: Range<usize>, sums_weights: bool) -> Self {
        let Block { outer, inner, .. } = block.clone();
        Self { input: *input, outer, part, inner, sums_weights }
    }

    /// All sums.
    pub fn totals(&self, runner: &impl Runner<T>) -> Totals<T> {
        let mut totals = Totals::with_capacity(self.outer.len() * self.inner.len(), self.sums_weights);
        self.sum(runner, &mut Default::default(), &mut totals);
        totals
    }

    /// All sums, those of some outputs at a time, in memory that is reused.
    pub fn totals_in_batches(mut self, runner: &impl Runner<T>, mut batch: impl FnMut(&Totals<T>)) {
        let (outer, inner) = (self.outer.clone(), self.inner.clone());
        let rows = (OUTPUTS_AT_ONCE / inner.len().max(1)).max(1);
        let width = inner.len().clamp(1, OUTPUTS_AT_ONCE);
        let outputs = (rows * width).min(outer.len() * inner.len());
        let mut totals = Totals::with_capacity(outputs, self.sums_weights);
        let mut columns = Default::default();
        for row in outer.clone().step_by(rows) {
            self.outer = row..outer.end.min(row + rows);
            for column in inner.clone().step_by(width) {
                self.inner = column..inner.end.min(column + width);
                totals.products.clear();
                totals.weights.clear();
                self.sum(runner, &mut columns, &mut totals);
                batch(&totals);
            }
        }
    }

    fn sum(&self, runner: &impl Runner<T>, columns: &mut [ColumnSums; 2], totals: &mut Totals<T>) {
        match self.input.weights {
            Weights::None => self.sum_by::<NONE>(&[], runner, columns, totals),
            Weights::Shared(weights) => {
                let weights = &weights[self.part.clone()];
                self.sum_by::<SHARED>(weights, runner, columns, totals);
                if self.sums_weights {
                    let (len, mut sum) = (weights.len(), Totals::default());
                    let rows =
                        Rows::<T, NONE> { values: weights, weights: &[], count: 1, len, stride: len, totals: &mut sum };
                    runner.run(rows);
                    totals.weights.resize(totals.products.len(), sum.products[0]);
                }
            }
            Weights::PerElement(weights) => self.sum_by::<PER_ELEMENT>(weights, runner, columns, totals),
        }
    }

    fn sum_by<const LAYOUT: u8>(
        &self,
        weights: &[T],
        runner: &impl Runner<T>,
        columns: &mut [ColumnSums; 2],
        totals: &mut Totals<T>,
    ) {
        let Input { view: AxisSplit { len, inner, .. }, values, .. } = self.input;
        let (width, part_len) = (self.inner.len(), self.part.len());
        // The values from an index on, and their weights where each has one. An empty array has no such index.
        let from = |start: usize| {
            let start = start.min(values.len());
            (&values[start..], if LAYOUT == PER_ELEMENT { &weights[start..] } else { weights })
        };
        if inner > 1 {
            for outer in self.outer.clone() {
                let start = (outer * len + self.part.start) * inner + self.inner.start;
                let (values, weights) = from(start);
                if width == inner && LANES.is_multiple_of(width) {
                    let values = &values[..part_len * width];
                    runner.run(NarrowColumns::<T, LAYOUT> { values, weights, width, totals });
                } else {
                    let (len, sums) = (part_len, &mut *columns);
                    runner.run(Columns::<T, LAYOUT> { values, weights, width, len, stride: inner, sums, totals });
                }
            }
            return;
        }
        let mut outer = self.outer.clone();
        if len == 8 && part_len == 8 {
            let (values, weights) = from(8 * outer.start);
            let values = &values[..8 * outer.len()];
            outer.start += runner.run(RowsOfEight::<T, LAYOUT> { values, weights, totals });
        }
        let (values, weights) = from(outer.start * len + self.part.start);
        runner.run(Rows::<T, LAYOUT> { values, weights, count: outer.len(), len: part_len, stride: len, totals });
    }
}
