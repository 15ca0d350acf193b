//! How a reduction is launched on a GPU: what an invocation takes on, and into how many parts a row is split.

use crate::engine::gpu::wgsl::{QUAD, WORKGROUP};
use crate::kernels::reduce::op::AxisSplit;

/// A row shorter than this does not keep a workgroup busy.
const SHORTEST_ROW: u64 = WORKGROUP;
/// Neighbouring elements of a row lie in pages of their own if they are this many elements apart, or nearly so.
const PAGE: u64 = 512;
/// How many pages an invocation walks through before its neighbour begins with the first of them (notebook 2026-11:
/// short parts down axis 0).
const MOST_PAGES: u64 = 512;
/// Parts of a row that read side by side: alone each walks through pages of its own, and all parts of a row in turns
/// are worse (notebook 2026-11: eight neighbours take turns along a row).
pub(crate) const NEIGHBOURS: u64 = 8;
/// Rows and indices of a block.
pub(crate) const BLOCK: u64 = 4;
/// No invocation takes more indices than this: llvmpipe ends loops at 65,535 iterations, without a word.
pub(crate) const MOST_ITERATIONS: u64 = 32 << 10;
/// One invocation merges all parts of a row: more than this many take longer than what they save.
pub(crate) const MOST_PARTS: u64 = 1 << 10;
/// A part shorter than this many indices an invocation costs more to merge than it gains.
pub(crate) const FEWEST_ITERATIONS: u64 = 32;

/// Lanes of a workgroup that share rows, for hardware: of so many most GPUs can have eight under way on each of their
/// multiprocessors.
pub(crate) const LANES: u64 = 256;
/// How many lanes keep a GPU's memory busy, each with 64 bytes under way: 8 MB. An H100 wants 2 (notebook 2026-11:
/// sixteen values a turn).
const BUSY_LANES: u64 = 1 << 17;
/// Neighbouring lanes that read side by side, at least: 128 bytes by fours, what caches hold at once.
const FEWEST_NEIGHBOURS: u64 = 8;
/// A part of fewer turns costs more to merge than it gains.
const FEWEST_TURNS: u64 = 4;

/// What one invocation or workgroup takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Strategy {
    /// An invocation a row.
    Outputs,
    /// A workgroup a row.
    Rows,
    /// An invocation four rows, each contiguous.
    BlocksAlong,
    /// An invocation four rows, side by side.
    BlocksAcross,
    /// Merging what any of these left.
    Merge,
    /// For hardware: some lanes of a workgroup share a row, or four, each contiguous.
    LanesAlong,
    /// The same of rows that lie side by side.
    LanesAcross,
    /// Merging what either left.
    MergeLanes,
}

impl Strategy {
    pub fn is_block(self) -> bool {
        matches!(self, Self::BlocksAlong | Self::BlocksAcross)
    }

    pub fn is_lanes(self) -> bool {
        matches!(self, Self::LanesAlong | Self::LanesAcross)
    }

    pub fn is_merge(self) -> bool {
        matches!(self, Self::Merge | Self::MergeLanes)
    }
}

/// How a row of a tile is split: into `parts` parts of `part_len` indices, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchConfig {
    pub strategy: Strategy,
    pub parts: u64,
    pub part_len: u64,
    /// Lanes with neighbouring elements, as a power of two.
    pub lane_bits: u32,
    /// Whether a lane has four rows.
    pub four_rows: bool,
    /// Whether four elements are loaded at once.
    pub by_four: bool,
}

impl LaunchConfig {
    /// Chooses the strategy and as many parts as the device needs to be busy. `lanes` says that lanes of a
    /// workgroup may share rows, `by_four` that values and weights can be loaded in fours.
    ///
    /// Blocks are for software rasterisers alone (see `shaders/reduce/blocks.wgsl`); on hardware neighbours have to
    /// read side by side, and a workgroup's memory and barriers are cheap.
    pub fn choose(view: AxisSplit, outputs: u64, reduce_len: u64, lanes: bool, by_four: bool) -> Self {
        match (lanes, view.inner) {
            (false, _) => Self::of_invocations(view, outputs, reduce_len, by_four),
            (true, 1) => Self::along(outputs, reduce_len, by_four),
            (true, _) => Self::across(outputs, reduce_len, by_four),
        }
    }

