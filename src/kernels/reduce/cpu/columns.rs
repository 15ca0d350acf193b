//! Sums down columns that lie side by side: several places are added to a vector of sums before it goes back to memory.
//! Each kind of weights is a kernel of its own, small enough for what it holds to stay in registers.

use crate::element::Float;
use crate::float::accumulator::Accumulate;
use crate::kernels::reduce::cpu::rows::{ALIKE, NONE, OWN, lanes_of, load};
use crate::kernels::reduce::cpu::sums::{LANES, Totals};
use crate::simd::{Kernel, Vector};

/// Places that are added before a sum goes back to memory: with 1 the sums move more bytes than the values.
pub(crate) const PLACES: usize = 8;
/// Of what is left after that so many are added together.
const FEW_PLACES: usize = 4;
/// Where several places fit into sixteen lanes: the weights of so many times sixteen values are laid out at once. Loading
/// them right after they were written number by number would wait for the writes.
const LAID_OUT: usize = 32;

/// Columns of which a place is a stretch of memory, some distance from the next.
pub(crate) struct Columns<'a, T: Float, const KIND: u8> {
    pub values: &'a [T],
    /// One for each place, or for each value.
    pub weights: &'a [T],
    pub width: usize,
    pub places: usize,
    /// From a place to the next.
    pub stride: usize,
    pub held: &'a mut [Held; 2],
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const KIND: u8> Kernel<T> for Columns<'_, T, KIND> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(mut self, simd: S) {
        self.held.iter_mut().for_each(|held| held.widen(self.width));
        let mut first = 0;
        while first + PLACES <= self.places {
            self.add::<S, PLACES>(simd, first);
            first += PLACES;
        }
        while first + FEW_PLACES <= self.places {
            self.add::<S, FEW_PLACES>(simd, first);
            first += FEW_PLACES;
        }
        for place in first..self.places {
            self.add::<S, 1>(simd, place);
        }
        let Self { width, places, totals, held: [products, weights], .. } = self;
        products.push_to(&mut totals.products, width, places);
        if KIND == OWN {
            weights.push_to(&mut totals.weights, width, places);
        }
    }
}

impl<T: Float, const KIND: u8> Columns<'_, T, KIND> {
    /// Adds some places to the sums of all columns.
    #[inline(always)]
    fn add<S: Vector<T>, const N: usize>(&mut self, simd: S, first: usize) {
        let (mut values, mut weights): ([&[T]; N], [&[T]; N]) = ([&[]; N], [&[]; N]);
        let mut factors = [simd.splat_wide(T::one()); N];
        for place in 0..N {
            let at = (first + place) * self.stride;
            values[place] = &self.values[at..at + self.width];
            match KIND {
                ALIKE => factors[place] = simd.splat_wide(self.weights[first + place]),
                OWN => weights[place] = &self.weights[at..at + self.width],
                _ => {}
            }
        }
        let places = Places { values, weights, factors, is_first: first == 0 };
        let mut column = 0;
        while column + S::LANES <= self.width {
            places.add_to::<S, KIND, true>(simd, column, self.held);
            column += S::LANES;
        }
        if column < self.width {
            places.add_to::<S, KIND, false>(simd, column, self.held);
        }
    }
}

/// Neighbouring places, to be added to the sums of their columns.
struct Places<'a, T, W, const N: usize> {
    values: [&'a [T]; N],
    weights: [&'a [T]; N],
    factors: [W; N],
    /// Nothing was added before.
    is_first: bool,
}

impl<T: Float, W: Copy, const N: usize> Places<'_, T, W, N> {
    /// A vector of columns. What lanes without a column hold means nothing.
    #[inline(always)]
    fn add_to<S: Vector<T, Wide = W>, const KIND: u8, const IS_WHOLE: bool>(
        &self,
        simd: S,
        column: usize,
        [products, sums_of_weights]: &mut [Held; 2],
    ) {
        let mut sums = if self.is_first { simd.no_sums() } else { products.load(simd, column) };
        let mut added = sums;
        if KIND == OWN && !self.is_first {
            added = sums_of_weights.load(simd, column);
        }
        for place in 0..N {
            let values = load::<T, S, IS_WHOLE>(simd, self.values[place], column);
            match KIND {
                NONE => sums = simd.add_to(sums, values),
                ALIKE => sums = simd.add_product_to(sums, self.factors[place], values),
                _ => {
                    let weights = load::<T, S, IS_WHOLE>(simd, self.weights[place], column);
                    sums = simd.add_product_to(sums, weights, values);
                    added = simd.add_to(added, weights);
                }
            }
        }
        products.store(simd, column, sums);
        if KIND == OWN {
            sums_of_weights.store(simd, column, added);
        }
    }
}

