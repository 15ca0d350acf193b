//! Bin edges by NumPy's rule: whether they increase or decrease, and, with NaN among them, sorted edges that define the
//! same bins.

use crate::element::Float;

/// Whether edges increase; `None` if they neither increase nor decrease. The first two that differ decide, and a step
/// to or from NaN is not an increase; after them only a step in the other direction is refused, and NaN takes part in
/// none.
pub(crate) fn increase<T: Float>(edges: &[T]) -> Option<bool> {
    let Some(change) = edges.windows(2).position(|pair| pair[0] != pair[1]) else { return Some(true) };
    let increases = edges[change] < edges[change + 1];
    let mut later = edges[change + 1..].windows(2);
    let turns = later.any(|pair| if increases { pair[0] > pair[1] } else { pair[0] < pair[1] });
    (!turns).then_some(increases)
}

/// Rewrites edges in sorted order, such that a search among them ends where NumPy's bisection of the original edges
/// ends, whatever their order.
///
/// A bisection compares each value with a sequence of edges. An edge outside of the bounds set by those before it
/// compares with every value that reaches it as the nearer bound does, so it can be replaced by that bound.
pub(crate) fn settle<T: Float>(edges: &mut [T]) {
    between(edges, None, None);
}

fn between<T: Float>(edges: &mut [T], low: Option<T>, high: Option<T>) {
    let middle = edges.len() / 2;
    let (before, [edge, after @ ..]) = edges.split_at_mut(middle) else { return };
    if let Some(low) = low.filter(|low| edge.key() < low.key()) {
        *edge = low;
    }
    if let Some(high) = high.filter(|high| edge.key() > high.key()) {
        *edge = high;
    }
    between(before, low, Some(*edge));
    between(after, Some(*edge), high);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    fn key<T: Float>(number: T) -> T::Key {
        number.key()
    }

    #[test]
    fn the_first_change_decides_and_a_step_to_nan_is_no_increase() {
        for edges in [&[] as &[f64], &[NAN], &[2.0, 2.0], &[0.0, 1.0, NAN], &[0.0, -0.0, 1.0, 1.0]] {
            assert_eq!(increase(edges), Some(true), "{edges:?}");
        }
        for edges in [&[2.5, NAN] as &[f64], &[4.0, 4.0, NAN], &[NAN, 3.0, 2.0], &[NAN, NAN], &[0.0, NAN, 1.0]] {
            assert_eq!(increase(edges), Some(false), "{edges:?}");
        }
        for edges in [&[NAN, 0.0, 1.0] as &[f64], &[0.0, 2.0, 1.0], &[2.0, 1.0, NAN, 1.0, 1.5]] {
            assert_eq!(increase(edges), None, "{edges:?}");
        }
    }

    /// NumPy's bisection of one value: the number of edges before it.
    fn bisected(edges: &[f64], x: f64, left: bool) -> usize {
        let less = |a: f64, b: f64| a < b || (b.is_nan() && !a.is_nan());
        let (mut low, mut high) = (0, edges.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let is_before = if left { less(edges[middle], x) } else { !less(x, edges[middle]) };
            if is_before { low = middle + 1 } else { high = middle }
        }
        low
    }

    #[test]
    fn settled_edges_give_what_bisecting_the_others_gives() {
        let (numbers, x) = ([-1.0, 0.0, 1.0, NAN], [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 9.0, NAN]);
        for code in 0..4_usize.pow(7) {
            let edges: Vec<f64> = (0..code % 8).map(|at| numbers[code / 4_usize.pow(at as u32) % 4]).collect();
            let mut settled = edges.clone();
            settle(&mut settled);
            assert!(settled.is_sorted_by_key(|&edge| key(edge)));
            for (x, left) in x.iter().flat_map(|&x| [(x, false), (x, true)]) {
                let got = bisected(&settled, x, left);
                assert_eq!(got, bisected(&edges, x, left), "{x} among {edges:?}, {settled:?}");
                let is_before = |&edge: &f64| if left { key(edge) < key(x) } else { key(edge) <= key(x) };
                assert_eq!(got, settled.partition_point(is_before), "{x} among {settled:?}");
            }
        }
    }
}