    /// For hardware, rows in one piece.
    fn along(outputs: u64, reduce_len: u64, by_four: bool) -> Self {
        // Rows past the end are read all the same.
        let four_rows = outputs >= 16 || outputs.is_multiple_of(QUAD);
        let folds = outputs.div_ceil(if four_rows { QUAD } else { 1 });
        // As few lanes a row as keep the device busy: what each has folded, it has not to merge.
        let mut lanes = reduce_len.div_ceil(QUAD).next_power_of_two().clamp(1, LANES);
        while lanes > FEWEST_NEIGHBOURS && folds * (lanes / 2) >= BUSY_LANES {
            lanes /= 2;
        }
        let turn = lanes * QUAD * if four_rows { 1 } else { QUAD };
        let under_way = folds.next_multiple_of(LANES / lanes) * lanes;
        Self::of_lanes(Strategy::LanesAlong, reduce_len, turn, under_way, lanes, four_rows, by_four)
    }

    /// For hardware, rows side by side.
    fn across(outputs: u64, reduce_len: u64, by_four: bool) -> Self {
        let folds = outputs.div_ceil(if by_four { QUAD } else { 1 });
        // As many lanes side by side as there are rows, unless more lanes have to share one.
        let mut lanes = folds.next_power_of_two().clamp(1, LANES);
        while lanes > 4 * FEWEST_NEIGHBOURS && folds.next_multiple_of(lanes) * (LANES / lanes) < BUSY_LANES {
            lanes /= 2;
        }
        let turn = LANES / lanes * QUAD * if by_four { 1 } else { QUAD };
        let under_way = folds.div_ceil(lanes) * LANES;
        Self::of_lanes(Strategy::LanesAcross, reduce_len, turn, under_way, lanes, by_four, by_four)
    }

    fn of_lanes(
        strategy: Strategy,
        reduce_len: u64,
        turn: u64,
        under_way: u64,
        lanes: u64,
        four_rows: bool,
        by_four: bool,
    ) -> Self {
        let wanted = BUSY_LANES.div_ceil(under_way);
        let worthwhile = reduce_len / (turn * FEWEST_TURNS);
        let needed = reduce_len.div_ceil(turn * MOST_ITERATIONS);
        let parts = wanted.min(worthwhile).min(MOST_PARTS).max(needed).max(1);
        // Whole turns, but for the last.
        let part_len = reduce_len.div_ceil(parts).next_multiple_of(turn).max(turn);
        let parts = reduce_len.div_ceil(part_len).max(1);
        Self { strategy, parts, part_len, lane_bits: lanes.ilog2(), four_rows, by_four }
    }

    /// Merging the parts of rows.
    pub fn merge(self, outputs: u64) -> Self {
        if !self.strategy.is_lanes() {
            return Self { strategy: Strategy::Merge, ..self };
        }
        // Lanes side by side: all that do not share a row, and no more than there are rows.
        let sharing = self.parts.next_power_of_two().min(LANES);
        let lanes = (LANES / sharing).min(outputs.next_power_of_two());
        Self { strategy: Strategy::MergeLanes, lane_bits: lanes.ilog2(), four_rows: false, ..self }
    }

