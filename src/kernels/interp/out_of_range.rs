//! What queries without a segment get, a vector at a time: those outside of the knots, those on the last one, and NaN.

use crate::element::Float;
use crate::kernels::interp::evaluate::Evaluator;
use crate::simd::Vector;

/// What is known of them before they come.
pub(crate) struct OutOfRange<V> {
    first: V,
    last: V,
    last_value: V,
    left: Boundary<V>,
    right: Boundary<V>,
}

/// On one side of the knots.
enum Boundary<V> {
    Value(V),
    /// Through a knot.
    Line {
        slope: V,
        x: V,
        y: V,
    },
}

impl<V: Copy> OutOfRange<V> {
    /// Of a table that has knots.
    #[inline(always)]
    pub fn of<T: Float, S: Vector<T, V = V>>(simd: S, table: &Evaluator<'_, T>) -> Self {
        let last = table.knots - 1;
        Self {
            first: simd.splat(table.pairs[0][0]),
            last: simd.splat(table.pairs[last][0]),
            last_value: simd.splat(table.pairs[last][1]),
            left: Boundary::of(simd, table, table.extended.0, table.left, 0, 0),
            right: Boundary::of(simd, table, table.extended.1, table.right, last.saturating_sub(1), last),
        }
    }

    /// Where queries have a segment.
    #[inline(always)]
    pub fn is_inside<T: Float, S: Vector<T, V = V>>(&self, simd: S, query: V) -> S::M {
        simd.and(simd.ge(query, self.first), simd.lt(query, self.last))
    }

    /// Values with those out of range among them, and where these are.
    #[inline(always)]
    pub fn extrapolate<T: Float, S: Vector<T, V = V>>(&self, simd: S, query: V, y: V) -> (V, S::M) {
        let (before, after) = (simd.lt(query, self.first), simd.lt(self.last, query));
        let (on_last, missing) = (simd.eq(query, self.last), simd.not(simd.eq(query, query)));
        let y = simd.select(before, self.left.at(simd, query), y);
        let y = simd.select(after, self.right.at(simd, query), y);
        let y = simd.select(on_last, self.last_value, y);
        let y = simd.select(missing, query, y);
        (y, simd.or(simd.or(before, after), simd.or(on_last, missing)))
    }
}

impl<V: Copy> Boundary<V> {
    /// The line of a segment through a knot, or else a value.
    #[inline(always)]
    fn of<T: Float, S: Vector<T, V = V>>(
        simd: S,
        table: &Evaluator<'_, T>,
        is_line: bool,
        value: T,
        segment: usize,
        knot: usize,
    ) -> Self {
        let [x, y] = table.pairs[knot];
        if !is_line {
            return Self::Value(simd.splat(value));
        }
        if table.knots == 1 {
            return Self::Value(simd.splat(y));
        }
        let ([x0, y0], [x1, y1]) = (table.pairs[segment], table.pairs[segment + 1]);
        Self::Line { slope: simd.splat((y1 - y0) / (x1 - x0)), x: simd.splat(x), y: simd.splat(y) }
    }

    #[inline(always)]
    fn at<T: Float, S: Vector<T, V = V>>(&self, simd: S, query: V) -> V {
        match *self {
            Self::Value(value) => value,
            Self::Line { slope, x, y } => simd.add(simd.mul(slope, simd.sub(query, x)), y),
        }
    }
}
