//! The GPU's half: chooses among the kernels of `shaders/reduce/` and dispatches them.

use bytemuck::bytes_of;

use crate::engine::check::Outcome;
use crate::engine::gpu::encoder::{Binding, Encoder, Placeholder};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, constants, params, word};
use crate::engine::info::DeviceKind;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::reduce::op::{AxisSplit, Output, Reduce, Reduction, Weights};
use crate::kernels::tiles::{Tile, tiles};

/// Variances, from what their sums hold.
pub(crate) const VARIANCE: &str = include_str!("../../../../shaders/reduce/variance.wgsl");
/// A row shorter than this does not keep a workgroup busy.
const SHORTEST_ROW: u64 = WORKGROUP;
/// Neighbouring places of a line lie in pages of their own if they are this many elements apart, or nearly so.
const PAGE: u64 = 512;
/// How many pages an invocation walks through before its neighbour begins with the first of them. On llvmpipe averages
/// of 10,000 x 1,000 down axis 0 with full weights fell from 5.8 to 2.5 ns an element.
const MOST_PAGES: u64 = 512;
/// Parts of a line that read side by side. Alone each walked through pages of its own: 100 x 100,000 with full weights
/// took 3.5 ns an element instead of 1.5. All parts of a line in turns are worse: 4 x 4,000,000 took 4.7 instead of
/// 1.7.
const NEIGHBOURS: u64 = 8;
/// Lines and places of a block.
const BLOCK: u64 = 4;
/// No invocation takes more places than this: llvmpipe ends loops at 65,535 iterations, without a word.
pub(crate) const MOST_ITERATIONS: u64 = 32 << 10;
/// One invocation merges all parts of a line: more than this many take longer than what they save.
pub(crate) const MOST_PARTS: u64 = 1 << 10;
/// A part shorter than this many places an invocation costs more to merge than it gains.
pub(crate) const FEWEST_ITERATIONS: u64 = 32;