    /// For software rasterisers: invocations that share nothing, if `blocks` can be loaded.
    fn of_invocations(view: AxisSplit, outputs: u64, reduce_len: u64, blocks: bool) -> Self {
        let strategy = match (view.inner == 1, blocks) {
            (true, true) if outputs >= BLOCK => Strategy::BlocksAlong,
            (false, true) => Strategy::BlocksAcross,
            (true, _) if reduce_len >= SHORTEST_ROW => Strategy::Rows,
            _ => Strategy::Outputs,
        };
        // How many rows go together, and how many indices at once.
        let (fold, together) = match strategy {
            Strategy::BlocksAlong | Strategy::BlocksAcross => (BLOCK, BLOCK),
            Strategy::Rows => (1, WORKGROUP),
            _ => (1, 1),
        };
        // A software rasteriser wants a few for each core.
        let busy = match strategy {
            Strategy::BlocksAlong | Strategy::BlocksAcross => 1 << 8,
            Strategy::Rows => (1 << 10) / WORKGROUP,
            _ => 1 << 10,
        };
        let wanted = match u64::div_ceil(busy, outputs.div_ceil(fold)) {
            parts if parts > 1 && strategy == Strategy::BlocksAlong => parts.next_multiple_of(NEIGHBOURS),
            parts => parts,
        };
        let worthwhile = reduce_len / (together * FEWEST_ITERATIONS);
        let needed = match strategy {
            // Rows as long as pages: a part of no more than what the processor remembers the addresses of.
            Strategy::BlocksAcross if view.inner as u64 >= PAGE => reduce_len.div_ceil(MOST_PAGES),
            _ => 0,
        };
        let needed = needed.min(MOST_PARTS).max(reduce_len.div_ceil(together * MOST_ITERATIONS));
        let parts = wanted.min(worthwhile).min(MOST_PARTS).max(needed).max(1);
        let part_len = reduce_len.div_ceil(parts).next_multiple_of(if fold == 1 { 1 } else { BLOCK });
        // Rounding up may leave the last parts empty.
        let parts = reduce_len.div_ceil(part_len.max(1)).max(1);
        Self { strategy, parts, part_len, lane_bits: 0, four_rows: false, by_four: strategy.is_block() }
    }

    pub fn groups(self, outputs: u64) -> u64 {
        match self.strategy {
            Strategy::Rows => outputs * self.parts,
            Strategy::Outputs => (outputs * self.parts).div_ceil(WORKGROUP),
            Strategy::BlocksAlong | Strategy::BlocksAcross => {
                (outputs.div_ceil(BLOCK) * self.parts).div_ceil(WORKGROUP)
            }
            Strategy::Merge => outputs.div_ceil(WORKGROUP),
            Strategy::LanesAlong => {
                let rows = (LANES >> self.lane_bits) * if self.four_rows { QUAD } else { 1 };
                outputs.div_ceil(rows) * self.parts
            }
            Strategy::LanesAcross => {
                let rows = (1 << self.lane_bits) * if self.four_rows { QUAD } else { 1 };
                outputs.div_ceil(rows) * self.parts
            }
            Strategy::MergeLanes => outputs.div_ceil(1 << self.lane_bits),
        }
    }
}

#[cfg(test)]
impl LaunchConfig {
    /// How many indices of a row go in one turn.
    fn together(self) -> u64 {
        let stretches = if self.four_rows { 1 } else { QUAD };
        match self.strategy {
            Strategy::Rows => WORKGROUP,
            Strategy::BlocksAlong | Strategy::BlocksAcross => BLOCK,
            Strategy::LanesAlong => (1 << self.lane_bits) * QUAD * stretches,
            Strategy::LanesAcross => (LANES >> self.lane_bits) * QUAD * stretches,
            Strategy::Outputs | Strategy::Merge | Strategy::MergeLanes => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_row_and_stay_under_the_iteration_limit() {
        for (lanes, by_four) in [(true, false), (true, true), (false, false), (false, true)] {
            for inner in [1, 7] {
                for outputs in [1, 3, 1000, 1 << 20] {
                    for reduce_len in [0, 1, 63, 64, 65, 4095, 65_536, 10_000_001, (1 << 29) + 1] {
                        let view = AxisSplit { outer: 1, len: reduce_len as usize, inner };
                        let launch = LaunchConfig::choose(view, outputs, reduce_len, lanes, by_four);
                        let together = launch.together();
                        assert!(!launch.by_four || launch.part_len.is_multiple_of(BLOCK), "{launch:?}");
                        assert!(launch.parts * launch.part_len >= reduce_len, "{launch:?}");
                        assert!(launch.parts == 1 || (launch.parts - 1) * launch.part_len < reduce_len, "{launch:?}");
                        assert!(launch.part_len.div_ceil(together) <= MOST_ITERATIONS, "{launch:?}");
                        assert!(launch.parts <= MOST_ITERATIONS, "{launch:?}");
                    }
                }
            }
        }
    }
}
