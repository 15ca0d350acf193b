//! How a reduction is cut into tasks: blocks of neighbouring outputs and, where outputs are few and long, parts of the
//! reduced axis.

use std::ops::Range;

use crate::kernels::reduce::cpu::columns::INDICES_AT_ONCE;
use crate::kernels::reduce::cpu::reducer::Block;
use crate::kernels::reduce::cpu::rows::ROWS_AT_ONCE;
use crate::kernels::reduce::cpu::totals::LANES;
use crate::kernels::reduce::op::AxisSplit;
use crate::kernels::tiles::chunk_ranges;

/// Elements that one task reduces: some 40 µs of work. Waking a sleeping thread costs 10 to 100 µs, so the calling
/// thread finishes less than two tasks sooner alone.
const ELEMENTS_PER_TASK: usize = 128 << 10;
/// Elements that one task reduces if it computes them first, which takes several times as long as reducing them.
const PRODUCED_PER_TASK: usize = 16 << 10;
/// Outputs of one task, whose partial results have to stay in the cache.
const OUTPUTS_PER_TASK: usize = 16 << 10;
/// Columns of one task: a page of f32 at a time from each index, and sums that stay in the L1 cache.
const COLUMNS_PER_TASK: usize = 1024;
/// With at least this many blocks the reduced axis is not cut.
const ENOUGH_TASKS: usize = 64;
/// Elements of a part, over all outputs of its block: parts have to be merged, so there should be few of them.
const ELEMENTS_PER_PART: usize = 64 << 10;

/// The tasks of a reduction: each block times each part.
pub(crate) struct Tiling {
    /// In the order of their outputs, covering all of them.
    pub blocks: Vec<Block>,
    /// In order, covering the reduced axis.
    pub parts: Vec<Range<usize>>,
}

impl Tiling {
    /// Depends on the shape alone, so that results do not depend on the number of cores. `produced`: whether the values
    /// are computed on the fly.
    pub fn new(view: AxisSplit, produced: bool) -> Self {
        let blocks = blocks(view, if produced { PRODUCED_PER_TASK } else { ELEMENTS_PER_TASK });
        let parts = parts(view, blocks.len());
        Self { blocks, parts }
    }
}

fn blocks(AxisSplit { outer, len, inner }: AxisSplit, elements_per_task: usize) -> Vec<Block> {
    // The kernels take in several contiguous rows at once.
    let fewest = if inner == 1 { ROWS_AT_ONCE } else { 1 };
    let outputs = (elements_per_task / len.max(1)).clamp(fewest, OUTPUTS_PER_TASK);
    if inner <= outputs {
        let rows = ranges(outer, outputs / inner.max(1));
        return rows.map(|outer| Block { first_output: outer.start * inner, outer, inner: 0..inner }).collect();
    }
    let most = outputs.max(COLUMNS_PER_TASK);
    let width = inner.div_ceil(inner.div_ceil(most)).next_multiple_of(LANES);
    let blocks_of = |row: usize| {
        ranges(inner, width).map(move |columns| Block {
            first_output: row * inner + columns.start,
            outer: row..row + 1,
            inner: columns,
        })
    };
    (0..outer).flat_map(blocks_of).collect()
}

fn parts(view: AxisSplit, blocks: usize) -> Vec<Range<usize>> {
    let len = view.len;
    let outputs_per_block = view.outputs().div_ceil(blocks.max(1)).max(1);
    let part_len = (ELEMENTS_PER_PART / outputs_per_block).max(len / ENOUGH_TASKS);
    let part_len = part_len.next_multiple_of(LANES.max(INDICES_AT_ONCE));
    if blocks >= ENOUGH_TASKS || len < 4 * part_len {
        return std::iter::once(0..len).collect();
    }
    ranges(len, part_len).collect()
}

/// Cuts `0..len` into ranges of some length and a shorter last one.
pub(crate) fn ranges(len: usize, step: usize) -> impl Iterator<Item = Range<usize>> {
    chunk_ranges(len as u64, step as u64).map(|range| range.start as usize..range.end as usize)
}

/// Cuts outputs into those of each block.
pub(crate) fn split_outputs<'a, T>(mut output: &'a mut [T], blocks: &[Block]) -> Vec<&'a mut [T]> {
    let mut pieces = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (piece, rest) = output.split_at_mut(block.outputs());
        pieces.push(piece);
        output = rest;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_cover_every_output_and_every_index_once() {
        let views =
            [(1, 0, 1), (0, 5, 3), (3, 5, 0), (1, 1 << 22, 1), (2, 1 << 20, 3), (7, 3, 40_000), (300_000, 8, 1)];
        for (outer, len, inner) in views {
            for produced in [false, true] {
                let view = AxisSplit { outer, len, inner };
                let Tiling { blocks, parts } = Tiling::new(view, produced);
                let mut next = 0;
                for block in &blocks {
                    assert_eq!(block.first_output, next, "{view:?}");
                    assert_eq!(block.first_output, block.outer.start * inner + block.inner.start, "{view:?}");
                    assert!(block.inner == (0..inner) || block.outer.len() == 1, "{view:?}: {block:?}");
                    next += block.outputs();
                }
                assert_eq!(next, view.outputs(), "{view:?}");
                assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, len), "{view:?}");
                assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{view:?}: {parts:?}");
            }
        }
    }

    #[test]
    fn few_long_outputs_are_cut_along_the_reduced_axis() {
        let parts = |outer, len, inner| Tiling::new(AxisSplit { outer, len, inner }, false).parts.len();
        assert_eq!(parts(1, 1 << 24, 1), 64);
        assert!(parts(1, 1 << 20, 3) > 1);
        assert_eq!(parts(1000, 1 << 14, 1), 1);
        assert_eq!(parts(1, 1 << 17, 1), 1);
    }
}
