//! Small tables on the CPU engine: nothing is searched, every query is compared with every knot.

use crate::element::Float;
use crate::kernels::interp::evaluate::{OutOfRange, patch_lanes};
use crate::kernels::interp::lookup::{FromStarts, Lookup};
use crate::simd::Vector;

/// Up to so many knots a comparison with each of them is faster than a search.
pub(crate) const FEW_KNOTS: usize = 16;

/// The linear method, for tables of two knots at least: the segment of a query is that of the last knot it is not
/// below.
#[inline(always)]
pub(crate) fn compare_with_each<T: Float, S: Vector<T>>(simd: S, lookup: &Lookup<'_, T>, x: &[T], output: &mut [T]) {
    let table = &lookup.evaluator;
    let pairs = &table.pairs[..table.knots];
    let mut slopes = [T::zero(); FEW_KNOTS];
    for (slope, pair) in slopes.iter_mut().zip(pairs.windows(2)) {
        *slope = (pair[1][1] - pair[0][1]) / (pair[1][0] - pair[0][0]);
    }
    let (first, first_value) = (simd.splat(pairs[0][0]), simd.splat(pairs[0][1]));
    let out_of_range = OutOfRange::of(simd, table);
    let mut vectors = output.chunks_exact_mut(S::LANES);
    for (x, output) in x.chunks_exact(S::LANES).zip(&mut vectors) {
        let query = simd.load(x);
        let (mut x0, mut y0, mut slope) = (first, first_value, simd.splat(slopes[0]));
        for knot in 1..table.knots - 1 {
            let here = simd.splat(pairs[knot][0]);
            let after = simd.ge(query, here);
            x0 = simd.select(after, here, x0);
            y0 = simd.select(after, simd.splat(pairs[knot][1]), y0);
            slope = simd.select(after, simd.splat(slopes[knot]), slope);
        }
        let y = simd.add(simd.mul(slope, simd.sub(query, x0)), y0);
        let y = simd.select(simd.eq(query, x0), y0, y);
        let is_number = simd.eq(y, y);
        let (y, outside) = out_of_range.extrapolate(simd, query, y);
        simd.store(output, y);
        let done = simd.or(is_number, outside);
        if !simd.all(done) {
            patch_lanes(simd, &FromStarts { lookup, starts: &[0; 16] }, x, done, output);
        }
    }
    let rest = vectors.into_remainder();
    let done = x.len() - rest.len();
    for (output, &x) in rest.iter_mut().zip(&x[done..]) {
        *output = lookup.eval_scalar(x, 0);
    }
}
