//! The CPU engine's half. The array is cut into blocks of the axis and parts of the rows, by its shape alone; what the
//! parts come to is merged in their order.

use std::ops::Range;

use crate::element::Float;
use crate::engine::host::memory::HostBuffer;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::rows::lane_sums;
use crate::kernels::reduce::cpu::totals::LANES;
use crate::kernels::reduce::op::AxisSplit;
use crate::kernels::sum_over_rows::op::SumOverRows;
use crate::simd::{SimdKernel, Vector};

/// Elements that one task reads, at least.
const ELEMENTS_PER_TASK: usize = 32 << 10;
/// Indices along the axis whose sums the L1 cache holds.
const WIDEST_BLOCK: usize = 1 << 10;
/// So many blocks keep all cores busy without parts.
const ENOUGH_BLOCKS: usize = 64;
/// More parts than this save nothing.
const MOST_PARTS: usize = 32;
/// Rows that are added before a sum goes back to memory: one at a time, sums would move more bytes than values do.
const ROWS_AT_ONCE: usize = 4;

/// How an array is cut: indices along the axis to a block, rows to a part.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    block: usize,
    part: usize,
}

impl Cut {
    fn of(AxisSplit { outer, len, inner }: AxisSplit) -> Self {
        let rows = outer * inner;
        let block = (ELEMENTS_PER_TASK / inner.max(1)).clamp(1, WIDEST_BLOCK).min(len.max(1));
        let part = match len.div_ceil(block) >= ENOUGH_BLOCKS {
            true => rows,
            false => rows.div_ceil(MOST_PARTS).max(ELEMENTS_PER_TASK / block),
        };
        Self { block, part: part.max(1) }
    }
}

pub(crate) fn sum_over_rows<T: Float>(op: &SumOverRows) -> Result<()> {
    let (values, factors) = (op.values.host::<T>()?.snapshot(), op.factors.host::<T>()?.snapshot());
    let means = op.means.as_ref().map(|means| means.host::<T>().map(HostBuffer::snapshot)).transpose()?;
    let input = Input { view: op.view, values: &values, factors: &factors, means: means.as_deref() };
    let rows = op.view.outputs();
    let Cut { block, part } = Cut::of(op.view);
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(block).enumerate(), |(number, output)| {
            let along = number * block..number * block + output.len();
            let mut parts = Vec::from_iter((0..rows).step_by(part).map(|first| (first, Sums::default())));
            parallel_for(parts.iter_mut(), |(first, sums)| {
                sums.widen(along.len());
                let rows = *first..(*first + part).min(rows);
                T::vectorize(Region { input, along: along.clone(), rows, sums });
            });
            for (index, output) in output.iter_mut().enumerate() {
                let mut sum = Sum::<T>::default();
                parts.iter().for_each(|(_, part)| sum.merge(part.get::<T>(index)));
                *output = sum.round();
            }
        });
    })
}

/// A sum for each index along the axis: the rounded sum and its rounding errors, with room for a vector behind the
/// last.
#[derive(Default)]
struct Sums {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Sums {
    fn widen(&mut self, count: usize) {
        self.high = vec![0.0; count + LANES];
        self.low = vec![0.0; count + LANES];
    }

    #[inline(always)]
    fn get<T: Float>(&self, index: usize) -> Sum<T> {
        Sum::<T>::from_parts(self.high[index], self.low[index])
    }
}

#[derive(Clone, Copy)]
struct Input<'a, T> {
    view: AxisSplit,
    values: &'a [T],
    factors: &'a [T],
    means: Option<&'a [T]>,
}

/// Adds the rows of a task to its sums, which are zero.
struct Region<'a, T: Float> {
    input: Input<'a, T>,
    along: Range<usize>,
    rows: Range<usize>,
    sums: &'a mut Sums,
}

impl<T: Float> SimdKernel<T> for Region<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        if self.input.view.inner == 1 && self.along.len() < S::LANES {
            return self.few_side_by_side();
        }
        match (self.input.view.inner == 1, self.input.means) {
            (true, None) => self.side_by_side::<S, false>(simd, &[]),
            (true, Some(means)) => self.side_by_side::<S, true>(simd, means),
            (false, None) => self.along_rows::<S, false>(simd, &[]),
            (false, Some(means)) => self.along_rows::<S, true>(simd, means),
        }
    }
}