/// Sums of columns between one visit and the next, with room for the lanes beyond the last column.
#[derive(Default)]
pub(crate) struct Held {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Held {
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

    /// Nothing was stored where there were no places.
    #[inline(always)]
    fn push_to<A: Accumulate<T>, T>(&self, sums: &mut Vec<A>, width: usize, places: usize) {
        if places == 0 {
            return sums.resize(sums.len() + width, A::default());
        }
        sums.extend(self.high.iter().zip(&self.low).take(width).map(|(&high, &low)| A::of_parts(high, low)));
    }
}

/// Columns of which several places fit into sixteen lanes: they are taken in together, as they lie.
pub(crate) struct FewColumns<'a, T: Float, const KIND: u8> {
    pub values: &'a [T],
    /// One for each place, or for each value.
    pub weights: &'a [T],
    pub width: usize,
    pub totals: &'a mut Totals<T>,
}

impl<T: Float, const KIND: u8> Kernel<T> for FewColumns<'_, T, KIND> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { values, weights, width, totals } = self;
        let mut sums = [simd.no_sixteen(); 2];
        let mut laid_out = [T::zero(); LANES * LAID_OUT];
        let (mut last_values, mut last_weights) = ([T::zero(); LANES], [T::zero(); LANES]);
        for (number, block) in values.chunks(LANES * LAID_OUT).enumerate() {
            let start = number * LANES * LAID_OUT;
            if KIND == ALIKE && width == 8 && block.len().is_multiple_of(LANES) {
                sums[0] = add_eights(simd, block, &weights[start / width..], sums[0]);
                continue;
            }
            let weights = match KIND {
                ALIKE => {
                    for (lanes, &weight) in laid_out.chunks_exact_mut(width).zip(&weights[start / width..]) {
                        lanes.fill(weight);
                    }
                    &laid_out[..block.len()]
                }
                OWN => &weights[start..start + block.len()],
                _ => block,
            };
            let whole = block.len() / LANES * LANES;
            sums = add_lanes::<T, S, KIND>(simd, &block[..whole], &weights[..whole], sums);
            if whole < block.len() {
                last_values[..block.len() - whole].copy_from_slice(&block[whole..]);
                last_weights[..block.len() - whole].copy_from_slice(&weights[whole..]);
                sums = add_lanes::<T, S, KIND>(simd, &last_values, &last_weights, sums);
            }
        }
        let [products, sums_of_weights] = sums;
        fold_lanes(&lanes_of(simd, &products), width, &mut totals.products);
        if KIND == OWN {
            fold_lanes(&lanes_of(simd, &sums_of_weights), width, &mut totals.weights);
        }
    }
}

/// The same for eight columns that share the weights of their places: these need not be laid out.
#[inline(always)]
fn add_eights<T: Float, S: Vector<T>>(simd: S, values: &[T], weights: &[T], mut products: S::Sixteen) -> S::Sixteen {
    for (values, weights) in values.chunks_exact(LANES).zip(weights.chunks_exact(2)) {
        for vector in 0..LANES / S::LANES {
            let at = vector * S::LANES;
            let factors = if S::LANES == LANES {
                simd.splat_two(weights[0], weights[1])
            } else {
                simd.splat_wide(weights[at / 8])
            };
            let product = &mut products.as_mut()[vector];
            *product = simd.add_product_to(*product, factors, load::<T, S, true>(simd, values, at));
        }
    }
    products
}

/// Adds values to the sum of the lane that each is in, sixteen at a time.
#[inline(always)]
fn add_lanes<T: Float, S: Vector<T>, const KIND: u8>(
    simd: S,
    values: &[T],
    weights: &[T],
    [mut products, mut sums_of_weights]: [S::Sixteen; 2],
) -> [S::Sixteen; 2] {
    let mut at = 0;
    while at + LANES <= values.len() {
        for vector in 0..LANES / S::LANES {
            let at = at + vector * S::LANES;
            let values = load::<T, S, true>(simd, values, at);
            let product = &mut products.as_mut()[vector];
            if KIND == NONE {
                *product = simd.add_to(*product, values);
                continue;
            }
            let weights = load::<T, S, true>(simd, weights, at);
            *product = simd.add_product_to(*product, weights, values);
            if KIND == OWN {
                let sum = &mut sums_of_weights.as_mut()[vector];
                *sum = simd.add_to(*sum, weights);
            }
        }
        at += LANES;
    }
    [products, sums_of_weights]
}

/// The sums of columns of which there are several places in sixteen lanes.
#[inline(always)]
fn fold_lanes<A: Accumulate<T>, T>(lanes: &[A; LANES], width: usize, to: &mut Vec<A>) {
    for column in 0..width {
        let mut total = lanes[column];
        lanes.iter().skip(column + width).step_by(width).for_each(|&lane| total.merge(lane));
        to.push(total);
    }
}
