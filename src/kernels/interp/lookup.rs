//! [`Lookup`]: a table of the CPU engine with both halves of an interpolation, and one query through both.

use crate::element::Float;
use crate::index::cpu_index::ByteIndex;
use crate::kernels::interp::evaluate::{EvaluateLane, Evaluator};
use crate::kernels::interp::find::Finder;
use crate::kernels::interp::op::Rules;
use crate::kernels::search::axis::PADDING;

/// A table with the rules by which it is asked.
pub(crate) struct Lookup<'a, T: Float> {
    pub finder: Finder<'a, T>,
    pub evaluator: Evaluator<'a, T>,
}

impl<'a, T: Float> Lookup<'a, T> {
    /// Of one table: knots with their values, and [`PADDING`].
    pub fn new(pairs: &'a [[T; 2]], index: Option<&'a ByteIndex<T>>, rules: &Rules<T>) -> Self {
        let len = pairs.len() - PADDING;
        let knots = if rules.ragged { knots_of(&pairs[..len]) } else { len };
        Self { finder: Finder { pairs, knots, index }, evaluator: Evaluator::new(pairs, knots, rules) }
    }

    /// One query, by every rule, in a table that has knots: looked for from a knot on.
    #[inline(never)]
    pub fn eval_scalar(&self, x: T, from: usize) -> T {
        match self.evaluator.out_of_range(x) {
            Some(y) => y,
            None => self.evaluator.on_segment(x, self.finder.segment_from(x, from)),
        }
    }
}

/// How many knots come before the NaN in place of others: a few steps for all the queries of a row. The
/// first knot may be NaN for itself, that before an infinite period.
fn knots_of<T: Float>(pairs: &[[T; 2]]) -> usize {
    let [[first, _], others @ ..] = pairs else { return 0 };
    let others = others.partition_point(|pair| !pair[0].is_nan());
    if others == 0 && first.is_nan() { 0 } else { 1 + others }
}

/// Lanes whose segments are looked for from a knot on.
pub(crate) struct FromStarts<'a, 'b, T: Float> {
    pub lookup: &'a Lookup<'b, T>,
    pub starts: &'a [usize],
}

impl<T: Float> EvaluateLane<T> for FromStarts<'_, '_, T> {
    #[inline(always)]
    fn evaluate_lane(&self, x: T, lane: usize) -> T {
        self.lookup.eval_scalar(x, self.starts[lane])
    }
}
