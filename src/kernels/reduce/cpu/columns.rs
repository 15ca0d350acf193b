//! Kernels that sum neighbouring columns: several indices are added to a vector of sums before it goes back to memory.
//! Each weight layout is a kernel of its own, small enough for its sums to stay in registers.

use crate::element::Float;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::rows::{lane_sums, load};
use crate::kernels::reduce::cpu::totals::{LANES, NONE, PER_ELEMENT, SHARED, Totals};
use crate::simd::{SimdKernel, Vector};

/// Indices that are added before a sum goes back to memory: one at a time, sums would move more bytes than values do.
pub(crate) const INDICES_AT_ONCE: usize = 8;
/// Likewise for the last few.
const FEW_INDICES: usize = 4;
/// Narrow columns: blocks of sixteen values whose weights are expanded together. Loading a vector right after its
/// elements were stored one by one would wait for the stores.
const EXPANDED_BLOCKS: usize = 32;

/// Sums of columns. The values of an index are contiguous, a stride from those of the next.
pub(crate) struct Columns<'a, T: Float, const LAYOUT: u8> {
    pub values: &'a [T],
    /// One for each index, or for each value.
    pub weights: &'a [T],
    pub width: usize,
    pub len: usize,
    /// From the values of an index to those of the next.
    pub stride: usize,
    /// Sums of products and of weights between two passes.
    pub sums: &'a mut [ColumnSums; 2],
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const LAYOUT: u8> SimdKernel<T> for Columns<'_, T, LAYOUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(mut self, simd: S) {
        for sums in self.sums.iter_mut() {
            sums.widen(self.width);
        }
        let mut first = 0;
        while first + INDICES_AT_ONCE <= self.len {
            self.add::<S, INDICES_AT_ONCE>(simd, first);
            first += INDICES_AT_ONCE;
        }
        while first + FEW_INDICES <= self.len {
            self.add::<S, FEW_INDICES>(simd, first);
            first += FEW_INDICES;
        }
        for index in first..self.len {
            self.add::<S, 1>(simd, index);
        }
        let Self { width, len, totals, sums: [products, weights], .. } = self;
        products.push_to(&mut totals.products, width, len);
        if LAYOUT == PER_ELEMENT {
            weights.push_to(&mut totals.weights, width, len);
        }
    }
}

impl<T: Float, const LAYOUT: u8> Columns<'_, T, LAYOUT> {
    /// Adds the values of some indices to the sums of all columns.
    #[inline(always)]
    fn add<S: Vector<T>, const N: usize>(&mut self, simd: S, first: usize) {
        let (mut values, mut weights): ([&[T]; N], [&[T]; N]) = ([&[]; N], [&[]; N]);
        let mut factors = [simd.splat_wide(T::one()); N];
        for k in 0..N {
            let at = (first + k) * self.stride;
            values[k] = &self.values[at..at + self.width];
            match LAYOUT {
                SHARED => factors[k] = simd.splat_wide(self.weights[first + k]),
                PER_ELEMENT => weights[k] = &self.weights[at..at + self.width],
                _ => {}
            }
        }
        let indices = Indices { values, weights, factors, is_first: first == 0 };
        let mut column = 0;
        while column + S::LANES <= self.width {
            indices.add_to::<S, LAYOUT, true>(simd, column, self.sums);
            column += S::LANES;
        }
        if column < self.width {
            indices.add_to::<S, LAYOUT, false>(simd, column, self.sums);
        }
    }
}

/// The values of consecutive indices, to be added to the sums of their columns.
struct Indices<'a, T, W, const N: usize> {
    values: [&'a [T]; N],
    weights: [&'a [T]; N],
    factors: [W; N],
    /// There are no sums yet.
    is_first: bool,
}

impl<T: Float, W: Copy, const N: usize> Indices<'_, T, W, N> {
    /// Adds to a vector of columns. Lanes without a column are never read.
    #[inline(always)]
    fn add_to<S: Vector<T, Wide = W>, const LAYOUT: u8, const IS_WHOLE: bool>(
        &self,
        simd: S,
        column: usize,
        [products, weight_sums]: &mut [ColumnSums; 2],
    ) {
        let mut sums = if self.is_first { simd.zero_sums() } else { products.load(simd, column) };
        let mut added = sums;
        if LAYOUT == PER_ELEMENT && !self.is_first {
            added = weight_sums.load(simd, column);
        }
        for k in 0..N {
            let values = load::<T, S, IS_WHOLE>(simd, self.values[k], column);
            match LAYOUT {
                NONE => sums = simd.accumulate(sums, values),
                SHARED => sums = simd.accumulate_product(sums, self.factors[k], values),
                _ => {
                    let weights = load::<T, S, IS_WHOLE>(simd, self.weights[k], column);
                    sums = simd.accumulate_product(sums, weights, values);
                    added = simd.accumulate(added, weights);
                }
            }
        }
        products.store(simd, column, sums);
        if LAYOUT == PER_ELEMENT {
            weight_sums.store(simd, column, added);
        }
    }
}

/// The sums of columns between two passes, with room for the lanes beyond the last column.
#[derive(Default)]
pub(crate) struct ColumnSums {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl ColumnSums {
    fn widen(&mut self, width: usize) {
        if self.high.len() < width + LANES {
            self.high = vec![0.0; width + LANES];
            self.low = vec![0.0; width + LANES];
        }
    }

