//! Where values belong among sorted knots, and in which bin.

use ndgpu::{Float, Side};

/// NumPy's order: NaN is above everything else, zeros are alike.
pub fn less<T: Float>(a: T, b: T) -> bool {
    a < b || (b.is_nan() && !a.is_nan())
}

/// The edges of bins as `numpy.digitize` searches them, one value at a time: in whatever order they are, as in
/// `numpy/_core/src/multiarray/compiled_base.c` and `numpy/_core/src/npysort/binsearch.cpp`.
pub struct Bins<T> {
    searched: Vec<T>,
    decrease: bool,
}

impl<T: Float> Bins<T> {
    /// None where NumPy refuses them.
    pub fn of(edges: &[T]) -> Option<Self> {
        let mut searched = edges.to_vec();
        let Some(change) = (1..edges.len()).find(|&at| edges[at] != edges[0]) else {
            return Some(Self { searched, decrease: false });
        };
        let increase = edges[change - 1] < edges[change];
        let decrease = !increase;
        let turns = |pair: &[T]| if decrease { pair[0] < pair[1] } else { pair[0] > pair[1] };
        if decrease {
            searched.reverse();
        }
        (!edges[change..].windows(2).any(turns)).then_some(Self { searched, decrease })
    }

    pub fn digitize(&self, x: T, right: bool) -> u32 {
        let index = bisect(x, &self.searched, right);
        if self.decrease { self.searched.len() as u32 - index } else { index }
    }
}

/// Where a value belongs among knots in order, by counting those before it.
pub fn index_among<T: Float>(knots: &[T], x: T, side: Side) -> u32 {
    let index = match side {
        Side::Left => knots.partition_point(|&knot| less(knot, x)),
        Side::Right => knots.partition_point(|&knot| !less(x, knot)),
    };
    index as u32
}

fn bisect<T: Float>(x: T, knots: &[T], left: bool) -> u32 {
    let (mut low, mut high) = (0, knots.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let is_before = if left { less(knots[middle], x) } else { !less(x, knots[middle]) };
        if is_before { low = middle + 1 } else { high = middle }
    }
    low as u32
}