params! {
    struct ReduceParameters {
        /// Rows of this tile: an output each.
        outputs: u32,
        /// Of this tile.
        inner: u32,
        /// Elements of a row in this tile.
        reduce_len: u32,
        /// Into which a row is split.
        parts: u32,
        /// Elements of a part.
        part_len: u32,
        /// Elements from one outer index to the next.
        row_stride: u32,
        /// Elements from one index along the axis to the next.
        axis_stride: u32,
        /// Where the tile begins in the windows of values and weights.
        value_offset: u32,
        weight_offset: u32,
        /// Where its outputs begin in the windows of outputs and means.
        output_offset: u32,
        mean_offset: u32,
        /// Of this tile, among all outputs.
        first_output: u32,
        /// Of this tile, along the axis.
        first_index: u32,
        reduction: u32,
        /// 1: continue the partial states of the tile before.
        continue_partial: u32,
        /// 1: this tile has all of its rows, so the output is written.
        single_pass: u32,
        /// 1: a weight for each index along the axis, 0: one for each element.
        weights_along: u32,
        /// 1: the sums of weights are wanted too.
        has_sums: u32,
        /// 1: NaN values are left out.
        skip_nan: u32,
        /// Which word of the checks.
        check: u32,
        /// A zero that the compiler cannot know.
        opaque_zero: u32,
        /// 1: `fill` replaces an average whose sum of weights is zero, 0: the checks note it.
        has_fill: u32,
        nan: [u32; 2],
        infinity: [u32; 2],
        ddof: [u32; 2],
        fill: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [ReduceParameters::LAYOUT];

/// What a line is reduced by: which state its places are folded into, and what is bound besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StateKind {
    Plain,
    Weighted,
    Moments,
    ExtremeValue,
    ExtremePlace,
}

impl StateKind {
    pub fn of(operation: &Reduce) -> Self {
        match (operation.reduction, &operation.weights) {
            (Reduction::Var | Reduction::Std, _) => Self::Moments,
            (Reduction::Min | Reduction::Max, _) => Self::ExtremeValue,
            (Reduction::ArgMin | Reduction::ArgMax, _) => Self::ExtremePlace,
            (Reduction::Sum | Reduction::Mean | Reduction::Average, Weights::None) => Self::Plain,
            (Reduction::Sum | Reduction::Mean | Reduction::Average, _) => Self::Weighted,
        }
    }

    /// The arithmetic of its sums, if it has any.
    pub fn accumulator(self, sums: Accumulation) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Weighted | Self::Moments => Some(sums.fragment()),
            Self::ExtremeValue | Self::ExtremePlace => None,
        }
    }

    /// Its state, and what is made of it.
    pub fn fragments(self) -> Vec<&'static str> {
        let reductions = constants! {
            REDUCTION_MEAN = Reduction::Mean,
            REDUCTION_AVERAGE = Reduction::Average,
            REDUCTION_STD = Reduction::Std,
            REDUCTION_MIN = Reduction::Min,
            REDUCTION_ARGMIN = Reduction::ArgMin,
        };
        match self {
            Self::Plain => vec![reductions, include_str!("../../../../shaders/reduce/plain.wgsl")],
            Self::Weighted => vec![reductions, include_str!("../../../../shaders/reduce/weighted.wgsl")],
            Self::Moments => vec![reductions, VARIANCE, include_str!("../../../../shaders/reduce/moments.wgsl")],
            Self::ExtremeValue => vec![
                reductions,
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_value.wgsl"),
            ],
            Self::ExtremePlace => vec![
                reductions,
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_index.wgsl"),
            ],
        }
    }

    /// Merging reads states alone.
    fn access(self, is_merge: bool) -> &'static [Access] {
        use Access::{Absent, Read, ReadWrite};
        match (self, is_merge) {
            (Self::Plain | Self::ExtremeValue | Self::ExtremePlace, false) => &[Read, ReadWrite, ReadWrite],
            (Self::Plain | Self::ExtremeValue | Self::ExtremePlace, true) => &[Absent, ReadWrite, ReadWrite],
            (Self::Moments, false) => &[Read, ReadWrite, ReadWrite, Read],
            (Self::Moments, true) => &[Absent, ReadWrite, ReadWrite, Read],
            (Self::Weighted, false) => &[Read, ReadWrite, ReadWrite, Read, ReadWrite, ReadWrite],
            (Self::Weighted, true) => &[Absent, ReadWrite, ReadWrite, Absent, ReadWrite, ReadWrite],
        }
    }

    /// Bytes of a state in an array of them, as WGSL lays it out.
    pub fn state_bytes(self, element: FloatType, sums: Accumulation) -> u64 {
        let (accumulator, alignment) = match (sums, element) {
            (Accumulation::Widened, _) => (8, 8),
            (Accumulation::Compensated, FloatType::F64) => (16, 8),
            (Accumulation::Compensated, FloatType::F32) => (8, 4),
        };
        let word: u64 = 4;
        match self {
            Self::Plain => (accumulator + word).next_multiple_of(alignment),
            Self::Weighted => 2 * accumulator,
            Self::Moments => (2 * accumulator + word).next_multiple_of(alignment),
            Self::ExtremeValue | Self::ExtremePlace if element == FloatType::F64 => 16,
            Self::ExtremeValue | Self::ExtremePlace => 8,
        }
    }
}

/// What one invocation or workgroup takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Strategy {
    /// An invocation a line.
    Lines,
    /// A workgroup a row.
    Rows,
    /// An invocation four lines, each contiguous.
    BlocksAlong,
    /// An invocation four lines, side by side.
    BlocksAcross,
    /// Merging what either left.
    Merge,
}

/// How sums are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Accumulation {
    /// f32 in f64.
    Widened,
    /// In two numbers of the element's own type.
    Compensated,
}

impl Accumulation {
    /// Each element type with each way that some device sums it, for the tests that go through every kernel.
    #[cfg(test)]
    pub const OF_ELEMENTS: [(FloatType, Self); 3] =
        [(FloatType::F32, Self::Widened), (FloatType::F32, Self::Compensated), (FloatType::F64, Self::Compensated)];

    /// The arithmetic of sums.
    pub fn fragment(self) -> &'static str {
        match self {
            Self::Widened => include_str!("../../../../shaders/lib/accumulate_wide.wgsl"),
            Self::Compensated => wgsl::COMPENSATED,
        }
    }

    pub fn of(element: FloatType, encoder: &Encoder<'_>) -> Self {
        match element {
            FloatType::F32 if encoder.info().supports_f64 => Self::Widened,
            FloatType::F32 | FloatType::F64 => Self::Compensated,
        }
    }
}

/// What kernels for blocks know when they are compiled; to others it makes no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct ForBlocks {
    weights_along: bool,
    single_pass: bool,
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ReduceKernel {
    element: FloatType,
    sums: Accumulation,
    family: StateKind,
    regime: Strategy,
    blocks: ForBlocks,
}

impl Strategy {
    fn is_block(self) -> bool {
        matches!(self, Self::BlocksAlong | Self::BlocksAcross)
    }
}

