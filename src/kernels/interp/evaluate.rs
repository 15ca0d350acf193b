//! Evaluating on the CPU engine: from a query and its segment to a value, the second half of interpolation, by the
//! rules of `shaders/interp`.
//!
//! - [`Evaluator`]: a table, and one query with every rule
//! - [`OutOfRange`]: what queries without a segment get, a vector at a time
//! - [`evaluate_and_store`]: a vector of queries; lanes that need NumPy's second try, or whose segment is not known
//!   yet, go to an [`Evaluator`] one by one
//!
//! The fused kernel of [`cpu_block`](crate::kernels::interp::cpu_block) comes here with the ends of segments from its
//! search; those who have numbers of segments come by way of [`halves`](crate::kernels::interp::halves).

use crate::element::Float;
use crate::kernels::interp::find::Ends;
use crate::kernels::interp::op::{Method, Rules};
use crate::simd::Vector;

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

/// What queries without a segment get: those outside of the knots, those on the last one, and NaN. Known of a table
/// before they come.
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
