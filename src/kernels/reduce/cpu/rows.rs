//! Kernels that sum contiguous rows, in sixteen partial sums on every instruction set, so that results do not depend on
//! it. Each weight layout is a kernel of its own, small enough for its sums to stay in registers.

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::totals::{LANES, NONE, PER_ELEMENT, SHARED, Totals};
use crate::simd::{SimdKernel, Vector, Weights8};

/// Rows that are summed together unless each value has a weight of its own. Shared weights are loaded and widened once
/// for all of them, and several rows are fetched from memory faster than one.
pub(crate) const ROWS_AT_ONCE: usize = 4;

/// Sums of rows that begin a stride apart.
pub(crate) struct Rows<'a, T: Float, const LAYOUT: u8> {
    pub values: &'a [T],
    /// Those of one row, or of all values.
    pub weights: &'a [T],
    pub count: usize,
    pub len: usize,
    /// From the first value of a row to that of the next.
    pub stride: usize,
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const LAYOUT: u8> SimdKernel<T> for Rows<'_, T, LAYOUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(mut self, simd: S) {
        let mut first = 0;
        if LAYOUT != PER_ELEMENT {
            // Half of the registers are for the sums, the other half for values, weights and what is in between.
            let registers_of_sums = ROWS_AT_ONCE * size_of::<S::SumBlock>() / size_of::<S::V>();
            while first + ROWS_AT_ONCE <= self.count && 2 * registers_of_sums <= S::REGISTERS {
                self.sum::<S, ROWS_AT_ONCE>(simd, first);
                first += ROWS_AT_ONCE;
            }
            while first + 2 <= self.count {
                self.sum::<S, 2>(simd, first);
                first += 2;
            }
        }
        for row in first..self.count {
            self.sum::<S, 1>(simd, row);
        }
    }
}

impl<T: Float, const LAYOUT: u8> Rows<'_, T, LAYOUT> {
    /// Some rows at once.
    #[inline(always)]
    fn sum<S: Vector<T>, const N: usize>(&mut self, simd: S, first: usize) {
        let (mut values, mut weights): ([&[T]; N], [&[T]; N]) = ([&[]; N], [&[]; N]);
        for row in 0..N {
            let start = (first + row) * self.stride;
            values[row] = &self.values[start..start + self.len];
            weights[row] = match LAYOUT {
                PER_ELEMENT => &self.weights[start..start + self.len],
                SHARED => &self.weights[..self.len],
                _ => &[],
            };
        }
        let [products, weights] = sum_rows::<T, S, N, LAYOUT>(simd, values, weights);
        self.totals.products.extend(products);
        if LAYOUT == PER_ELEMENT {
            self.totals.weights.extend(weights);
        }
    }
}

/// The sums of rows of the same length, and those of their weights where each value has one.
#[inline(always)]
fn sum_rows<T: Float, S: Vector<T>, const N: usize, const LAYOUT: u8>(
    simd: S,
    values: [&[T]; N],
    weights: [&[T]; N],
) -> [[Sum<T>; N]; 2] {
    let len = values.first().map_or(0, |values| values.len());
    let mut sums = [[simd.zero_block(); N]; 2];
    let mut at = 0;
    while at + LANES <= len {
        for vector in 0..LANES / S::LANES {
            let at = at + vector * S::LANES;
            add_vector::<T, S, N, LAYOUT, true>(simd, &values, &weights, at, vector, &mut sums);
        }
        at += LANES;
    }
    for vector in 0..LANES / S::LANES {
        let at = at + vector * S::LANES;
        if at + S::LANES <= len {
            add_vector::<T, S, N, LAYOUT, true>(simd, &values, &weights, at, vector, &mut sums);
        } else if at < len {
            add_vector::<T, S, N, LAYOUT, false>(simd, &values, &weights, at, vector, &mut sums);
        }
    }
    let mut totals = [[Sum::<T>::default(); N]; 2];
    for row in 0..N {
        totals[0][row] = sum_lanes(lane_sums(simd, &sums[0][row]));
        if LAYOUT == PER_ELEMENT {
            totals[1][row] = sum_lanes(lane_sums(simd, &sums[1][row]));
        }
    }
    totals
}