impl ReduceKernel {
    fn fragments(self) -> Vec<&'static str> {
        let weighted = self.family == StateKind::Weighted;
        let mut fragments = vec![wgsl::element(self.element), wgsl::SPECIAL, ReduceParameters::DECLARED];
        fragments.extend(self.family.accumulator(self.sums));
        fragments.extend(self.family.fragments());
        fragments.push(include_str!("../../../../shaders/reduce/parameters.wgsl"));
        match (self.regime, weighted) {
            (Strategy::BlocksAlong | Strategy::BlocksAcross, _) => fragments.extend([
                include_str!("../../../../shaders/reduce/by_four.wgsl"),
                match weighted {
                    true => include_str!("../../../../shaders/reduce/by_four_weighted.wgsl"),
                    false => include_str!("../../../../shaders/reduce/by_four_unweighted.wgsl"),
                },
                match self.regime {
                    Strategy::BlocksAlong => include_str!("../../../../shaders/reduce/block_along.wgsl"),
                    _ => include_str!("../../../../shaders/reduce/block_across.wgsl"),
                },
                constants! { NEIGHBOURS = NEIGHBOURS },
            ]),
            (Strategy::Lines | Strategy::Rows, true) => {
                fragments.push(include_str!("../../../../shaders/reduce/by_one_weighted.wgsl"));
            }
            (Strategy::Lines | Strategy::Rows, false) => {
                fragments.push(include_str!("../../../../shaders/reduce/by_one.wgsl"));
            }
            (Strategy::Merge, _) => {}
        }
        match self.regime {
            Strategy::Rows => fragments.push(wgsl::workgroup()),
            _ => fragments.extend([wgsl::workgroup(), wgsl::GRID]),
        }
        fragments.push(match self.regime {
            Strategy::BlocksAlong | Strategy::BlocksAcross => include_str!("../../../../shaders/reduce/blocks.wgsl"),
            Strategy::Lines => include_str!("../../../../shaders/reduce/outputs.wgsl"),
            Strategy::Rows => include_str!("../../../../shaders/reduce/rows.wgsl"),
            Strategy::Merge => include_str!("../../../../shaders/reduce/merge.wgsl"),
        });
        fragments
    }
}

impl KernelKey for ReduceKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums, family, regime, blocks: ForBlocks { weights_along, single_pass } } = self;
        let mut constants = Vec::new();
        if regime.is_block() {
            constants.push(("SINGLE_PASS", f64::from(u8::from(single_pass))));
            if family == StateKind::Weighted {
                constants.push(("WEIGHTS_ALONG", f64::from(u8::from(weights_along))));
            }
        }
        let along = if weights_along { "_Along" } else { "" };
        let single = if single_pass { "_SinglePass" } else { "" };
        KernelSource {
            name: format!("reduce_{element}_{sums:?}_{family:?}_{regime:?}{along}{single}"),
            fragments: self.fragments(),
            constants,
            access: family.access(regime == Strategy::Merge),
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    states().into_iter().map(|(kernel, _)| kernel).collect()
}

/// The same with the bytes of a state, for the test that compares them with WGSL's.
#[cfg(test)]
pub(crate) fn states() -> Vec<(KernelSource, u64)> {
    let mut all = Vec::new();
    for (element, sums) in Accumulation::OF_ELEMENTS {
        for family in [
            StateKind::Plain,
            StateKind::Weighted,
            StateKind::Moments,
            StateKind::ExtremeValue,
            StateKind::ExtremePlace,
        ] {
            let mut push = |regime, blocks| {
                let kernel = ReduceKernel { element, sums, family, regime, blocks }.source();
                all.push((kernel, family.state_bytes(element, sums)));
            };
            for regime in [Strategy::Lines, Strategy::Rows, Strategy::Merge] {
                push(regime, ForBlocks::default());
            }
            for regime in [Strategy::BlocksAlong, Strategy::BlocksAcross] {
                for (weights_along, single_pass) in [(false, false), (false, true), (true, false), (true, true)] {
                    if family == StateKind::Weighted || !weights_along {
                        push(regime, ForBlocks { weights_along, single_pass });
                    }
                }
            }
        }
    }
    all
}

/// Into how many parts of how many places a line of a tile is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LaunchConfig {
    regime: Strategy,
    parts: u64,
    part_len: u64,
}

