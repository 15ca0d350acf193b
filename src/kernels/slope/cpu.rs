//! The CPU engine's half.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::kernels::interp::cpu::{LocatedRun, PreparedQueries};
use crate::kernels::interp::evaluate::Evaluator;
use crate::kernels::interp::op::Method;
use crate::kernels::slope::op::Slope;

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
                for ((output, &x), &segment) in output.iter_mut().zip(x).zip(segments) {
                    *output = slope_at(&lookup.evaluator, x, segment as usize);
                }
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