    #[inline(always)]
    fn load<T: Float, S: Vector<T>>(&self, simd: S, column: usize) -> S::Sums {
        simd.load_sums(&self.high[column..], &self.low[column..])
    }

    #[inline(always)]
    fn store<T: Float, S: Vector<T>>(&mut self, simd: S, column: usize, sums: S::Sums) {
        simd.store_sums(sums, &mut self.high[column..], &mut self.low[column..]);
    }

    /// Appends the sums to others. Without values nothing was stored.
    #[inline(always)]
    fn push_to<A: Accumulate<T>, T>(&self, sums: &mut Vec<A>, width: usize, len: usize) {
        if len == 0 {
            return sums.resize(sums.len() + width, A::default());
        }
        sums.extend(self.high.iter().zip(&self.low).take(width).map(|(&high, &low)| A::from_parts(high, low)));
    }
}

/// Sums of columns so narrow that sixteen lanes hold several indices: values are added as they lie.
pub(crate) struct NarrowColumns<'a, T: Float, const LAYOUT: u8> {
    pub values: &'a [T],
    /// One for each index, or for each value.
    pub weights: &'a [T],
    pub width: usize,
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const LAYOUT: u8> SimdKernel<T> for NarrowColumns<'_, T, LAYOUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { values, weights, width, totals } = self;
        let mut sums = [simd.zero_block(); 2];
        let mut expanded = [T::zero(); LANES * EXPANDED_BLOCKS];
        let (mut last_values, mut last_weights) = ([T::zero(); LANES], [T::zero(); LANES]);
        for (number, block) in values.chunks(LANES * EXPANDED_BLOCKS).enumerate() {
            let start = number * LANES * EXPANDED_BLOCKS;
            if LAYOUT == SHARED && width == 8 && block.len().is_multiple_of(LANES) {
                sums[0] = add_two_indices(simd, block, &weights[start / width..], sums[0]);
                continue;
            }
            let weights = match LAYOUT {
                SHARED => {
                    for (lanes, &weight) in expanded.chunks_exact_mut(width).zip(&weights[start / width..]) {
                        lanes.fill(weight);
                    }
                    &expanded[..block.len()]
                }
                PER_ELEMENT => &weights[start..start + block.len()],
                _ => block,
            };
            let whole = block.len() / LANES * LANES;
            sums = add_lanes::<T, S, LAYOUT>(simd, &block[..whole], &weights[..whole], sums);
            if whole < block.len() {
                last_values[..block.len() - whole].copy_from_slice(&block[whole..]);
                last_weights[..block.len() - whole].copy_from_slice(&weights[whole..]);
                sums = add_lanes::<T, S, LAYOUT>(simd, &last_values, &last_weights, sums);
            }
        }
        let [products, weight_sums] = sums;
        merge_lanes(&lane_sums(simd, &products), width, &mut totals.products);
        if LAYOUT == PER_ELEMENT {
            merge_lanes(&lane_sums(simd, &weight_sums), width, &mut totals.weights);
        }
    }
}

/// The same for eight columns with shared weights, of which a block has two: they need not be expanded.
#[inline(always)]
fn add_two_indices<T: Float, S: Vector<T>>(
    simd: S,
    values: &[T],
    weights: &[T],
    mut products: S::SumBlock,
) -> S::SumBlock {
    for (values, weights) in values.chunks_exact(LANES).zip(weights.chunks_exact(2)) {
        for vector in 0..LANES / S::LANES {
            let at = vector * S::LANES;
            let factors = if S::LANES == LANES {
                simd.splat_wide_halves(weights[0], weights[1])
            } else {
                simd.splat_wide(weights[at / 8])
            };
            let product = &mut products.as_mut()[vector];
            *product = simd.accumulate_product(*product, factors, load::<T, S, true>(simd, values, at));
        }
    }
    products
}

/// Adds blocks of sixteen values, each to the sum of its lane.
#[inline(always)]
fn add_lanes<T: Float, S: Vector<T>, const LAYOUT: u8>(
    simd: S,
    values: &[T],
    weights: &[T],
    [mut products, mut weight_sums]: [S::SumBlock; 2],
) -> [S::SumBlock; 2] {
    let mut at = 0;
    while at + LANES <= values.len() {
        for vector in 0..LANES / S::LANES {
            let at = at + vector * S::LANES;
            let values = load::<T, S, true>(simd, values, at);
            let product = &mut products.as_mut()[vector];
            if LAYOUT == NONE {
                *product = simd.accumulate(*product, values);
                continue;
            }
            let weights = load::<T, S, true>(simd, weights, at);
            *product = simd.accumulate_product(*product, weights, values);
            if LAYOUT == PER_ELEMENT {
                let sum = &mut weight_sums.as_mut()[vector];
                *sum = simd.accumulate(*sum, weights);
            }
        }
        at += LANES;
    }
    [products, weight_sums]
}

/// The sums of columns of which sixteen lanes hold several indices.
#[inline(always)]
fn merge_lanes<A: Accumulate<T>, T>(lanes: &[A; LANES], width: usize, to: &mut Vec<A>) {
    for column in 0..width {
        let mut total = lanes[column];
        lanes.iter().skip(column + width).step_by(width).for_each(|&lane| total.merge(lane));
        to.push(total);
    }
}