impl LaunchConfig {
    /// Chooses the regime and as many parts as the device needs to be busy. `blocks` says that values and weights can
    /// be loaded in blocks of four by four.
    ///
    /// Blocks are for software rasterisers alone (see `shaders/reduce/blocks.wgsl`); on hardware neighbours have to
    /// read side by side, and a workgroup's memory and barriers are cheap.
    fn choose(view: AxisSplit, outputs: u64, reduce_len: u64, kind: DeviceKind, blocks: bool) -> Self {
        let is_software = kind == DeviceKind::Software;
        let regime = match (view.inner == 1, is_software && blocks) {
            (true, true) if outputs >= BLOCK => Strategy::BlocksAlong,
            (false, true) => Strategy::BlocksAcross,
            (true, _) if reduce_len >= SHORTEST_ROW => Strategy::Rows,
            _ => Strategy::Lines,
        };
        // How many lines go together, and how many places at once.
        let (fold, together) = match regime {
            Strategy::BlocksAlong | Strategy::BlocksAcross => (BLOCK, BLOCK),
            Strategy::Rows => (1, WORKGROUP),
            Strategy::Lines | Strategy::Merge => (1, 1),
        };
        // A GPU hides latency with tens of thousands of invocations; a software rasteriser wants a few for each core.
        let busy = match regime {
            Strategy::BlocksAlong | Strategy::BlocksAcross => 1 << 8,
            Strategy::Rows => (if is_software { 1 << 10 } else { 1 << 16 }) / WORKGROUP,
            Strategy::Lines | Strategy::Merge => {
                if is_software {
                    1 << 10
                } else {
                    1 << 16
                }
            }
        };
        let wanted = match u64::div_ceil(busy, outputs.div_ceil(fold)) {
            parts if parts > 1 && regime == Strategy::BlocksAlong => parts.next_multiple_of(NEIGHBOURS),
            parts => parts,
        };
        let worthwhile = reduce_len / (together * FEWEST_ITERATIONS);
        let needed = match regime {
            // Rows as long as pages: a part of no more than what the processor remembers the addresses of.
            Strategy::BlocksAcross if view.inner as u64 >= PAGE => reduce_len.div_ceil(MOST_PAGES),
            _ => 0,
        };
        let needed = needed.min(MOST_PARTS).max(reduce_len.div_ceil(together * MOST_ITERATIONS));
        let parts = wanted.min(worthwhile).min(MOST_PARTS).max(needed).max(1);
        let part_len = reduce_len.div_ceil(parts).next_multiple_of(if fold == 1 { 1 } else { BLOCK });
        // Rounding up may leave the last parts empty.
        Self { regime, parts: reduce_len.div_ceil(part_len.max(1)).max(1), part_len }
    }

    fn groups(self, outputs: u64) -> u64 {
        match self.regime {
            Strategy::Rows => outputs * self.parts,
            Strategy::Lines => (outputs * self.parts).div_ceil(WORKGROUP),
            Strategy::BlocksAlong | Strategy::BlocksAcross => {
                (outputs.div_ceil(BLOCK) * self.parts).div_ceil(WORKGROUP)
            }
            Strategy::Merge => outputs.div_ceil(WORKGROUP),
        }
    }
}

pub(crate) fn reduce(operation: &Reduce, encoder: &Encoder<'_>) -> Result<()> {
    let view = operation.view;
    let sums = Accumulation::of(operation.dtype, encoder);
    let family = StateKind::of(operation);
    let state_bytes = family.state_bytes(operation.dtype, sums);
    let window = encoder.window_bytes() / operation.dtype.size();
    let widest = encoder.window_bytes() / state_bytes;
    let all = tiles(view.outer as u64, view.len as u64, view.inner as u64, window, widest);
    // Tiles of the same lines follow one another.
    for tiles in all.chunk_by(|one, next| one.outer == next.outer && one.inner == next.inner) {
        Lines { operation, encoder, sums, family, state_bytes }.run(tiles)?;
    }
    Ok(())
}

/// The reduction of the lines that some tiles share.
struct Lines<'a> {
    operation: &'a Reduce,
    encoder: &'a Encoder<'a>,
    sums: Accumulation,
    family: StateKind,
    state_bytes: u64,
}

/// One dispatch of it.
struct Step<'a> {
    tile: &'a Tile,
    split: LaunchConfig,
    outputs: u64,
    continue_partial: bool,
    single_pass: bool,
    partials: Binding<'a>,
}

/// The distance of two rows, or of two indices along the axis, for a kernel that sees `count` of them: it steps from
/// one to the next only where there are several, and those are within a window.
fn stride(count: u64, elements: usize) -> Result<u32> {
    if count > 1 { word(elements) } else { Ok(u32::try_from(elements).unwrap_or_default()) }
}