impl<T: Float> Region<'_, T> {
    /// The indices along the axis are neighbours in memory, and their sums too.
    #[inline(always)]
    fn side_by_side<S: Vector<T>, const HAS_MEANS: bool>(mut self, simd: S, means: &[T]) {
        let mut row = self.rows.start;
        while row + ROWS_AT_ONCE <= self.rows.end {
            self.add_rows::<S, HAS_MEANS, ROWS_AT_ONCE>(simd, means, row);
            row += ROWS_AT_ONCE;
        }
        for row in row..self.rows.end {
            self.add_rows::<S, HAS_MEANS, 1>(simd, means, row);
        }
    }

    /// The same of fewer indices than there are lanes.
    #[inline(always)]
    fn few_side_by_side(self) {
        let Self { input: Input { view, values, factors, means }, along, rows, sums } = self;
        let mut all = [Sum::<T>::default(); LANES];
        for row in rows {
            let factor = factors[row];
            let values = &values[row * view.len + along.start..row * view.len + along.end];
            let mean = match means {
                None => T::zero(),
                Some(means) => means[row],
            };
            for (sum, &value) in all.iter_mut().zip(values) {
                sum.add_product(factor, value - mean);
            }
        }
        for (index, sum) in all.into_iter().take(along.len()).enumerate() {
            (sums.high[index], sums.low[index]) = sum.into_parts();
        }
    }

    /// Adds some rows to the sums of all indices.
    #[inline(always)]
    fn add_rows<S: Vector<T>, const HAS_MEANS: bool, const N: usize>(&mut self, simd: S, means: &[T], first: usize) {
        let Self { input: Input { view, values, factors, .. }, along, sums, .. } = self;
        let (width, mut rows) = (along.len(), [&values[..0]; N]);
        let (mut of_rows, mut factors_of_rows) = ([simd.splat(T::zero()); N], [simd.splat_wide(T::zero()); N]);
        for k in 0..N {
            let start = (first + k) * view.len + along.start;
            rows[k] = &values[start..start + width];
            factors_of_rows[k] = simd.splat_wide(factors[first + k]);
            if HAS_MEANS {
                of_rows[k] = simd.splat(means[first + k]);
            }
        }
        let mut column = 0;
        // The last lanes may be those of no index; they are never looked at.
        while column < width {
            let mut sum = simd.load_sums(&sums.high[column..], &sums.low[column..]);
            for k in 0..N {
                let values = deviations::<T, S, HAS_MEANS>(simd, &rows[k][column..], of_rows[k]);
                sum = simd.accumulate_product(sum, factors_of_rows[k], values);
            }
            simd.store_sums(sum, &mut sums.high[column..], &mut sums.low[column..]);
            column += S::LANES;
        }
    }

    /// The rows are neighbours in memory, as far as the inner axes go.
    #[inline(always)]
    fn along_rows<S: Vector<T>, const HAS_MEANS: bool>(self, simd: S, means: &[T]) {
        let Self { input: Input { view: AxisSplit { len, inner, .. }, values, factors, .. }, along, rows, sums } = self;
        let mut row = rows.start;
        while row < rows.end {
            let (outer, column) = (row / inner, row % inner);
            let count = (inner - column).min(rows.end - row);
            let factors = &factors[row..row + count];
            let means = if HAS_MEANS { &means[row..row + count] } else { means };
            for (number, index) in along.clone().enumerate() {
                let first = (outer * len + index) * inner + column;
                let mut sum = sums.get::<T>(number);
                sum.merge(sum_of_row::<T, S, HAS_MEANS>(simd, factors, &values[first..first + count], means));
                (sums.high[number], sums.low[number]) = sum.into_parts();
            }
            row += count;
        }
    }
}

/// A vector of values from the first on, less their mean. Where there are no more, anything.
#[inline(always)]
fn deviations<T: Float, S: Vector<T>, const HAS_MEANS: bool>(simd: S, values: &[T], mean: S::V) -> S::Wide {
    if values.len() < S::LANES {
        let mut last = [T::zero(); LANES];
        last[..values.len()].copy_from_slice(values);
        return difference::<T, S, HAS_MEANS>(simd, &last, mean);
    }
    difference::<T, S, HAS_MEANS>(simd, values, mean)
}

