//! The GPU's half: chooses among the kernels of `shaders/reduce/` and dispatches them.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::ElementType;
use crate::engine::check::Outcome;
use crate::engine::gpu::encoder::{Binding, Commands};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::engine::info::DeviceKind;
use crate::error::Result;
use crate::kernels::reduce::op::{Finish, Output, Reduce, View, Weights};
use crate::kernels::tiles::{Tile, tiles};

/// Variances, from what their sums hold.
pub(crate) const SPREAD: &str = include_str!("../../../../shaders/reduce/spread.wgsl");
/// The names of what is made of a line.
pub(crate) const FINISH: &str = include_str!("../../../../shaders/reduce/finish.wgsl");
/// A row shorter than this does not keep a workgroup busy.
const SHORTEST_ROW: u64 = WORKGROUP;
/// Neighbouring places of a line lie in pages of their own if they are this many elements apart, or nearly so.
const PAGE: u64 = 512;
/// How many pages an invocation walks through before its neighbour begins with the first of them. On llvmpipe averages of
/// 10,000 x 1,000 down axis 0 with full weights fell from 5.8 to 2.5 ns an element.
const MOST_PAGES: u64 = 512;
/// Parts of a line that read side by side. Alone each walked through pages of its own: 100 x 100,000 with full weights took
/// 3.5 ns an element instead of 1.5. All parts of a line in turns are worse: 4 x 4,000,000 took 4.7 instead of 1.7.
const NEIGHBOURS: u64 = 8;
/// Lines and places of a block.
const BLOCK: u64 = 4;
/// No invocation takes more places than this: llvmpipe ends loops at 65,535 iterations, without a word.
pub(crate) const MOST_ITERATIONS: u64 = 32 << 10;
/// One invocation merges all parts of a line: more than this many take longer than what they save.
pub(crate) const MOST_PARTS: u64 = 1 << 10;
/// A part shorter than this many places an invocation costs more to merge than it gains.
pub(crate) const FEWEST_ITERATIONS: u64 = 32;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    lines: u32,
    inner: u32,
    places: u32,
    parts: u32,
    part_places: u32,
    row_stride: u32,
    place_stride: u32,
    value_shift: u32,
    weight_shift: u32,
    output_shift: u32,
    mean_shift: u32,
    first_line: u32,
    first_place: u32,
    finish: u32,
    resume: u32,
    direct: u32,
    weights_along: u32,
    has_sums: u32,
    skip_nan: u32,
    check: u32,
    zero: u32,
    has_fill: u32,
    nan: [u32; 2],
    infinity: [u32; 2],
    ddof: [u32; 2],
    fill: [u32; 2],
}

/// What a line is reduced by: which state its places are folded into, and what is bound besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    Plain,
    Weighted,
    Moments,
    ExtremeValue,
    ExtremePlace,
}

impl Family {
    pub fn of(operation: &Reduce) -> Self {
        match (operation.finish, &operation.weights) {
            (Finish::Var | Finish::Std, _) => Self::Moments,
            (Finish::Min | Finish::Max, _) => Self::ExtremeValue,
            (Finish::ArgMin | Finish::ArgMax, _) => Self::ExtremePlace,
            (Finish::Sum | Finish::Mean | Finish::Average, Weights::None) => Self::Plain,
            (Finish::Sum | Finish::Mean | Finish::Average, _) => Self::Weighted,
        }
    }

    pub fn fragments(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[include_str!("../../../../shaders/reduce/plain.wgsl")],
            Self::Weighted => &[include_str!("../../../../shaders/reduce/weighted.wgsl")],
            Self::Moments => &[SPREAD, include_str!("../../../../shaders/reduce/moments.wgsl")],
            Self::ExtremeValue => &[
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_value.wgsl"),
            ],
            Self::ExtremePlace => &[
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_place.wgsl"),
            ],
        }
    }

    fn access(self) -> &'static [Access] {
        use Access::{Read, ReadWrite};
        match self {
            Self::Plain | Self::ExtremeValue | Self::ExtremePlace => &[Read, ReadWrite, ReadWrite],
            Self::Moments => &[Read, ReadWrite, ReadWrite, Read],
            Self::Weighted => &[Read, ReadWrite, ReadWrite, Read, ReadWrite, ReadWrite],
        }
    }

    /// Bytes of a state in an array of them, as WGSL lays it out.
    pub fn state_bytes(self, element: ElementType, sums: Sums) -> u64 {
        let (accumulator, alignment) = match (sums, element) {
            (Sums::Wide, _) => (8, 8),
            (Sums::Compensated, ElementType::F64) => (16, 8),
            (Sums::Compensated, _) => (8, 4),
        };
        let word: u64 = 4;
        match self {
            Self::Plain => (accumulator + word).next_multiple_of(alignment),
            Self::Weighted => 2 * accumulator,
            Self::Moments => (2 * accumulator + word).next_multiple_of(alignment),
            Self::ExtremeValue | Self::ExtremePlace if element == ElementType::F64 => 16,
            Self::ExtremeValue | Self::ExtremePlace => 8,
        }
    }
}

