//! The CPU engine's fast way through sums, means and averages: vectors of sums, where [`fold`](super::fold) takes in one
//! value at a time.
//!
//! Along a row sixteen sums run side by side, whatever the processor, so results do not depend on it. Of rows of eight as
//! many are taken in at once as a vector has lanes. Down columns eight places are added to
//! a vector of sums before it goes back to memory.

use std::ops::Range;

use crate::accumulate::Accumulate;
use crate::element::Float;
use crate::simd::{Kernel, Vector};

use super::fold::Sum;
use super::operation::View;

/// Sums that run side by side along a row.
pub(super) const LANES: usize = 16;
/// Places that are added before a sum goes back to memory: with 1 the sums move more bytes than the values, and 10,000 rows
/// of 1,000 take twice as long.
const PLACES: usize = 8;
/// Up to so many places a sum never goes to memory.
const FEW_PLACES: usize = 8;

/// What the values are multiplied by.
#[derive(Clone, Copy)]
pub(super) enum Weighing<'a, T> {
    None,
    Along(&'a [T]),
    Full(&'a [T]),
}

/// For each line the sum of the values or products, and that of the weights.
pub(super) type Pairs<T> = Vec<(Sum<T>, Sum<T>)>;

/// Part of an array seen as `[outer, len, inner]`, to be added up along `len`.
pub(super) struct Sums<'a, T> {
    pub view: View,
    pub values: &'a [T],
    pub weights: Weighing<'a, T>,
    /// Whether the weights are added up, too.
    pub wants_weights: bool,
    pub outer: Range<usize>,
    pub part: Range<usize>,
    pub inner: Range<usize>,
}

impl<T: Float> Kernel<T> for Sums<'_, T> {
    type Output = Pairs<T>;

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) -> Pairs<T> {
        let mut states = Vec::with_capacity(self.outer.len() * self.inner.len());
        if self.view.inner > 1 {
            for outer in self.outer.clone() {
                self.down_columns(simd, outer, &mut states);
            }
        } else if self.view.len == 8 && self.part.len() == 8 {
            self.rows_of_eight(simd, &mut states);
        } else {
            for outer in self.outer.clone() {
                states.push(self.along_row(simd, outer));
            }
        }
        states
    }
}

