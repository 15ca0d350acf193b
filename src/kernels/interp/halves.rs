//! Interpolation on the CPU engine in two halves, for operators that keep the segments of their queries:
//! [`find_segments`], and [`Evaluate`] on them, as often as there are values. Together they give what the fused kernel
//! of [`cpu_block`](crate::kernels::interp::cpu_block) gives, bit for bit; they are made of the same parts.
//!
//! What the second half needs of the first is the number of each query's segment. The query itself, taken modulo the
//! period where there is one, says the position in it.

use crate::element::Float;
use crate::index::bucket_fn::BLOCK;
use crate::kernels::interp::evaluate::{EvaluateLane, Evaluator, OutOfRange, evaluate_and_store};
use crate::kernels::interp::few_knots::FEW_KNOTS;
use crate::kernels::interp::find::{Ends, Finder};
use crate::simd::{SimdKernel, Vector};

/// The first half: the segment of each query. NaN lies in the first, as everything that is below all knots.
pub(crate) struct FindSegments<'a, 'b, T: Float> {
    pub finder: &'a Finder<'b, T>,
    /// The knots without their values, if there is an index: half as much to read.
    pub positions: Option<&'a [T]>,
    pub x: &'a [T],
    pub segments: &'a mut [u32],
}

impl<T: Float> SimdKernel<T> for FindSegments<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { finder, positions, x, segments } = self;
        if finder.knots <= 1 {
            return segments.fill(0);
        }
        let (mut padded, mut found) = ([T::zero(); BLOCK], [0; BLOCK]);
        let (mut numbers, mut starts) = ([0; BLOCK], [0; BLOCK]);
        let bisecting = Finder { index: None, ..*finder };
        for (x, segments) in x.chunks(BLOCK).zip(segments.chunks_mut(BLOCK)) {
            let x: &[T; BLOCK] = match x.try_into() {
                Ok(x) => x,
                Err(_) => {
                    padded[..x.len()].copy_from_slice(x);
                    &padded
                }
            };
            let full = segments.len().next_multiple_of(S::LANES);
            match (positions, finder.index) {
                _ if finder.knots <= FEW_KNOTS => finder.compare_with_each(simd, x, full, &mut found),
                (Some(positions), Some(_)) => {
                    finder.starts(x, full, &mut numbers, &mut starts);
                    finder.step_from(simd, positions, x, &starts, full, &mut found);
                }
                _ => {
                    // A bisection ends at the segment itself.
                    bisecting.starts(x, full, &mut numbers, &mut starts);
                    for (segment, (&x, &start)) in found.iter_mut().zip(x.iter().zip(&starts)) {
                        *segment = if x.is_nan() { 0 } else { start as u32 };
                    }
                }
            }
            segments.copy_from_slice(&found[..segments.len()]);
        }
    }
}

/// A small number as the bits of a lane: selected, and never computed with.
#[inline(always)]
fn lane_of<T: Float>(number: usize) -> T {
    T::from_words([number as u32, 0])
}