#[inline(always)]
fn add_vector<T: Float, S: Vector<T>, const N: usize, const LAYOUT: u8, const IS_WHOLE: bool>(
    simd: S,
    values: &[&[T]; N],
    weights: &[&[T]; N],
    at: usize,
    vector: usize,
    [products, weight_sums]: &mut [[S::SumBlock; N]; 2],
) {
    let mut factors = simd.splat_wide(T::one());
    for row in 0..N {
        let values = load::<T, S, IS_WHOLE>(simd, values[row], at);
        let product = &mut products[row].as_mut()[vector];
        if LAYOUT == NONE {
            *product = simd.accumulate(*product, values);
            continue;
        }
        if LAYOUT == PER_ELEMENT || row == 0 {
            factors = load::<T, S, IS_WHOLE>(simd, weights[row], at);
        }
        *product = simd.accumulate_product(*product, factors, values);
        if LAYOUT == PER_ELEMENT {
            let sum = &mut weight_sums[row].as_mut()[vector];
            *sum = simd.accumulate(*sum, factors);
        }
    }
}

/// Sums of consecutive rows of eight, one row a lane, so that no partial sums have to be merged.
pub(crate) struct RowsOfEight<'a, T: Float, const LAYOUT: u8> {
    /// A multiple of as many rows as there are lanes is summed; the rest is left to [`Rows`].
    pub values: &'a [T],
    /// Those of one row, or of all values.
    pub weights: &'a [T],
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const LAYOUT: u8> SimdKernel<T> for RowsOfEight<'_, T, LAYOUT> {
    /// The number of rows that were summed.
    type Output = usize;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> usize {
        let mut twice = [T::zero(); 16];
        for (twice, &weight) in twice.iter_mut().zip(self.weights.iter().cycle()) {
            *twice = weight;
        }
        let (rows, step) = (self.values.len() / 8, 8 * S::LANES);
        for (number, values) in self.values.chunks_exact(step).enumerate() {
            let weights = match LAYOUT {
                NONE => Weights8::None,
                SHARED => Weights8::Shared(&twice),
                _ => Weights8::PerElement(&self.weights[number * step..][..step]),
            };
            let [products, weights] = simd.sum_rows8(values, weights);
            push(simd, products, &mut self.totals.products);
            if LAYOUT == PER_ELEMENT {
                push(simd, weights, &mut self.totals.weights);
            }
        }
        rows / S::LANES * S::LANES
    }
}

/// A vector of values from an index on, or what is left of one.
#[inline(always)]
pub(crate) fn load<T: Float, S: Vector<T>, const IS_WHOLE: bool>(simd: S, values: &[T], from: usize) -> S::Wide {
    if IS_WHOLE { simd.load_wide(&values[from..from + S::LANES]) } else { simd.load_wide_partial(&values[from..]) }
}

/// Appends the sum of each lane.
#[inline(always)]
fn push<T: Float, S: Vector<T>>(simd: S, sums: S::Sums, to: &mut Vec<Sum<T>>) {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    simd.store_sums(sums, &mut high, &mut low);
    to.extend(high.iter().zip(&low).take(S::LANES).map(|(&high, &low)| Sum::<T>::from_parts(high, low)));
}

/// The sums of a block.
#[inline(always)]
pub(crate) fn lane_sums<T: Float, S: Vector<T>>(simd: S, sums: &S::SumBlock) -> [Sum<T>; LANES] {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    for (vector, &sums) in sums.as_ref().iter().enumerate() {
        let first = vector * S::LANES;
        simd.store_sums(sums, &mut high[first..], &mut low[first..]);
    }
    let mut lanes = [Sum::<T>::default(); LANES];
    for (lane, (&high, &low)) in lanes.iter_mut().zip(high.iter().zip(&low)) {
        *lane = Sum::<T>::from_parts(high, low);
    }
    lanes
}

/// The sum of all lanes: the upper half is added to the lower, again and again, so that additions run side by side.
#[inline(always)]
fn sum_lanes<A: Accumulate<T>, T: Float>(of_lanes: [A; LANES]) -> A {
    let mut lanes = of_lanes;
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            let other = lanes[lane + half];
            lanes[lane].merge(other);
        }
    }
    if lanes[0].round().is_nan() { sum_lanes_in_order(of_lanes) } else { lanes[0] }
}

/// The sum of all lanes in order. Large values of both signs cancel as they do in a plain sum, where adding halves may
/// give infinities of both signs, and their sum is NaN.
#[cold]
fn sum_lanes_in_order<A: Accumulate<T>, T: Float>(lanes: [A; LANES]) -> A {
    let [mut sum, others @ ..] = lanes;
    others.into_iter().for_each(|lane| sum.merge(lane));
    sum
}
