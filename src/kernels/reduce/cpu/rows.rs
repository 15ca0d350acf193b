//! Sums along rows: sixteen side by side, whatever the processor, so that results do not depend on it. Each kind of weights
//! is a kernel of its own, small enough for its sums to stay in registers.

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::sums::{LANES, Totals};
use crate::simd::{Eights, Kernel, Vector};

/// Nothing is multiplied.
pub(crate) const NONE: u8 = 0;
/// All rows have the same weights, or all columns.
pub(crate) const ALIKE: u8 = 1;
/// Every value has a weight of its own.
pub(crate) const OWN: u8 = 2;

/// Rows that are taken in at once unless each has weights of its own. Weights that they share are loaded and widened for all
/// of them: from the second cache 25 to 30 GB/s instead of 20 to 23. And so many rows at once are fetched faster: plain sums
/// of 1e4 rows of 1,000 f64 in memory take 4.4 to 5.1 ms instead of 5.7 to 6.1.
pub(crate) const ROWS: usize = 4;

/// Rows that begin some distance apart.
pub(crate) struct Rows<'a, T: Float, const KIND: u8> {
    pub values: &'a [T],
    /// Of one row, or of all values.
    pub weights: &'a [T],
    pub count: usize,
    pub len: usize,
    /// From the beginning of a row to that of the next.
    pub stride: usize,
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const KIND: u8> Kernel<T> for Rows<'_, T, KIND> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(mut self, simd: S) {
        let mut first = 0;
        // As many as there are registers for their sums.
        if KIND != OWN {
            while first + ROWS <= self.count && S::LANES * size_of::<T>() == 64 {
                self.some::<S, ROWS>(simd, first);
                first += ROWS;
            }
            while first + 2 <= self.count {
                self.some::<S, 2>(simd, first);
                first += 2;
            }
        }
        for row in first..self.count {
            self.some::<S, 1>(simd, row);
        }
    }
}

impl<T: Float, const KIND: u8> Rows<'_, T, KIND> {
    #[inline(always)]
    fn some<S: Vector<T>, const N: usize>(&mut self, simd: S, first: usize) {
        let (mut values, mut weights): ([&[T]; N], [&[T]; N]) = ([&[]; N], [&[]; N]);
        for row in 0..N {
            let start = (first + row) * self.stride;
            values[row] = &self.values[start..start + self.len];
            weights[row] = match KIND {
                OWN => &self.weights[start..start + self.len],
                ALIKE => &self.weights[..self.len],
                _ => &[],
            };
        }
        let [products, weights] = add::<T, S, N, KIND>(simd, values, weights);
        self.totals.products.extend(products);
        if KIND == OWN {
            self.totals.weights.extend(weights);
        }
    }
}

/// The sums of rows of the same length, and, where they have weights of their own, of those.
#[inline(always)]
fn add<T: Float, S: Vector<T>, const N: usize, const KIND: u8>(
    simd: S,
    values: [&[T]; N],
    weights: [&[T]; N],
) -> [[Sum<T>; N]; 2] {
    let len = values.first().map_or(0, |values| values.len());
    let mut sums = [[simd.no_sixteen(); N]; 2];
    let mut at = 0;
    while at + LANES <= len {
        for vector in 0..LANES / S::LANES {
            let at = at + vector * S::LANES;
            add_vector::<T, S, N, KIND, true>(simd, &values, &weights, at, vector, &mut sums);
        }
        at += LANES;
    }
    for vector in 0..LANES / S::LANES {
        let at = at + vector * S::LANES;
        if at + S::LANES <= len {
            add_vector::<T, S, N, KIND, true>(simd, &values, &weights, at, vector, &mut sums);
        } else if at < len {
            add_vector::<T, S, N, KIND, false>(simd, &values, &weights, at, vector, &mut sums);
        }
    }
    let mut totals = [[Sum::<T>::default(); N]; 2];
    for row in 0..N {
        totals[0][row] = in_halves(lanes_of(simd, &sums[0][row]));
        if KIND == OWN {
            totals[1][row] = in_halves(lanes_of(simd, &sums[1][row]));
        }
    }
    totals
}