impl<T: Float> Finder<'_, T> {
    /// The segments of the first `full` queries of a block, whole vectors, near the knots to start from.
    #[inline(always)]
    fn step_from<S: Vector<T>>(
        &self,
        simd: S,
        positions: &[T],
        x: &[T; BLOCK],
        starts: &[usize; BLOCK],
        full: usize,
        segments: &mut [u32; BLOCK],
    ) {
        let (zero, one, two) = (simd.splat(lane_of(0)), simd.splat(lane_of(1)), simd.splat(lane_of(2)));
        let first = simd.splat(self.pairs[0][0]);
        let (mut steps, mut is_found, mut all_found) = ([T::zero(); BLOCK], [T::zero(); BLOCK], true);
        let vectors = x[..full].chunks_exact(S::LANES).zip(starts.chunks_exact(S::LANES));
        let results = steps.chunks_exact_mut(S::LANES).zip(is_found.chunks_exact_mut(S::LANES));
        for ((x, starts), (steps, is_found)) in vectors.zip(results) {
            let query = simd.load(x);
            let [x0, x1, x2, x3] = simd.load_transposed4(positions, starts);
            let one_or_none = simd.select(simd.ge(query, x1), one, zero);
            simd.store(steps, simd.select(simd.ge(query, x2), two, one_or_none));
            // The padding behind the last knot is NaN, so no query is beyond it. Below all knots there is nothing
            // to be found.
            let is_after = simd.or(simd.ge(query, x0), simd.lt(query, first));
            let is_near = simd.and(is_after, simd.not(simd.ge(query, x3)));
            let found = simd.or(is_near, simd.not(simd.eq(query, query)));
            simd.store(is_found, simd.select(found, one, zero));
            all_found &= simd.all(found);
        }
        for ((segment, steps), (&x, &start)) in segments.iter_mut().zip(&steps).zip(x.iter().zip(starts)) {
            let near = start as u32 + steps.words()[0];
            *segment = if x.is_nan() { 0 } else { near };
        }
        if !all_found {
            let lanes = is_found[..full].iter().zip(x.iter().zip(starts));
            for (segment, (_, (&x, &start))) in segments.iter_mut().zip(lanes).filter(|(_, (found, _))| found.is_zero())
            {
                *segment = self.segment_from(x, start) as u32;
            }
        }
    }

    /// The segments of the first `full` queries of a block in a table of few knots.
    #[inline(always)]
    fn compare_with_each<S: Vector<T>>(&self, simd: S, x: &[T; BLOCK], full: usize, segments: &mut [u32; BLOCK]) {
        let mut lanes = [T::zero(); BLOCK];
        for (x, lanes) in x[..full].chunks_exact(S::LANES).zip(lanes.chunks_exact_mut(S::LANES)) {
            let query = simd.load(x);
            let mut found = simd.splat(lane_of(0));
            for (number, pair) in self.pairs[..self.knots].iter().enumerate().skip(1) {
                found = simd.select(simd.ge(query, simd.splat(pair[0])), simd.splat(lane_of(number)), found);
            }
            simd.store(lanes, found);
        }
        segments.iter_mut().zip(&lanes).for_each(|(segment, lane)| *segment = lane.words()[0]);
    }
}

/// The second half: the values of queries on their segments.
pub(crate) struct Evaluate<'a, 'b, T: Float> {
    pub table: &'a Evaluator<'b, T>,
    pub x: &'a [T],
    pub segments: &'a [u32],
    pub output: &'a mut [T],
}

/// Lanes whose segments are known.
struct OnSegments<'a, 'b, T: Float> {
    table: &'a Evaluator<'b, T>,
    segments: &'a [u32],
}

impl<T: Float> EvaluateLane<T> for OnSegments<'_, '_, T> {
    #[inline(never)]
    fn evaluate_lane(&self, x: T, lane: usize) -> T {
        evaluate(self.table, x, self.segments[lane])
    }
}

/// The value of one query on its segment, by every rule, in a table that has knots.
#[inline(always)]
pub(crate) fn evaluate<T: Float>(table: &Evaluator<'_, T>, x: T, segment: u32) -> T {
    match table.out_of_range(x) {
        Some(y) => y,
        None => table.on_segment(x, segment as usize),
    }
}

impl<T: Float> SimdKernel<T> for Evaluate<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { table, x, segments, output } = self;
        if table.knots == 0 {
            return output.fill(T::nan());
        }
        let out_of_range = OutOfRange::of(simd, table);
        let mut vectors = output.chunks_exact_mut(S::LANES);
        let (numbers, mut starts) = (table.pairs.as_flattened(), [0; 16]);
        for ((x, segments), output) in x.chunks_exact(S::LANES).zip(segments.chunks_exact(S::LANES)).zip(&mut vectors) {
            starts.iter_mut().zip(segments).for_each(|(start, &segment)| *start = 2 * segment as usize);
            let query = simd.load(x);
            let [x0, y0, x1, y1] = simd.load_transposed4(numbers, &starts[..S::LANES]);
            let in_segment = simd.and(out_of_range.is_inside(simd, query), simd.lt(query, x1));
            let (ends, lanes) = (Ends { x0, y0, x1, y1 }, OnSegments { table, segments });
            evaluate_and_store(simd, table, &out_of_range, x, &ends, in_segment, &lanes, output);
        }
        let rest = vectors.into_remainder();
        let done = x.len() - rest.len();
        for ((output, &x), &segment) in rest.iter_mut().zip(&x[done..]).zip(&segments[done..]) {
            *output = evaluate(table, x, segment);
        }
    }
}
