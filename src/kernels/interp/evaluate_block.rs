//! Evaluating a vector of queries on the CPU engine. [`Evaluator`] gets the lanes that need NumPy's second try, or
//! whose segment is not known yet.
//!
//! The fused kernel of [`cpu_block`](crate::kernels::interp::cpu_block) comes here with the ends of segments from its
//! search; those who have numbers of segments come by way of [`halves`](crate::kernels::interp::halves).

use crate::element::Float;
use crate::kernels::interp::evaluate::Evaluator;
use crate::kernels::interp::find::Ends;
use crate::kernels::interp::op::Method;
use crate::kernels::interp::out_of_range::OutOfRange;
use crate::simd::Vector;

/// Evaluates the query of one lane, by every rule. A trait and not a closure: see [`simd`](crate::simd).
pub(crate) trait EvaluateLane<T> {
    fn evaluate_lane(&self, x: T, lane: usize) -> T;
}

/// Stores the values of a vector of queries: in vectors on the segments where that is right (`in_segment`) and out of
/// range, by `lanes` elsewhere and where the result is NaN.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the end of a loop that knows all this")]
pub(crate) fn evaluate_and_store<T: Float, S: Vector<T>>(
    simd: S,
    table: &Evaluator<'_, T>,
    out_of_range: &OutOfRange<S::V>,
    x: &[T],
    ends: &Ends<S::V>,
    in_segment: S::M,
    lanes: &impl EvaluateLane<T>,
    output: &mut [T],
) {
    let Ends { x0, y0, x1, y1 } = *ends;
    let query = simd.load(x);
    let mut done = in_segment;
    if table.method == Method::Linear {
        let slope = simd.div(simd.sub(y1, y0), simd.sub(x1, x0));
        let y = simd.add(simd.mul(slope, simd.sub(query, x0)), y0);
        let y = simd.select(simd.eq(query, x0), y0, y);
        simd.store(output, y);
        done = simd.and(done, simd.eq(y, y));
    } else {
        // A few operations more or less do not matter beside the search.
        let (mut lefts, mut rights) = ([[T::zero(); 16]; 2], [[T::zero(); 16]; 2]);
        simd.store(&mut lefts[0], x0);
        simd.store(&mut lefts[1], y0);
        simd.store(&mut rights[0], x1);
        simd.store(&mut rights[1], y1);
        for (lane, (output, &x)) in output.iter_mut().zip(x).enumerate() {
            let (left, right) = ([lefts[0][lane], lefts[1][lane]], [rights[0][lane], rights[1][lane]]);
            *output = if x == left[0] { left[1] } else { table.between(x, left, right) };
        }
    }
    if !simd.all(done) {
        let (y, outside) = out_of_range.extrapolate(simd, query, simd.load(output));
        simd.store(output, y);
        done = simd.or(done, outside);
        if !simd.all(done) {
            patch_lanes(simd, lanes, x, done, output);
        }
    }
}

/// Evaluates the lanes that are not done one by one.
#[inline(always)]
pub(crate) fn patch_lanes<T: Float, S: Vector<T>>(
    simd: S,
    lanes: &impl EvaluateLane<T>,
    x: &[T],
    done: S::M,
    output: &mut [T],
) {
    let mut is_done = [T::zero(); 16];
    simd.store(&mut is_done, simd.select(done, simd.splat(T::one()), simd.splat(T::zero())));
    for (lane, (output, &x)) in output.iter_mut().zip(x).enumerate() {
        if is_done[lane] == T::zero() {
            *output = lanes.evaluate_lane(x, lane);
        }
    }
}