impl<T: Float> Sums<'_, T> {
    #[inline(always)]
    fn along_row<S: Vector<T>>(&self, simd: S, outer: usize) -> (Sum<T>, Sum<T>) {
        let stretch = outer * self.view.len + self.part.start..outer * self.view.len + self.part.end;
        let values = &self.values[stretch.clone()];
        let weights = match self.weights {
            Weighing::None => None,
            Weighing::Along(weights) => Some(&weights[self.part.clone()]),
            Weighing::Full(weights) => Some(&weights[stretch]),
        };
        let mut sums = [[simd.no_sums(); LANES]; 2];
        let whole = values.len() / LANES * LANES;
        match weights {
            None => {
                for chunk in values.chunks_exact(LANES) {
                    for (sums, values) in sums[0].iter_mut().zip(chunk.chunks_exact(S::LANES)) {
                        *sums = simd.add_to(*sums, simd.load(values));
                    }
                }
            }
            Some(weights) => {
                for (chunk, weights) in values.chunks_exact(LANES).zip(weights.chunks_exact(LANES)) {
                    let chunk = chunk.chunks_exact(S::LANES).zip(weights.chunks_exact(S::LANES));
                    let [products, sums_of_weights] = &mut sums;
                    for ((products, sums), (values, weights)) in products.iter_mut().zip(sums_of_weights).zip(chunk) {
                        let weights = simd.load(weights);
                        *products = simd.add_product_to(*products, weights, simd.load(values));
                        if self.wants_weights {
                            *sums = simd.add_to(*sums, weights);
                        }
                    }
                }
            }
        }
        let mut total = (merged(simd, &sums[0]), merged(simd, &sums[1]));
        let mut tail = (Sum::<T>::default(), Sum::<T>::default());
        for (place, &value) in values.iter().enumerate().skip(whole) {
            match weights {
                None => tail.0.add(value),
                Some(weights) => {
                    tail.0.add_product(weights[place], value);
                    tail.1.add(weights[place]);
                }
            }
        }
        total.0.merge(tail.0);
        total.1.merge(tail.1);
        total
    }

    #[inline(always)]
    fn rows_of_eight<S: Vector<T>>(&self, simd: S, states: &mut Pairs<T>) {
        let mut rows = self.outer.clone();
        let mut places = [0; LANES];
        while rows.len() >= S::LANES {
            for (lane, place) in places.iter_mut().take(S::LANES).enumerate() {
                *place = 4 * (rows.start + lane);
            }
            let columns = simd.rows(self.values.as_chunks::<2>().0, &places[..S::LANES]);
            let (mut products, mut sums_of_weights) = (simd.no_sums(), simd.no_sums());
            match self.weights {
                Weighing::None => {
                    for column in columns {
                        products = simd.add_to(products, column);
                    }
                }
                Weighing::Along(weights) => {
                    for (column, &weight) in columns.into_iter().zip(weights) {
                        products = simd.add_product_to(products, simd.splat(weight), column);
                        if self.wants_weights {
                            sums_of_weights = simd.add_to(sums_of_weights, simd.splat(weight));
                        }
                    }
                }
                Weighing::Full(weights) => {
                    let weights = simd.rows(weights.as_chunks::<2>().0, &places[..S::LANES]);
                    for (column, weights) in columns.into_iter().zip(weights) {
                        products = simd.add_product_to(products, weights, column);
                        sums_of_weights = simd.add_to(sums_of_weights, weights);
                    }
                }
            }
            self.push(simd, [products, sums_of_weights], S::LANES, states);
            rows.start += S::LANES;
        }
        for outer in rows {
            states.push(self.along_row(simd, outer));
        }
    }

    #[inline(always)]
    fn down_columns<S: Vector<T>>(&self, simd: S, outer: usize, states: &mut Pairs<T>) {
        let width = self.inner.len();
        if width == self.view.inner && LANES.is_multiple_of(width) {
            return self.down_few_columns(simd, outer, states);
        }
        let columns = || (0..width).step_by(S::LANES).map(|column| column..width.min(column + S::LANES));
        if self.part.len() <= FEW_PLACES {
            for columns in columns() {
                let none = [simd.no_sums(); 2];
                let added = self.add_places(simd, outer, self.part.clone(), columns.clone(), none);
                self.push(simd, added, columns.len(), states);
            }
            return;
        }
        // Sums of products and of weights, each with what was lost.
        let room = if matches!(self.weights, Weighing::Full(_)) { width + LANES } else { LANES };
        let (mut high, mut low) = (vec![0.0; width + LANES], vec![0.0; width + LANES]);
        let (mut weights_high, mut weights_low) = (vec![0.0; room], vec![0.0; room]);
        let mut places = self.part.clone();
        while !places.is_empty() {
            let group = places.start..places.end.min(places.start + PLACES);
            places.start = group.end;
            for columns in columns() {
                let (at, of_weights) = (columns.start, columns.start.min(room - LANES));
                let mut held = [simd.load_sums(&high[at..], &low[at..]), simd.no_sums()];
                if room > LANES {
                    held[1] = simd.load_sums(&weights_high[of_weights..], &weights_low[of_weights..]);
                }
                let [products, weights] = self.add_places(simd, outer, group.clone(), columns, held);
                simd.store_sums(products, &mut high[at..], &mut low[at..]);
                if room > LANES {
                    simd.store_sums(weights, &mut weights_high[of_weights..], &mut weights_low[of_weights..]);
                }
            }
        }
        for column in 0..width {
            let of_weights = column.min(room - 1);
            states.push((
                Sum::<T>::of_parts(high[column], low[column]),
                Sum::<T>::of_parts(weights_high[of_weights], weights_low[of_weights]),
            ));
        }
    }

    /// Adds some places of as many columns as there are lanes, or fewer, to sums of products and of weights. What lanes
    /// without a column hold means nothing.
    #[inline(always)]
    fn add_places<S: Vector<T>>(
        &self,
        simd: S,
        outer: usize,
        places: Range<usize>,
        columns: Range<usize>,
        [mut products, mut sums_of_weights]: [S::Sums; 2],
    ) -> [S::Sums; 2] {
        for place in places {
            let at = self.at(outer, place);
            let stretch = at + columns.start..at + columns.end;
            let values = load_up_to(simd, &self.values[stretch.clone()]);
            match self.weights {
                Weighing::None => products = simd.add_to(products, values),
                Weighing::Along(weights) => {
                    products = simd.add_product_to(products, simd.splat(weights[place]), values);
                }
                Weighing::Full(weights) => {
                    let weights = load_up_to(simd, &weights[stretch]);
                    products = simd.add_product_to(products, weights, values);
                    sums_of_weights = simd.add_to(sums_of_weights, weights);
                }
            }
        }
        [products, sums_of_weights]
    }

    /// Where several places fit into sixteen lanes: they are taken in together, as they lie.
    #[inline(always)]
    fn down_few_columns<S: Vector<T>>(&self, simd: S, outer: usize, states: &mut Pairs<T>) {
        let width = self.view.inner;
        let stretch = self.at(outer, self.part.start)..self.at(outer, self.part.end);
        let values = &self.values[stretch.clone()];
        let mut held = [[simd.no_sums(); LANES]; 2];
        let mut weights_of_lanes = [T::zero(); LANES];
        for (number, chunk) in values.chunks_exact(LANES).enumerate() {
            let weights = match self.weights {
                Weighing::None => None,
                Weighing::Along(weights) => {
                    let place = self.part.start + number * (LANES / width);
                    let weights = weights[place..].iter();
                    for (lanes, &weight) in weights_of_lanes.chunks_exact_mut(width).zip(weights) {
                        lanes.fill(weight);
                    }
                    Some(&weights_of_lanes[..])
                }
                Weighing::Full(weights) => Some(&weights[stretch.start + number * LANES..][..LANES]),
            };
            let [products, sums_of_weights] = &mut held;
            for (vector, values) in chunk.chunks_exact(S::LANES).enumerate() {
                let values = simd.load(values);
                let Some(weights) = weights else {
                    products[vector] = simd.add_to(products[vector], values);
                    continue;
                };
                let weights = simd.load(&weights[vector * S::LANES..]);
                products[vector] = simd.add_product_to(products[vector], weights, values);
                if self.wants_weights {
                    sums_of_weights[vector] = simd.add_to(sums_of_weights[vector], weights);
                }
            }
        }
        let mut of_lanes = [[Sum::<T>::default(); LANES]; 2];
        lanes_of(simd, &held[0], &mut of_lanes[0]);
        lanes_of(simd, &held[1], &mut of_lanes[1]);
        let rest = values.len() % LANES;
        for (lane, &value) in values[values.len() - rest..].iter().enumerate() {
            let at = values.len() - rest + lane;
            match self.weights {
                Weighing::None => of_lanes[0][lane].add(value),
                Weighing::Along(weights) => {
                    of_lanes[0][lane].add_product(weights[self.part.start + at / width], value);
                }
                Weighing::Full(weights) => {
                    let weight = weights[stretch.start + at];
                    of_lanes[0][lane].add_product(weight, value);
                    of_lanes[1][lane].add(weight);
                }
            }
        }
        for column in 0..width {
            let mut total = (of_lanes[0][column], of_lanes[1][column]);
            for lane in (column + width..LANES).step_by(width) {
                total.0.merge(of_lanes[0][lane]);
                total.1.merge(of_lanes[1][lane]);
            }
            states.push(total);
        }
    }

    /// The states of the first lanes, from sums of products and of weights.
    #[inline(always)]
    fn push<S: Vector<T>>(&self, simd: S, [products, weights]: [S::Sums; 2], count: usize, states: &mut Pairs<T>) {
        let (mut high, mut low) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
        simd.store_sums(products, &mut high[0], &mut low[0]);
        simd.store_sums(weights, &mut high[1], &mut low[1]);
        for lane in 0..count {
            let weights = Sum::<T>::of_parts(high[1][lane], low[1][lane]);
            states.push((Sum::<T>::of_parts(high[0][lane], low[0][lane]), weights));
        }
    }

    /// Where the stretch of a place begins.
    #[inline(always)]
    fn at(&self, outer: usize, place: usize) -> usize {
        (outer * self.view.len + place) * self.view.inner + self.inner.start
    }
}