impl Lines<'_> {
    fn run(&self, tiles: &[Tile]) -> Result<()> {
        let Some(deepest) = tiles.first() else { return Ok(()) };
        let outputs = (deepest.outer.end - deepest.outer.start) * (deepest.inner.end - deepest.inner.start);
        let reduce_len = deepest.len.end - deepest.len.start;
        let kind = self.encoder.info().kind;
        let blocks = tiles.iter().try_fold(true, |all, tile| self.takes_blocks(tile).map(|takes| all && takes))?;
        let split = LaunchConfig::choose(self.operation.view, outputs, reduce_len, kind, blocks);
        let single_pass = split.parts == 1 && tiles.len() == 1;
        let partial_bytes = outputs * split.parts * self.state_bytes;
        let scratch = if single_pass { None } else { Some(self.encoder.scratch(partial_bytes)?) };
        let partials = match &scratch {
            Some(scratch) => Binding::start(scratch, partial_bytes),
            None => self.encoder.placeholder(Placeholder::Partials),
        };

        for (number, tile) in tiles.iter().enumerate() {
            self.dispatch(&Step { tile, split, outputs, continue_partial: number > 0, single_pass, partials })?;
        }
        if !single_pass {
            let split = LaunchConfig { regime: Strategy::Merge, ..split };
            self.dispatch(&Step { tile: deepest, split, outputs, continue_partial: false, single_pass, partials })?;
        }
        Ok(())
    }

    /// Whether every load of four values, or weights, of a tile begins at a multiple of four and has the memory it
    /// needs.
    fn takes_blocks(&self, tile: &Tile) -> Result<bool> {
        let Reduce { view, weights, .. } = self.operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let is_whole = |count: u64| count.is_multiple_of(BLOCK);
        let values = match inner {
            1 => is_whole(len) && is_whole(tile.len.start) && is_whole(tile.len.end),
            _ => is_whole(inner) && is_whole(tile.inner.start) && is_whole(tile.inner.end),
        };
        let weights = match weights {
            Weights::Shared(weights) => {
                let needed = tile.len.end.next_multiple_of(BLOCK) * self.operation.dtype.size();
                is_whole(tile.len.start) && needed <= weights.gpu()?.room()
            }
            Weights::None | Weights::PerElement(_) => true,
        };
        Ok(values && weights)
    }

    fn parameters(&self, step: &Step<'_>) -> Result<ReduceParameters> {
        let Reduce { view, reduction, weights, weight_sums, .. } = self.operation;
        let Step { tile, split, outputs, continue_partial, single_pass, .. } = step;
        let (rows, reduce_len) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        Ok(ReduceParameters {
            outputs: word(*outputs)?,
            inner: word(tile.inner.end - tile.inner.start)?,
            reduce_len: word(reduce_len)?,
            parts: word(split.parts)?,
            part_len: word(split.part_len)?,
            row_stride: stride(rows, view.len * view.inner)?,
            axis_stride: stride(reduce_len, view.inner)?,
            value_offset: 0,
            weight_offset: 0,
            output_offset: 0,
            mean_offset: 0,
            // For checks, which report the largest index for those beyond.
            first_output: u32::try_from(self.first_output(tile)).unwrap_or(u32::MAX),
            // For indices, which are refused along longer axes.
            first_index: u32::try_from(tile.len.start).unwrap_or(u32::MAX),
            reduction: *reduction as u32,
            continue_partial: (*continue_partial).into(),
            single_pass: (*single_pass).into(),
            weights_along: matches!(weights, Weights::Shared(_)).into(),
            has_sums: weight_sums.is_some().into(),
            skip_nan: self.operation.skip_nan.into(),
            check: match self.operation.check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { index, .. }) => *index,
                _ => 0,
            },
            opaque_zero: 0,
            has_fill: self.operation.fill.is_some().into(),
            nan: self.operation.dtype.nan(),
            infinity: self.operation.dtype.infinity(),
            ddof: self.operation.dtype.words(self.operation.ddof),
            fill: self.operation.fill.unwrap_or_default().0,
        })
    }

    fn first_output(&self, tile: &Tile) -> u64 {
        tile.outer.start * self.operation.view.inner as u64 + tile.inner.start
    }

    fn dispatch(&self, step: &Step<'_>) -> Result<()> {
        let Self { encoder, operation, .. } = self;
        let Step { tile, split, outputs, partials, .. } = step;
        let Reduce { view, values, weights, output, weight_sums, means, check, .. } = operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let size = operation.dtype.size();
        let first_output = self.first_output(tile);
        let reduce_len = tile.len.end - tile.len.start;
        let rows = tile.outer.end - tile.outer.start;
        let (first, count) = match (len, rows) {
            // Without places there are no elements to point at.
            (0, _) => (0, 0),
            (_, 1) => {
                let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
                (first, (reduce_len - 1) * inner + (tile.inner.end - tile.inner.start))
            }
            _ => (tile.outer.start * len * inner, rows * len * inner),
        };
        let mut parameters = self.parameters(step)?;
        let values = bind(&mut parameters.value_offset, encoder.window(values.gpu()?, first, count, size));
        let result = match output {
            Output::Values(output) => encoder.window(output.gpu()?, first_output, *outputs, size),
            Output::Indices(output) => encoder.window(output.gpu()?, first_output, *outputs, size_of::<u32>() as u64),
        };
        let is_merge = split.regime == Strategy::Merge;
        let mut bindings = if is_merge { vec![] } else { vec![values] };
        bindings.extend([*partials, bind(&mut parameters.output_offset, result)]);

        if let Some(means) = means {
            let means = encoder.window(means.gpu()?, first_output, *outputs, size);
            bindings.push(bind(&mut parameters.mean_offset, means));
        }
        let weights = match weights {
            Weights::None => None,
            Weights::Shared(weights) => {
                let mut window = encoder.window(weights.gpu()?, tile.len.start, reduce_len, size);
                window.0.round_up(BLOCK * size);
                Some(window)
            }
            Weights::PerElement(weights) => Some(encoder.window(weights.gpu()?, first, count, size)),
        };
        if let (Some(weights), StateKind::Weighted) = (weights, self.family) {
            let weights = bind(&mut parameters.weight_offset, weights);
            if !is_merge {
                bindings.push(weights);
            }
            bindings.push(match weight_sums {
                Some(sums) => encoder.window(sums.gpu()?, first_output, *outputs, size).0,
                None => encoder.placeholder(Placeholder::WeightSums),
            });
            bindings.push(match check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { buffer, .. }) => Binding::checks(buffer),
                _ => encoder.placeholder(Placeholder::Checks),
            });
        }
        let weights_along = matches!(self.operation.weights, Weights::Shared(_));
        let blocks = match split.regime.is_block() {
            true => ForBlocks {
                weights_along: weights_along && self.family == StateKind::Weighted,
                single_pass: step.single_pass,
            },
            false => ForBlocks::default(),
        };
        let (element, sums, family, regime) = (operation.dtype, self.sums, self.family, split.regime);
        let kernel = ReduceKernel { element, sums, family, regime, blocks };
        encoder.dispatch(kernel, bytes_of(&parameters), &bindings, split.groups(*outputs))
    }
}