#[inline(always)]
fn difference<T: Float, S: Vector<T>, const HAS_MEANS: bool>(simd: S, values: &[T], means: S::V) -> S::Wide {
    if !HAS_MEANS {
        return simd.load_wide(values);
    }
    let mut differences = [T::zero(); LANES];
    simd.store(&mut differences, simd.sub(simd.load(values), means));
    simd.load_wide(&differences)
}

/// The sum of the products of contiguous values.
#[inline(always)]
fn sum_of_row<T: Float, S: Vector<T>, const HAS_MEANS: bool>(
    simd: S,
    factors: &[T],
    values: &[T],
    means: &[T],
) -> Sum<T> {
    let whole = values.len() / LANES * LANES;
    let mut sum = Sum::<T>::default();
    for index in whole..values.len() {
        sum.add_product(factors[index], if HAS_MEANS { values[index] - means[index] } else { values[index] });
    }
    if whole == 0 {
        return sum;
    }
    let mut block = simd.zero_block();
    for first in (0..whole).step_by(LANES) {
        for vector in 0..LANES / S::LANES {
            let at = first + vector * S::LANES;
            let means = if HAS_MEANS { simd.load(&means[at..]) } else { simd.splat(T::zero()) };
            let values = difference::<T, S, HAS_MEANS>(simd, &values[at..], means);
            let lanes = &mut block.as_mut()[vector];
            *lanes = simd.accumulate_product(*lanes, simd.load_wide(&factors[at..]), values);
        }
    }
    for &lane in &lane_sums::<T, S>(simd, &block) {
        sum.merge(lane);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_cut_by_their_shapes() {
        let of = |outer, len, inner| Cut::of(AxisSplit { outer, len, inner });
        assert_eq!(of(1000, 1000, 1), Cut { block: 1000, part: 32 });
        assert_eq!(of(1_000_000, 3, 1), Cut { block: 3, part: 31_250 });
        assert_eq!(of(100, 1_000_000, 1), Cut { block: 1024, part: 100 });
        assert_eq!(of(0, 5, 0), Cut { block: 5, part: 6553 });
        assert_eq!(of(1, 2, 1_000_000), Cut { block: 1, part: 32_768 });
    }

    /// The sums of a region, for every instruction set.
    #[derive(Clone, Copy)]
    struct Rounded<'a, T>(Input<'a, T>);

    impl<T: Float> SimdKernel<T> for Rounded<'_, T> {
        type Output = Vec<T>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
            let view = self.0.view;
            let mut sums = Sums::default();
            sums.widen(view.len);
            Region { input: self.0, along: 0..view.len, rows: 0..view.outputs(), sums: &mut sums }.run(simd);
            (0..view.len).map(|index| sums.get::<T>(index).round()).collect()
        }
    }

    fn agrees<T: Float>() {
        for (outer, len, inner) in [(1, 1, 1), (19, 33, 1), (7, 3, 5), (2, 5, 67), (1, 2, 1001)] {
            let number = |i: usize| T::narrow(((i * 7919) % 1013) as f64 * 0.01 - 4.0);
            let values: Vec<T> = (0..outer * len * inner).map(number).collect();
            let factors: Vec<T> = (3..outer * inner + 3).map(number).collect();
            let means: Vec<T> = (5..outer * inner + 5).map(number).collect();
            for means in [None, Some(&means[..])] {
                let view = AxisSplit { outer, len, inner };
                let all = T::with_every_isa(Rounded(Input { view, values: &values, factors: &factors, means }));
                for (index, sum) in all[0].1.iter().enumerate() {
                    let terms = (0..outer * inner).map(|row| {
                        let value = values[(row / inner * len + index) * inner + row % inner].widen();
                        factors[row].widen() * (value - means.map_or(0.0, |means| means[row].widen()))
                    });
                    assert!((sum.widen() - terms.sum::<f64>()).abs() < 1e-3, "{view:?}, {index}");
                }
                assert!(all.iter().all(|(_, sums)| *sums == all[0].1), "{view:?}: the sets differ");
            }
        }
    }

    #[test]
    fn every_instruction_set_computes_the_same_sums() {
        agrees::<f32>();
        agrees::<f64>();
    }
}
