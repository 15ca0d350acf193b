//! Splits an array into pieces that fit into a shader's window.
//!
//! A GPU binds a limited part of a buffer at once (128 MiB or more). An array split as `[outer, len, inner]` is cut
//! into tiles of contiguous memory: whole outer indices, or part of the length of one, or part of the inner axis at one
//! index. Together they cover every element once, and the tiles of the same outputs are consecutive.

use std::ops::Range;

/// A piece of an array split as `[outer, len, inner]`. If it has more than one outer index, it has all of `len` and
/// `inner`; if it has more than one index along `len`, it has all of `inner`, or its memory includes elements in
/// between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub outer: Range<u64>,
    pub len: Range<u64>,
    pub inner: Range<u64>,
}

/// Tiles whose memory spans at most `window` elements, and whose outputs (`[outer, inner]`) are at most as many, or at
/// most `widest` where an output takes several tiles. None for an array without outputs. If `len` is 0, tiles cover the
/// outputs.
pub(crate) fn tiles(outer: u64, len: u64, inner: u64, window: u64, widest: u64) -> Vec<Tile> {
    let (window, widest) = (window.max(1), widest.clamp(1, window.max(1)));
    let mut result = Vec::new();
    if outer == 0 || inner == 0 {
        return result;
    }
    let row = len.saturating_mul(inner).max(inner);
    if row <= window {
        for outer in chunk_ranges(outer, window / row) {
            result.push(Tile { outer, len: 0..len, inner: 0..inner });
        }
        return result;
    }
    let width = inner.min(widest);
    // Several indices along `len` span the elements between them as well.
    let depth = (window - width) / inner + 1;
    for row in 0..outer {
        for inner in chunk_ranges(inner, width) {
            for len in chunk_ranges(len, depth) {
                result.push(Tile { outer: row..row + 1, len, inner: inner.clone() });
            }
        }
    }
    result
}

/// `0..end` in steps.
pub(crate) fn chunk_ranges(end: u64, step: u64) -> impl Iterator<Item = Range<u64>> {
    (0..end.div_ceil(step)).map(move |number| number * step..((number + 1) * step).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_everything_once_in_stretches_that_fit() {
        for (outer, len, inner) in [(1, 1, 1), (7, 5, 1), (1, 100, 1), (3, 4, 5), (2, 3, 100), (5, 1, 1), (1, 1, 90)] {
            for (window, widest) in [(1, 1), (2, 2), (3, 1), (10, 10), (10, 3), (64, 16), (1000, 1000), (1000, 7)] {
                let mut seen = vec![0; (outer * len * inner) as usize];
                for tile in tiles(outer, len, inner, window, widest) {
                    let place = |o: u64, l: u64, i: u64| (o * len + l) * inner + i;
                    let first = place(tile.outer.start, tile.len.start, tile.inner.start);
                    let last = place(tile.outer.end - 1, tile.len.end - 1, tile.inner.end - 1);
                    assert!(last - first < window, "{tile:?} of {outer} x {len} x {inner} in {window}");
                    for o in tile.outer.clone() {
                        for l in tile.len.clone() {
                            for i in tile.inner.clone() {
                                seen[place(o, l, i) as usize] += 1;
                            }
                        }
                    }
                }
                assert!(seen.iter().all(|&times| times == 1), "{outer} x {len} x {inner} in {window}");
            }
        }
    }

    #[test]
    fn nothing_along_the_axis_still_has_outputs() {
        assert_eq!(tiles(4, 0, 3, 100, 100), [Tile { outer: 0..4, len: 0..0, inner: 0..3 }]);
        assert!(tiles(0, 5, 3, 100, 100).is_empty());
        assert_eq!(tiles(2, 0, 3, 3, 3).len(), 2);
    }
}