/// What one invocation or workgroup takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Regime {
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
pub(crate) enum Sums {
    /// f32 in f64.
    Wide,
    /// In two numbers of the element's own type.
    Compensated,
}

impl Sums {
    /// The arithmetic of sums.
    pub fn fragment(self) -> &'static str {
        match self {
            Self::Wide => include_str!("../../../../shaders/lib/accumulate_wide.wgsl"),
            Self::Compensated => wgsl::COMPENSATED,
        }
    }

    pub fn of(element: ElementType, commands: &Commands<'_>) -> Self {
        match element {
            ElementType::F32 if commands.info().supports_f64 => Self::Wide,
            _ => Self::Compensated,
        }
    }
}

/// What kernels for blocks know when they are compiled; to others it makes no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct ForBlocks {
    weights_along: bool,
    direct: bool,
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ReduceKernel {
    element: ElementType,
    sums: Sums,
    family: Family,
    regime: Regime,
    blocks: ForBlocks,
}

impl Regime {
    fn is_block(self) -> bool {
        matches!(self, Self::BlocksAlong | Self::BlocksAcross)
    }
}

impl KernelKey for ReduceKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums, family, regime, blocks: ForBlocks { weights_along, direct } } = self;
        let mut fragments = vec![
            wgsl::element(element),
            wgsl::SPECIAL,
            wgsl::GRID,
            sums.fragment(),
            FINISH,
            include_str!("../../../../shaders/reduce/parameters.wgsl"),
        ];
        fragments.extend(family.fragments());
        let weighted = family == Family::Weighted;
        if regime.is_block() {
            fragments.push(match direct {
                true => "const DIRECT = true;",
                false => "const DIRECT = false;",
            });
            fragments.push(match weights_along {
                true => "const WEIGHTS_ALONG = true;",
                false => "const WEIGHTS_ALONG = false;",
            });
            fragments.push(include_str!("../../../../shaders/reduce/by_four.wgsl"));
            fragments.push(match weighted {
                true => include_str!("../../../../shaders/reduce/by_four_weighted.wgsl"),
                false => include_str!("../../../../shaders/reduce/by_four_alone.wgsl"),
            });
        } else {
            fragments.push(include_str!("../../../../shaders/reduce/by_one.wgsl"));
            fragments.push(match weighted {
                true => include_str!("../../../../shaders/reduce/by_one_weighted.wgsl"),
                false => include_str!("../../../../shaders/reduce/by_one_alone.wgsl"),
            });
        }
        match regime {
            Regime::BlocksAlong => fragments.push(include_str!("../../../../shaders/reduce/block_along.wgsl")),
            Regime::BlocksAcross => fragments.push(include_str!("../../../../shaders/reduce/block_across.wgsl")),
            Regime::Lines | Regime::Rows | Regime::Merge => {}
        }
        fragments.push(match regime {
            Regime::BlocksAlong | Regime::BlocksAcross => include_str!("../../../../shaders/reduce/blocks.wgsl"),
            Regime::Lines => include_str!("../../../../shaders/reduce/lines.wgsl"),
            Regime::Rows => include_str!("../../../../shaders/reduce/rows.wgsl"),
            Regime::Merge => include_str!("../../../../shaders/reduce/merge.wgsl"),
        });
        let along = if weights_along { "_Along" } else { "" };
        let direct = if direct { "_Direct" } else { "" };
        let name = format!("reduce_{element}_{sums:?}_{family:?}_{regime:?}{along}{direct}");
        KernelSource { name, fragments, constants: Vec::new(), access: family.access() }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let mut all = Vec::new();
    let source =
        |element, sums, family, regime, blocks| ReduceKernel { element, sums, family, regime, blocks }.source();
    for (element, sums) in
        [(ElementType::F32, Sums::Wide), (ElementType::F32, Sums::Compensated), (ElementType::F64, Sums::Compensated)]
    {
        for family in [Family::Plain, Family::Weighted, Family::Moments, Family::ExtremeValue, Family::ExtremePlace] {
            for regime in [Regime::Lines, Regime::Rows, Regime::Merge] {
                all.push(source(element, sums, family, regime, ForBlocks::default()));
            }
            for regime in [Regime::BlocksAlong, Regime::BlocksAcross] {
                for (weights_along, direct) in [(false, false), (false, true), (true, false), (true, true)] {
                    if family == Family::Weighted || !weights_along {
                        all.push(source(element, sums, family, regime, ForBlocks { weights_along, direct }));
                    }
                }
            }
        }
    }
    all
}