/// A vector, or what there is of one.
#[inline(always)]
fn load_up_to<T: Float, S: Vector<T>>(simd: S, values: &[T]) -> S::V {
    if values.len() >= S::LANES {
        return simd.load(values);
    }
    let mut padded = [T::zero(); LANES];
    padded[..values.len()].copy_from_slice(values);
    simd.load(&padded)
}

/// The sums of each lane.
#[inline(always)]
fn lanes_of<T: Float, S: Vector<T>>(simd: S, sums: &[S::Sums; LANES], lanes: &mut [Sum<T>; LANES]) {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    for (number, &sums) in sums.iter().take(LANES / S::LANES).enumerate() {
        let first = number * S::LANES;
        simd.store_sums(sums, &mut high[first..], &mut low[first..]);
    }
    for (lane, (&high, &low)) in lanes.iter_mut().zip(high.iter().zip(&low)) {
        *lane = Sum::<T>::of_parts(high, low);
    }
}

/// The sum of the sums in all lanes.
#[inline(always)]
fn merged<T: Float, S: Vector<T>>(simd: S, sums: &[S::Sums; LANES]) -> Sum<T> {
    let mut lanes = [Sum::<T>::default(); LANES];
    lanes_of(simd, sums, &mut lanes);
    let [mut total, rest @ ..] = lanes;
    rest.into_iter().for_each(|lane| total.merge(lane));
    total
}