/// Notes where the elements begin in a window.
fn bind<'a>(offset: &mut u32, (binding, before): (Binding<'a>, u32)) -> Binding<'a> {
    *offset = before;
    binding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_cover_the_line_and_stay_under_the_iteration_limit() {
        use DeviceKind::{DiscreteGpu, Software};
        for (kind, blocks) in [(DiscreteGpu, false), (DiscreteGpu, true), (Software, false), (Software, true)] {
            for inner in [1, 7] {
                for outputs in [1, 3, 1000, 1 << 20] {
                    for reduce_len in [0, 1, 63, 64, 65, 4095, 65_536, 10_000_001, (1 << 29) + 1] {
                        let view = AxisSplit { outer: 1, len: reduce_len as usize, inner };
                        let split = LaunchConfig::choose(view, outputs, reduce_len, kind, blocks);
                        let together = match split.regime {
                            Strategy::Rows => WORKGROUP,
                            Strategy::BlocksAlong | Strategy::BlocksAcross => BLOCK,
                            Strategy::Lines | Strategy::Merge => 1,
                        };
                        assert!(together != BLOCK || split.part_len.is_multiple_of(BLOCK), "{split:?}");
                        assert!(split.parts * split.part_len >= reduce_len, "{split:?}");
                        assert!(split.parts == 1 || (split.parts - 1) * split.part_len < reduce_len, "{split:?}");
                        assert!(split.part_len.div_ceil(together) <= MOST_ITERATIONS, "{split:?}");
                        assert!(split.parts <= MOST_ITERATIONS, "{split:?}");
                    }
                }
            }
        }
    }
}
