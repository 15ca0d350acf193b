//! Evaluating on the CPU engine: from a query and its segment to a value, the second half of interpolation, by the
//! rules of `shaders/interp`. This is one query with every rule; vectors are evaluated by
//! [`evaluate_block`](crate::kernels::interp::evaluate_block).

use crate::element::Float;
use crate::kernels::interp::op::{Method, Rules};

/// A table as it is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Evaluator<'a, T: Float> {
    /// Knots and values, with the padding after them.
    pub pairs: &'a [[T; 2]],
    pub knots: usize,
    pub left: T,
    pub right: T,
    pub method: Method,
    /// Whether the first segment goes on to the left, and the last to the right.
    pub extended: (bool, bool),
}

impl<'a, T: Float> Evaluator<'a, T> {
    pub fn new(pairs: &'a [[T; 2]], knots: usize, rules: &Rules<T>) -> Self {
        Self {
            pairs,
            knots,
            left: rules.left.unwrap_or(pairs[0][1]),
            right: rules.right.unwrap_or(pairs[knots.saturating_sub(1)][1]),
            method: rules.method,
            extended: rules.extended(),
        }
    }

    /// The value of a query that is outside of the knots or NaN, whatever its segment.
    #[inline(always)]
    pub fn out_of_range(&self, x: T) -> Option<T> {
        let last = self.knots - 1;
        if x.is_nan() {
            return Some(x);
        }
        if x > self.pairs[last][0] {
            return Some(if self.extended.1 { self.extrapolate(x, last.saturating_sub(1), last) } else { self.right });
        }
        if x < self.pairs[0][0] {
            return Some(if self.extended.0 { self.extrapolate(x, 0, 0) } else { self.left });
        }
        None
    }

    /// The value of any other query.
    #[inline(always)]
    pub fn on_segment(&self, x: T, segment: usize) -> T {
        let [x0, y0] = self.pairs[segment];
        if segment == self.knots - 1 || x0 == x {
            return y0;
        }
        self.between(x, [x0, y0], self.pairs[segment + 1])
    }

    /// On the line of a segment, drawn through one of its knots, outside the table.
    fn extrapolate(&self, x: T, segment: usize, knot: usize) -> T {
        let ([x0, y0], [x1, y1], [x_of_knot, y_of_knot]) =
            (self.pairs[segment], self.pairs[segment + 1], self.pairs[knot]);
        if self.knots == 1 { y_of_knot } else { (y1 - y0) / (x1 - x0) * (x - x_of_knot) + y_of_knot }
    }

    /// Between two knots, on neither of them.
    #[inline(always)]
    pub fn between(&self, x: T, [x0, y0]: [T; 2], [x1, y1]: [T; 2]) -> T {
        match self.method {
            Method::Linear => {
                let slope = (y1 - y0) / (x1 - x0);
                let y = slope * (x - x0) + y0;
                if !y.is_nan() {
                    return y;
                }
                // NumPy's second try, which saves segments that reach to infinity.
                let y = slope * (x - x1) + y1;
                if y.is_nan() && y0 == y1 { y0 } else { y }
            }
            Method::Next => y1,
            Method::Nearest if x - x0 > x1 - x => y1,
            _ => y0,
        }
    }
}
