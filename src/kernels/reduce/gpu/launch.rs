//! How a reduction is launched on a GPU: what an invocation takes on, and into how many parts a row is split.

use crate::engine::gpu::wgsl::WORKGROUP;
use crate::engine::info::DeviceKind;
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
    /// Merging what either left.
    Merge,
}

impl Strategy {
    pub fn is_block(self) -> bool {
        matches!(self, Self::BlocksAlong | Self::BlocksAcross)
    }
}

/// How a row of a tile is split: into `parts` parts of `part_len` indices, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchConfig {
    pub strategy: Strategy,
    pub parts: u64,
    pub part_len: u64,
}

impl LaunchConfig {
    /// Chooses the strategy and as many parts as the device needs to be busy. `blocks` says that values and weights can
    /// be loaded in blocks of four by four.
    ///
    /// Blocks are for software rasterisers alone (see `shaders/reduce/blocks.wgsl`); on hardware neighbours have to
    /// read side by side, and a workgroup's memory and barriers are cheap.
    pub fn choose(view: AxisSplit, outputs: u64, reduce_len: u64, kind: DeviceKind, blocks: bool) -> Self {
        let is_software = kind == DeviceKind::Software;
        let strategy = match (view.inner == 1, is_software && blocks) {
            (true, true) if outputs >= BLOCK => Strategy::BlocksAlong,
            (false, true) => Strategy::BlocksAcross,
            (true, _) if reduce_len >= SHORTEST_ROW => Strategy::Rows,
            _ => Strategy::Outputs,
        };
        // How many rows go together, and how many indices at once.
        let (fold, together) = match strategy {
            Strategy::BlocksAlong | Strategy::BlocksAcross => (BLOCK, BLOCK),
            Strategy::Rows => (1, WORKGROUP),
            Strategy::Outputs | Strategy::Merge => (1, 1),
        };
        // A GPU hides latency with tens of thousands of invocations; a software rasteriser wants a few for each core.
        let busy = match strategy {
            Strategy::BlocksAlong | Strategy::BlocksAcross => 1 << 8,
            Strategy::Rows => (if is_software { 1 << 10 } else { 1 << 16 }) / WORKGROUP,
            Strategy::Outputs | Strategy::Merge => {
                if is_software {
                    1 << 10
                } else {
                    1 << 16
                }
            }
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
        Self { strategy, parts: reduce_len.div_ceil(part_len.max(1)).max(1), part_len }
    }

    pub fn groups(self, outputs: u64) -> u64 {
        match self.strategy {
            Strategy::Rows => outputs * self.parts,
            Strategy::Outputs => (outputs * self.parts).div_ceil(WORKGROUP),
            Strategy::BlocksAlong | Strategy::BlocksAcross => {
                (outputs.div_ceil(BLOCK) * self.parts).div_ceil(WORKGROUP)
            }
            Strategy::Merge => outputs.div_ceil(WORKGROUP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_row_and_stay_under_the_iteration_limit() {
        use DeviceKind::{DiscreteGpu, Software};
        for (kind, blocks) in [(DiscreteGpu, false), (DiscreteGpu, true), (Software, false), (Software, true)] {
            for inner in [1, 7] {
                for outputs in [1, 3, 1000, 1 << 20] {
                    for reduce_len in [0, 1, 63, 64, 65, 4095, 65_536, 10_000_001, (1 << 29) + 1] {
                        let view = AxisSplit { outer: 1, len: reduce_len as usize, inner };
                        let launch = LaunchConfig::choose(view, outputs, reduce_len, kind, blocks);
                        let together = match launch.strategy {
                            Strategy::Rows => WORKGROUP,
                            Strategy::BlocksAlong | Strategy::BlocksAcross => BLOCK,
                            Strategy::Outputs | Strategy::Merge => 1,
                        };
                        assert!(together != BLOCK || launch.part_len.is_multiple_of(BLOCK), "{launch:?}");
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
