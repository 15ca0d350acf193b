//! Interpolation on the CPU engine in two halves, for operators that keep the segments of their queries:
//! [`find_segments`], and [`Evaluate`] on them, as often as there are values. Together they give what the fused kernel
//! of [`cpu_block`](crate::kernels::interp::cpu_block) gives, bit for bit; they are made of the same parts.
//!
//! What the second half needs of the first is the number of each query's segment. The query itself, taken modulo the
//! period where there is one, says the position in it.

#![cfg_attr(not(test), expect(dead_code, reason = "interpolation itself has the halves fused"))]

use crate::element::Float;
use crate::kernels::interp::evaluate::{EvaluateLane, Evaluator, OutOfRange, evaluate_and_store};
use crate::kernels::interp::find::{Ends, Finder};
use crate::kernels::search::find::{ByX, Count};
use crate::simd::{SimdKernel, Vector};

/// The first half: the segment of each query.
pub(crate) fn find_segments<T: Float>(finder: &Finder<'_, T>, x: &[T], segments: &mut [u32]) {
    let Finder { pairs, knots, index } = *finder;
    T::vectorize(Count { order: ByX, knots: &pairs[..knots], index, x, counts: &mut *segments });
    segments.iter_mut().for_each(|segment| *segment = segment.saturating_sub(1));
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
        let mut starts = [0; 16];
        for ((x, segments), output) in x.chunks_exact(S::LANES).zip(segments.chunks_exact(S::LANES)).zip(&mut vectors) {
            starts.iter_mut().zip(segments).for_each(|(start, &segment)| *start = segment as usize);
            let query = simd.load(x);
            let [x0, y0, x1, y1, ..] = simd.load_transposed(table.pairs, &starts[..S::LANES]);
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
