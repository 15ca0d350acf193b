//! The CPU engine's half.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::kernels::interp::cpu::{LocatedRun, PreparedQueries};
use crate::kernels::interp::evaluate::Evaluator;
use crate::kernels::interp::op::Method;
use crate::kernels::slope::op::Slope;
use crate::simd::{SimdKernel, Vector};

pub(crate) fn slope<T: Float>(op: &Slope) -> Result<()> {
    let queries = PreparedQueries::<T>::to_be_located(&op.args)?;
    let snapshot =
        |operand: &Option<Storage>| operand.as_ref().map(|operand| Ok(operand.host::<T>()?.snapshot())).transpose();
    let (factor, shift, base) = (snapshot(&op.factor)?, snapshot(&op.shift)?, snapshot(&op.base)?);
    let at_once = queries.results_per_task();
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(at_once).enumerate(), |(task, output)| {
            let start = task * at_once;
            queries.for_each_run(start, output.len(), |run| {
                let LocatedRun { lookup, first, x, segments, .. } = run;
                let output = &mut output[first - start..][..x.len()];
                T::vectorize(Slopes { table: &lookup.evaluator, x, segments, output });
                let here = first..first + x.len();
                let [factor, shift, base] =
                    [&factor, &shift, &base].map(|operand| Some(&operand.as_ref()?[here.clone()]));
                combine(factor, shift, base, output);
            });
        });
    })
}

/// Replaces slopes by `base + slope * (factor - shift)`.
fn combine<T: Float>(factor: Option<&[T]>, shift: Option<&[T]>, base: Option<&[T]>, slopes: &mut [T]) {
    match (factor, shift) {
        (None, None) => {}
        (Some(factor), None) => slopes.iter_mut().zip(factor).for_each(|(slope, &factor)| *slope = *slope * factor),
        (None, Some(shift)) => slopes.iter_mut().zip(shift).for_each(|(slope, &shift)| *slope = *slope * -shift),
        (Some(factor), Some(shift)) => {
            let factors = factor.iter().zip(shift);
            slopes.iter_mut().zip(factors).for_each(|(slope, (&factor, &shift))| *slope = *slope * (factor - shift));
        }
    }
    if let Some(base) = base {
        slopes.iter_mut().zip(base).for_each(|(slope, &base)| *slope = base + *slope);
    }
}

/// The slopes at queries on their segments.
struct Slopes<'a, 'b, T: Float> {
    table: &'a Evaluator<'b, T>,
    x: &'a [T],
    segments: &'a [u32],
    output: &'a mut [T],
}

impl<T: Float> SimdKernel<T> for Slopes<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { table, x, segments, output } = self;
        let mut done = 0;
        if table.method == Method::Linear && table.knots > 1 {
            let last = table.knots - 1;
            let (first, end) = (simd.splat(table.pairs[0][0]), simd.splat(table.pairs[last][0]));
            let (zero, nan) = (simd.splat(T::zero()), simd.splat(T::nan()));
            let (numbers, mut starts) = (table.pairs.as_flattened(), [0; 16]);
            let vectors = x.chunks_exact(S::LANES).zip(segments.chunks_exact(S::LANES));
            for ((x, segments), output) in vectors.zip(output.chunks_exact_mut(S::LANES)) {
                let segments = segments.iter().map(|&segment| (segment as usize).min(last - 1));
                starts.iter_mut().zip(segments).for_each(|(start, segment)| *start = 2 * segment);
                let query = simd.load(x);
                let [x0, y0, x1, y1] = simd.load_transposed4(numbers, &starts[..S::LANES]);
                let width = simd.sub(x1, x0);
                let mut slope = simd.div(simd.sub(y1, y0), width);
                slope = simd.select(simd.eq(width, zero), zero, slope);
                if !table.extended.0 {
                    slope = simd.select(simd.lt(query, first), zero, slope);
                }
                if !table.extended.1 {
                    slope = simd.select(simd.lt(end, query), zero, slope);
                }
                simd.store(output, simd.select(simd.eq(query, query), slope, nan));
            }
            done = x.len() / S::LANES * S::LANES;
        }
        for ((output, &x), &segment) in output[done..].iter_mut().zip(&x[done..]).zip(&segments[done..]) {
            *output = slope_at(table, x, segment as usize);
        }
    }
}

/// The slope at a query: that of the segment to the right of a knot, at the last knot that of the last segment. Outside
/// it is 0, unless the line goes on there.
#[inline(always)]
fn slope_at<T: Float>(table: &Evaluator<'_, T>, x: T, segment: usize) -> T {
    if x.is_nan() || table.knots == 0 {
        return T::nan();
    }
    let last = table.knots - 1;
    if table.method != Method::Linear || last == 0 {
        return T::zero();
    }
    let ([first, _], [end, _]) = (table.pairs[0], table.pairs[last]);
    if (x < first && !table.extended.0) || (x > end && !table.extended.1) {
        return T::zero();
    }
    let segment = segment.min(last - 1);
    let ([x0, y0], [x1, y1]) = (table.pairs[segment], table.pairs[segment + 1]);
    let width = x1 - x0;
    // A step has no slope.
    if width.is_zero() { T::zero() } else { (y1 - y0) / width }
}