/// Into how many parts of how many places a line of a tile is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Split {
    regime: Regime,
    parts: u64,
    part_places: u64,
}

impl Split {
    /// Chooses the regime and as many parts as the device needs to be busy. `blocks` says that values and weights can be
    /// loaded in blocks of four by four.
    ///
    /// Blocks are for software rasterisers alone (see `shaders/reduce/blocks.wgsl`); on hardware neighbours have to read
    /// side by side, and a workgroup's memory and barriers are cheap.
    fn choose(view: View, lines: u64, places: u64, kind: DeviceKind, blocks: bool) -> Self {
        let is_software = kind == DeviceKind::Software;
        let regime = match (view.inner == 1, is_software && blocks) {
            (true, true) if lines >= BLOCK => Regime::BlocksAlong,
            (false, true) => Regime::BlocksAcross,
            (true, _) if places >= SHORTEST_ROW => Regime::Rows,
            _ => Regime::Lines,
        };
        // How many lines go together, and how many places at once.
        let (fold, together) = match regime {
            Regime::BlocksAlong | Regime::BlocksAcross => (BLOCK, BLOCK),
            Regime::Rows => (1, WORKGROUP),
            Regime::Lines | Regime::Merge => (1, 1),
        };
        // A GPU hides latency with tens of thousands of invocations; a software rasteriser wants a few for each core.
        let busy = match regime {
            Regime::BlocksAlong | Regime::BlocksAcross => 1 << 8,
            Regime::Rows => (if is_software { 1 << 10 } else { 1 << 16 }) / WORKGROUP,
            Regime::Lines | Regime::Merge => {
                if is_software {
                    1 << 10
                } else {
                    1 << 16
                }
            }
        };
        let wanted = match u64::div_ceil(busy, lines.div_ceil(fold)) {
            parts if parts > 1 && regime == Regime::BlocksAlong => parts.next_multiple_of(NEIGHBOURS),
            parts => parts,
        };
        let worthwhile = places / (together * FEWEST_ITERATIONS);
        let needed = match regime {
            // Rows as long as pages: a part of no more than what the processor remembers the addresses of.
            Regime::BlocksAcross if view.inner as u64 >= PAGE => places.div_ceil(MOST_PAGES),
            _ => 0,
        };
        let needed = needed.min(MOST_PARTS).max(places.div_ceil(together * MOST_ITERATIONS));
        let parts = wanted.min(worthwhile).min(MOST_PARTS).max(needed).max(1);
        let part_places = places.div_ceil(parts).next_multiple_of(if fold == 1 { 1 } else { BLOCK });
        // Rounding up may leave the last parts empty.
        Self { regime, parts: places.div_ceil(part_places.max(1)).max(1), part_places }
    }

    fn groups(self, lines: u64) -> u64 {
        match self.regime {
            Regime::Rows => lines * self.parts,
            Regime::Lines => (lines * self.parts).div_ceil(WORKGROUP),
            Regime::BlocksAlong | Regime::BlocksAcross => (lines.div_ceil(BLOCK) * self.parts).div_ceil(WORKGROUP),
            Regime::Merge => lines.div_ceil(WORKGROUP),
        }
    }
}

