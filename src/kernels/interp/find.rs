//! Finding on the CPU engine: from a query to the segment it lies in, the first half of interpolation.
//!
//! A segment has the number of the knot at its left: the last knot that is not above the query, of repeated ones the
//! last. Queries below all knots, and NaN, get the first; queries on the last knot or beyond it get the last, where no
//! segment begins. [`Evaluator`](crate::kernels::interp::evaluate::Evaluator) knows what either means, so a number and
//! its query are all that has to be kept between the halves.
//!
//! Two ways lead there. [`halves`](crate::kernels::interp::halves) gives the numbers, for those who keep them. The
//! fused kernel of [`cpu_block`](crate::kernels::interp::cpu_block) needs no numbers but the segments' ends, which
//! [`Finder::ends_near`] has in vectors already when it has found them.

use crate::element::Float;
use crate::index::bucket_fn::BLOCK;
use crate::index::cpu_index::ByteIndex;
use crate::kernels::search::find::{ByX, count_from, starts};
use crate::simd::Vector;

/// A table as it is searched.
#[derive(Clone, Copy)]
pub(crate) struct Finder<'a, T: Float> {
    /// Knots and values, with the padding after them.
    pub pairs: &'a [[T; 2]],
    pub knots: usize,
    /// Where to begin to look, if that is known.
    pub index: Option<&'a ByteIndex<T>>,
}

/// The ends of the segments that a vector of queries lies in.
pub(crate) struct Ends<V> {
    pub x0: V,
    pub y0: V,
    pub x1: V,
    pub y1: V,
}

impl<T: Float> Finder<'_, T> {
    /// A knot not above each of the first `count` queries of a block, if any is.
    #[inline(always)]
    pub fn starts(&self, x: &[T; BLOCK], count: usize, numbers: &mut [u32; BLOCK], from: &mut [usize; BLOCK]) {
        starts::<T, ByX>(self.index, &self.pairs[..self.knots], x, x, count, numbers, from);
    }

    /// The ends of one of the three segments after each start: that of the query, unless it lies further on or outside.
    #[inline(always)]
    pub fn ends_near<S: Vector<T>>(&self, simd: S, query: S::V, starts: &[usize]) -> Ends<S::V> {
        let [x0, y0, x1, y1, x2, y2, x3, y3] = simd.load_transposed(self.pairs, starts);
        let second = simd.ge(query, x1);
        let third = simd.ge(query, x2);
        Ends {
            x0: simd.select(third, x2, simd.select(second, x1, x0)),
            y0: simd.select(third, y2, simd.select(second, y1, y0)),
            x1: simd.select(third, x3, simd.select(second, x2, x1)),
            y1: simd.select(third, y3, simd.select(second, y2, y1)),
        }
    }

    /// The segment of one query, looked for from a knot on; of a table that has knots.
    #[inline(always)]
    pub fn segment_from(&self, x: T, from: usize) -> usize {
        count_from::<T, ByX>(&self.pairs[..self.knots], x, from).saturating_sub(1)
    }
}