#[inline(always)]
fn add_vector<T: Float, S: Vector<T>, const N: usize, const KIND: u8, const IS_WHOLE: bool>(
    simd: S,
    values: &[&[T]; N],
    weights: &[&[T]; N],
    at: usize,
    vector: usize,
    [products, sums_of_weights]: &mut [[S::Sixteen; N]; 2],
) {
    let mut factors = simd.splat_wide(T::one());
    for row in 0..N {
        let values = load::<T, S, IS_WHOLE>(simd, values[row], at);
        let product = &mut products[row].as_mut()[vector];
        if KIND == NONE {
            *product = simd.add_to(*product, values);
            continue;
        }
        if KIND == OWN || row == 0 {
            factors = load::<T, S, IS_WHOLE>(simd, weights[row], at);
        }
        *product = simd.add_product_to(*product, factors, values);
        if KIND == OWN {
            let sum = &mut sums_of_weights[row].as_mut()[vector];
            *sum = simd.add_to(*sum, factors);
        }
    }
}

/// Rows of eight, one after the other: as many at once as there are lanes, so that a row is a lane and nothing is merged.
pub(crate) struct RowsOfEight<'a, T: Float, const KIND: u8> {
    /// As many as there are lanes, or a multiple of it; what is left over is not taken in.
    pub values: &'a [T],
    /// Of one row, or of all values.
    pub weights: &'a [T],
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const KIND: u8> Kernel<T> for RowsOfEight<'_, T, KIND> {
    /// How many rows were taken in.
    type Output = usize;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> usize {
        let mut twice = [T::zero(); 16];
        for (twice, &weight) in twice.iter_mut().zip(self.weights.iter().cycle()) {
            *twice = weight;
        }
        let (rows, step) = (self.values.len() / 8, 8 * S::LANES);
        for (number, values) in self.values.chunks_exact(step).enumerate() {
            let weights = match KIND {
                NONE => Eights::None,
                ALIKE => Eights::Alike(&twice),
                _ => Eights::Own(&self.weights[number * step..][..step]),
            };
            let [products, weights] = simd.rows_of_eight(values, weights);
            push(simd, products, &mut self.totals.products);
            if KIND == OWN {
                push(simd, weights, &mut self.totals.weights);
            }
        }
        rows / S::LANES * S::LANES
    }
}

/// A vector from some place on, or what there is of one.
#[inline(always)]
pub(crate) fn load<T: Float, S: Vector<T>, const IS_WHOLE: bool>(simd: S, values: &[T], from: usize) -> S::Wide {
    if IS_WHOLE { simd.load_wide(&values[from..from + S::LANES]) } else { simd.load_part(&values[from..]) }
}

/// A sum for each lane of a vector.
#[inline(always)]
fn push<T: Float, S: Vector<T>>(simd: S, sums: S::Sums, to: &mut Vec<Sum<T>>) {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    simd.store_sums(sums, &mut high, &mut low);
    to.extend(high.iter().zip(&low).take(S::LANES).map(|(&high, &low)| Sum::<T>::of_parts(high, low)));
}

/// The sums of sixteen lanes.
#[inline(always)]
pub(crate) fn lanes_of<T: Float, S: Vector<T>>(simd: S, sums: &S::Sixteen) -> [Sum<T>; LANES] {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    for (vector, &sums) in sums.as_ref().iter().enumerate() {
        let first = vector * S::LANES;
        simd.store_sums(sums, &mut high[first..], &mut low[first..]);
    }
    let mut lanes = [Sum::<T>::default(); LANES];
    for (lane, (&high, &low)) in lanes.iter_mut().zip(high.iter().zip(&low)) {
        *lane = Sum::<T>::of_parts(high, low);
    }
    lanes
}

/// The sum of the sums in all lanes: the upper half onto the lower, and again, so that several are added at once.
#[inline(always)]
fn in_halves<A: Accumulate<T>, T: Float>(of_lanes: [A; LANES]) -> A {
    let mut lanes = of_lanes;
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            let other = lanes[lane + half];
            lanes[lane].merge(other);
        }
    }
    if lanes[0].round().is_nan() { in_turn(of_lanes) } else { lanes[0] }
}

/// One lane after the other: large values of both signs, which halves may bring to infinities that have no sum, cancel here
/// as they would in a plain sum.
#[cold]
fn in_turn<A: Accumulate<T>, T: Float>(lanes: [A; LANES]) -> A {
    let [mut sum, others @ ..] = lanes;
    others.into_iter().for_each(|lane| sum.merge(lane));
    sum
}