pub(crate) fn reduce(operation: &Reduce, commands: &Commands<'_>) -> Result<()> {
    let view = operation.view;
    let sums = Sums::of(operation.dtype.element(), commands);
    let family = Family::of(operation);
    let state_bytes = family.state_bytes(operation.dtype.element(), sums);
    let window = commands.window_bytes() / operation.dtype.size();
    let widest = commands.window_bytes() / state_bytes;
    let all = tiles(view.outer as u64, view.len as u64, view.inner as u64, window, widest);
    // Tiles of the same lines follow one another.
    for tiles in all.chunk_by(|one, next| one.outer == next.outer && one.inner == next.inner) {
        Lines { operation, commands, sums, family, state_bytes }.run(tiles)?;
    }
    Ok(())
}

/// The reduction of the lines that some tiles share.
struct Lines<'a> {
    operation: &'a Reduce,
    commands: &'a Commands<'a>,
    sums: Sums,
    family: Family,
    state_bytes: u64,
}

/// One dispatch of it.
struct Step<'a> {
    tile: &'a Tile,
    split: Split,
    lines: u64,
    resume: bool,
    direct: bool,
    partials: Binding<'a>,
}

impl Lines<'_> {
    fn run(&self, tiles: &[Tile]) -> Result<()> {
        let Some(deepest) = tiles.first() else { return Ok(()) };
        let lines = (deepest.outer.end - deepest.outer.start) * (deepest.inner.end - deepest.inner.start);
        let places = deepest.len.end - deepest.len.start;
        let kind = self.commands.info().kind;
        let blocks = tiles.iter().try_fold(true, |all, tile| self.takes_blocks(tile).map(|takes| all && takes))?;
        let split = Split::choose(self.operation.view, lines, places, kind, blocks);
        let direct = split.parts == 1 && tiles.len() == 1;
        let partial_bytes = if direct { self.state_bytes } else { lines * split.parts * self.state_bytes };
        let partials = self.commands.scratch(partial_bytes)?;
        let partials = Binding::start(&partials, partial_bytes);

        for (number, tile) in tiles.iter().enumerate() {
            self.dispatch(&Step { tile, split, lines, resume: number > 0, direct, partials })?;
        }
        if !direct {
            let split = Split { regime: Regime::Merge, ..split };
            self.dispatch(&Step { tile: deepest, split, lines, resume: false, direct, partials })?;
        }
        Ok(())
    }

    /// Whether every load of four values, or weights, of a tile begins at a multiple of four and has the memory it needs.
    fn takes_blocks(&self, tile: &Tile) -> Result<bool> {
        let Reduce { view, weights, .. } = self.operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let is_whole = |count: u64| count.is_multiple_of(BLOCK);
        let values = match inner {
            1 => is_whole(len) && is_whole(tile.len.start) && is_whole(tile.len.end),
            _ => is_whole(inner) && is_whole(tile.inner.start) && is_whole(tile.inner.end),
        };
        let weights = match weights {
            Weights::Along(weights) => {
                let needed = tile.len.end.next_multiple_of(BLOCK) * self.operation.dtype.size();
                is_whole(tile.len.start) && needed <= weights.gpu()?.room()
            }
            Weights::None | Weights::Full(_) => true,
        };
        Ok(values && weights)
    }

    fn parameters(&self, step: &Step<'_>) -> Parameters {
        let Reduce { view, finish, weights, weight_sums, .. } = self.operation;
        let Step { tile, split, lines, resume, direct, .. } = step;
        Parameters {
            lines: *lines as u32,
            inner: (tile.inner.end - tile.inner.start) as u32,
            places: (tile.len.end - tile.len.start) as u32,
            parts: split.parts as u32,
            part_places: split.part_places as u32,
            row_stride: (view.len * view.inner) as u32,
            place_stride: view.inner as u32,
            value_shift: 0,
            weight_shift: 0,
            output_shift: 0,
            mean_shift: 0,
            first_line: self.first_line(tile) as u32,
            first_place: tile.len.start as u32,
            finish: *finish as u32,
            resume: (*resume).into(),
            direct: (*direct).into(),
            weights_along: matches!(weights, Weights::Along(_)).into(),
            has_sums: weight_sums.is_some().into(),
            skip_nan: self.operation.skip_nan.into(),
            check: match self.operation.check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { index, .. }) => *index,
                _ => 0,
            },
            zero: 0,
            has_fill: self.operation.fill.is_some().into(),
            nan: self.operation.dtype.nan(),
            infinity: self.operation.dtype.infinity(),
            ddof: self.operation.dtype.words(self.operation.ddof),
            fill: self.operation.fill.unwrap_or_default().0,
        }
    }

    fn first_line(&self, tile: &Tile) -> u64 {
        tile.outer.start * self.operation.view.inner as u64 + tile.inner.start
    }

    fn dispatch(&self, step: &Step<'_>) -> Result<()> {
        let Self { commands, operation, .. } = self;
        let Step { tile, split, lines, partials, .. } = step;
        let Reduce { view, values, weights, output, weight_sums, means, check, .. } = operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let size = operation.dtype.size();
        let first_line = self.first_line(tile);
        let places = tile.len.end - tile.len.start;
        let rows = tile.outer.end - tile.outer.start;
        let (first, count) = match (len, rows) {
            // Without places there are no elements to point at.
            (0, _) => (0, 0),
            (_, 1) => {
                let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
                (first, (places - 1) * inner + (tile.inner.end - tile.inner.start))
            }
            _ => (tile.outer.start * len * inner, rows * len * inner),
        };
        let mut parameters = self.parameters(step);
        let values = bind(&mut parameters.value_shift, commands.window(values.gpu()?, first, count, size));
        let result = match output {
            Output::Values(output) => commands.window(output.gpu()?, first_line, *lines, size),
            Output::Places(output) => commands.window(output.gpu()?, first_line, *lines, size_of::<u32>() as u64),
        };
        let mut bindings = vec![values, *partials, bind(&mut parameters.output_shift, result)];

        if let Some(means) = means {
            let means = commands.window(means.gpu()?, first_line, *lines, size);
            bindings.push(bind(&mut parameters.mean_shift, means));
        }
        // What nobody asked for still has to be bound to something of its own.
        let (no_sums, no_checks) = (commands.scratch(size)?, commands.scratch(4)?);
        let weights = match weights {
            Weights::None => None,
            Weights::Along(weights) => {
                let mut window = commands.window(weights.gpu()?, tile.len.start, places, size);
                window.0.round_up(BLOCK * size);
                Some(window)
            }
            Weights::Full(weights) => Some(commands.window(weights.gpu()?, first, count, size)),
        };
        if let (Some(weights), Family::Weighted) = (weights, self.family) {
            bindings.push(bind(&mut parameters.weight_shift, weights));
            bindings.push(match weight_sums {
                Some(sums) => commands.window(sums.gpu()?, first_line, *lines, size).0,
                None => Binding::start(&no_sums, size),
            });
            bindings.push(match check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { buffer, .. }) => Binding::checks(buffer),
                _ => Binding::start(&no_checks, 4),
            });
        }
        let weights_along = matches!(self.operation.weights, Weights::Along(_));
        let blocks = match split.regime.is_block() {
            true => ForBlocks { weights_along: weights_along && self.family == Family::Weighted, direct: step.direct },
            false => ForBlocks::default(),
        };
        let (element, sums, family, regime) = (operation.dtype.element(), self.sums, self.family, split.regime);
        let kernel = ReduceKernel { element, sums, family, regime, blocks };
        commands.dispatch(kernel, bytes_of(&parameters), &bindings, split.groups(*lines))
    }
}

/// Notes where the elements begin in a window.
fn bind<'a>(shift: &mut u32, (binding, before): (Binding<'a>, u32)) -> Binding<'a> {
    *shift = before;
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
                for lines in [1, 3, 1000, 1 << 20] {
                    for places in [0, 1, 63, 64, 65, 4095, 65_536, 10_000_001, (1 << 29) + 1] {
                        let view = View { outer: 1, len: places as usize, inner };
                        let split = Split::choose(view, lines, places, kind, blocks);
                        let together = match split.regime {
                            Regime::Rows => WORKGROUP,
                            Regime::BlocksAlong | Regime::BlocksAcross => BLOCK,
                            Regime::Lines | Regime::Merge => 1,
                        };
                        assert!(together != BLOCK || split.part_places.is_multiple_of(BLOCK), "{split:?}");
                        assert!(split.parts * split.part_places >= places, "{split:?}");
                        assert!(split.parts == 1 || (split.parts - 1) * split.part_places < places, "{split:?}");
                        assert!(split.part_places.div_ceil(together) <= MOST_ITERATIONS, "{split:?}");
                        assert!(split.parts <= MOST_ITERATIONS, "{split:?}");
                    }
                }
            }
        }
    }
}
