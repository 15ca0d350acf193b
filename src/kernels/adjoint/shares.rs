//! How a query shares its cotangent out, by the rules of evaluation ([`Evaluator`]): the slot of a table to whose two
//! sums it adds, and what it is multiplied by for each.
//!
//! A table has a slot for each knot: the segment to the right of it. Its sums are of `g * (x1 - x)`, for the knot at
//! the left, and of `g * (x - x0)`, for the one at the right. Segments of no finite width, and those of methods that
//! take a knot's value as it is, have sums of whole cotangents instead. Behind the knots are the slots of what lies
//! outside.

use crate::element::Float;
use crate::kernels::interp::evaluate::Evaluator;
use crate::kernels::interp::op::Method;

/// The slots behind those of the knots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    /// The value of the first knot.
    FirstKnot = 0,
    /// The value of the last knot.
    LastKnot = 1,
    /// The value given for queries to the left.
    LeftFill = 2,
    /// The value given for those to the right.
    RightFill = 3,
    /// Nothing: the result is NaN whatever the values.
    Nowhere = 4,
}

/// How many slots a table has behind those of its knots.
pub(crate) const OUTSIDE: usize = 5;

/// A difference of two numbers.
pub(crate) type Difference<T> = [T; 2];

/// The slot of a query, and what its cotangent is multiplied by for the knots at the left and at the right.
pub(crate) struct Share<T> {
    pub slot: usize,
    pub left: Difference<T>,
    pub right: Difference<T>,
    /// The width of the segment that both are a part of.
    pub width: T,
}

/// A table whose queries share cotangents out.
pub(crate) struct Shares<'a, T: Float> {
    pub table: &'a Evaluator<'a, T>,
    /// The first slot behind those of the knots.
    pub outside: usize,
    /// Whether `left` and `right` have values of their own.
    pub filled: (bool, bool),
}

impl<'a, T: Float> Shares<'a, T> {
    const ONE: fn() -> Difference<T> = || [T::one(), T::zero()];
    const NONE: fn() -> Difference<T> = || [T::zero(), T::zero()];

    /// The share of a query on its segment.
    #[inline(always)]
    pub fn of(&self, x: T, segment: u32) -> Share<T> {
        let segment = segment as usize;
        // The padding behind the last knot is NaN, so that there no query is inside.
        let ([x0, _], [x1, _]) = (self.table.pairs[segment], self.table.pairs[segment + 1]);
        let width = x1 - x0;
        if self.table.method == Method::Linear && x >= x0 && x < x1 && width.is_finite() {
            return Share { slot: segment, left: [x1, x], right: [x, x0], width };
        }
        self.unusual(x, segment)
    }

    /// Outside, on the last knot, beside an infinite knot, or by a method that takes values as they are.
    #[inline(never)]
    fn unusual(&self, x: T, segment: usize) -> Share<T> {
        let Evaluator { pairs, knots, extended, .. } = *self.table;
        if knots == 0 || x.is_nan() {
            return self.outside(Outside::Nowhere);
        }
        let last = knots - 1;
        if x > pairs[last][0] {
            return match (extended.1 && last > 0, self.filled.1) {
                (true, _) => self.on_line(x, last - 1, true),
                (false, true) => self.outside(Outside::RightFill),
                (false, false) => self.outside(Outside::LastKnot),
            };
        }
        if x < pairs[0][0] {
            return match (extended.0 && last > 0, self.filled.0) {
                (true, _) => self.on_line(x, 0, false),
                (false, true) => self.outside(Outside::LeftFill),
                (false, false) => self.outside(Outside::FirstKnot),
            };
        }
        let ([x0, _], [x1, _]) = (pairs[segment], pairs[segment + 1]);
        if segment == last || x0 == x {
            return Share { slot: segment, left: Self::ONE(), right: Self::NONE(), width: T::one() };
        }
        match self.table.method {
            Method::Linear => self.on_line(x, segment, false),
            Method::Next => self.at_right(segment),
            Method::Nearest if x - x0 > x1 - x => self.at_right(segment),
            _ => Share { slot: segment, left: Self::ONE(), right: Self::NONE(), width: T::one() },
        }
    }

    /// On the line of a segment, drawn through its right end or its left. If that is infinitely far away, on the value
    /// of the other. Infinitely far out on a line a result depends on no value any more: it is infinite.
    fn on_line(&self, x: T, segment: usize, from_right: bool) -> Share<T> {
        let ([x0, _], [x1, _]) = (self.table.pairs[segment], self.table.pairs[segment + 1]);
        let width = x1 - x0;
        if has_width(width) && x.is_finite() {
            return Share { slot: segment, left: [x1, x], right: [x, x0], width };
        }
        if !width.is_infinite() {
            return self.outside(Outside::Nowhere);
        }
        let (near_left, near_right) = ((x - x0).is_finite(), (x - x1).is_finite());
        match (near_left && !(from_right && near_right), near_right) {
            (true, _) => Share { slot: segment, left: Self::ONE(), right: Self::NONE(), width: T::one() },
            (false, true) => self.at_right(segment),
            (false, false) => self.outside(Outside::Nowhere),
        }
    }

    fn at_right(&self, segment: usize) -> Share<T> {
        Share { slot: segment, left: Self::NONE(), right: Self::ONE(), width: T::one() }
    }

    fn outside(&self, place: Outside) -> Share<T> {
        let left = if place == Outside::Nowhere { Self::NONE() } else { Self::ONE() };
        Share { slot: self.outside + place as usize, left, right: Self::NONE(), width: T::one() }
    }

    /// By whose difference the sums of a slot are divided: the ends of its segment, or 1 and 0 if they are of whole
    /// cotangents.
    #[inline(always)]
    pub fn divisor(&self, slot: usize) -> Difference<T> {
        self.line(slot).map_or(Self::ONE(), |[[x0, _], [x1, _]]| [x1, x0])
    }

    /// The ends of a segment that is a line.
    #[inline(always)]
    pub fn line(&self, segment: usize) -> Option<[[T; 2]; 2]> {
        if self.table.method != Method::Linear || segment + 1 >= self.table.knots {
            return None;
        }
        let ends = [self.table.pairs[segment], self.table.pairs[segment + 1]];
        has_width(ends[1][0] - ends[0][0]).then_some(ends)
    }
}

/// Whether a segment of this width is a line through two points.
#[inline(always)]
pub(crate) fn has_width<T: Float>(width: T) -> bool {
    width > T::zero() && width.is_finite()
}