#[cfg(test)]
mod tests {
    use super::super::fold::Weighted;
    use super::*;

    #[derive(Clone, Copy)]
    struct Averages<'a, T>(View, &'a [T], Weighing<'a, T>);

    impl<T: Float> Kernel<T> for Averages<'_, T> {
        type Output = Vec<(T, T)>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<(T, T)> {
            let Self(view, values, weights) = self;
            let fold = Weighted::<false> { average: false, offend: &|_| () };
            let (outer, part, inner) = (0..view.outer, 0..view.len, 0..view.inner);
            let sums = Sums { view, values, weights, wants_weights: true, outer, part, inner };
            let states = sums.run(simd);
            states
                .into_iter()
                .enumerate()
                .map(|(line, state)| super::super::fold::Fold::<T>::finish(&fold, state, line))
                .collect()
        }
    }

    fn agrees<T: Float>() {
        let lengths = [1, 7, 8, 9, 15, 16, 17, 33, 100];
        for (len, inner) in lengths.into_iter().flat_map(|len| [1, 2, 3, 8, 15, 16, 17, 40].map(|inner| (len, inner))) {
            let view = View { outer: 19, len, inner };
            let number = |i: usize| T::narrow(((i * 7919) % 1013) as f64 * 0.01 - 4.0);
            let values: Vec<T> = (0..19 * len * inner).map(number).collect();
            let weights: Vec<T> = (0..19 * len * inner).map(|i| number(i + 5)).collect();
            for weighing in [Weighing::None, Weighing::Along(&weights[..len]), Weighing::Full(&weights)] {
                let all = T::with_every_set(Averages(view, &values, weighing));
                let same = !matches!(weighing, Weighing::Along(_));
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
                    assert!((sum.widen() - plain).abs() < 1e-3, "{view:?}: {sum} instead of {plain}");
                    for (set, others) in &all[1..] {
                        assert_eq!(others[line].0, sum, "{set}, {view:?}, line {line}");
                        assert!(!same || others[line].1 == sum_of_weights, "{set}, {view:?}, weights of line {line}");
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
