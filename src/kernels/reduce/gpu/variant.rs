//! Which kernels reduce on a GPU, what they are put together from, and the parameters they are told.

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::pipelines::{Access, Constants, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, constants, params};
use crate::engine::info::Accumulator;
use crate::float::dtype::FloatType;
use crate::kernels::reduce::gpu::launch::{LANES, NEIGHBOURS, Strategy};
use crate::kernels::reduce::op::{Reduce, Reduction, Weights};

/// Variances, from what their sums hold.
pub(crate) const VARIANCE: &str = include_str!("../../../../shaders/reduce/variance.wgsl");
/// Of lanes that merge, none has four rows.
const ONE_ROW: &str = "// provides: FOUR_ROWS
const FOUR_ROWS = false;
";

params! {
    pub(crate) struct ReduceParameters {
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
        /// How many lanes have neighbouring elements, as a power of two: of a row that lies in one piece, or of rows
        /// that lie side by side.
        lane_bits: u32,
        /// WGSL aligns what follows to 8 bytes.
        padding: u32,
        nan: [u32; 2],
        infinity: [u32; 2],
        ddof: [u32; 2],
        fill: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [ReduceParameters::LAYOUT];

/// What a row is reduced to: the state that its elements are folded into, and what is bound besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum StateKind {
    Sum,
    Weighted,
    Moments,
    ExtremeValue,
    ExtremeIndex,
}

impl StateKind {
    pub fn of(operation: &Reduce) -> Self {
        match (operation.reduction, &operation.weights) {
            (Reduction::Var | Reduction::Std, _) => Self::Moments,
            (Reduction::Min | Reduction::Max, _) => Self::ExtremeValue,
            (Reduction::ArgMin | Reduction::ArgMax, _) => Self::ExtremeIndex,
            (Reduction::Sum | Reduction::Mean | Reduction::Average, Weights::None) => Self::Sum,
            (Reduction::Sum | Reduction::Mean | Reduction::Average, _) => Self::Weighted,
        }
    }

    fn has_sums(self) -> bool {
        match self {
            Self::Sum | Self::Weighted | Self::Moments => true,
            Self::ExtremeValue | Self::ExtremeIndex => false,
        }
    }

    /// How its sums are kept on a device that keeps them in this way; where it has none, one way stands for both.
    pub fn sums(self, sums: Accumulation) -> Accumulation {
        if self.has_sums() { sums } else { Accumulation::Compensated }
    }

    /// The arithmetic of its sums, if it has any.
    pub fn accumulator(self, sums: Accumulation) -> Vec<&'static str> {
        if self.has_sums() { sums.fragments() } else { Vec::new() }
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
            Self::Sum => vec![reductions, include_str!("../../../../shaders/reduce/sum.wgsl")],
            Self::Weighted => vec![reductions, include_str!("../../../../shaders/reduce/weighted.wgsl")],
            Self::Moments => vec![reductions, VARIANCE, include_str!("../../../../shaders/reduce/moments.wgsl")],
            Self::ExtremeValue => vec![
                reductions,
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_value.wgsl"),
            ],
            Self::ExtremeIndex => vec![
                reductions,
                include_str!("../../../../shaders/reduce/extremes.wgsl"),
                include_str!("../../../../shaders/reduce/extreme_index.wgsl"),
            ],
        }
    }

    /// What folding a value says of those before it, where each value counts for itself.
    pub fn each(self) -> Option<&'static str> {
        match self {
            Self::Sum | Self::Moments => Some(include_str!("../../../../shaders/reduce/each_counts.wgsl")),
            Self::Weighted => Some(include_str!("../../../../shaders/reduce/each_weight.wgsl")),
            Self::ExtremeValue | Self::ExtremeIndex => None,
        }
    }

    /// What rows have in common.
    fn joint(self) -> &'static str {
        match self {
            Self::Sum | Self::Moments => include_str!("../../../../shaders/reduce/lanes_joint_count.wgsl"),
            Self::Weighted => include_str!("../../../../shaders/reduce/lanes_joint_weights.wgsl"),
            Self::ExtremeValue | Self::ExtremeIndex => {
                include_str!("../../../../shaders/reduce/lanes_joint_nothing.wgsl")
            }
        }
    }

    /// Merging reads states alone.
    fn access(self, is_merge: bool) -> &'static [Access] {
        use Access::{Absent, Read, ReadWrite};
        match (self, is_merge) {
            (Self::Sum | Self::ExtremeValue | Self::ExtremeIndex, false) => &[Read, ReadWrite, ReadWrite],
            (Self::Sum | Self::ExtremeValue | Self::ExtremeIndex, true) => &[Absent, ReadWrite, ReadWrite],
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
            (Accumulation::Compensated | Accumulation::Fused, FloatType::F64) => (16, 8),
            (Accumulation::Compensated | Accumulation::Fused, FloatType::F32) => (8, 4),
        };
        let word: u64 = 4;
        match self {
            Self::Sum => (accumulator + word).next_multiple_of(alignment),
            Self::Weighted => 2 * accumulator,
            Self::Moments => (2 * accumulator + word).next_multiple_of(alignment),
            Self::ExtremeValue | Self::ExtremeIndex if element == FloatType::F64 => 16,
            Self::ExtremeValue | Self::ExtremeIndex => 8,
        }
    }
}

/// How sums are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Accumulation {
    /// f32 in f64.
    Widened,
    /// In two numbers of the element's own type.
    Compensated,
    /// The same, where a fused multiply-add rounds once.
    Fused,
}

impl Accumulation {
    /// Each element type with each way that some device sums it, for the tests that go through every kernel.
    #[cfg(test)]
    pub const OF_ELEMENTS: [(FloatType, Self); 5] = [
        (FloatType::F32, Self::Widened),
        (FloatType::F32, Self::Compensated),
        (FloatType::F32, Self::Fused),
        (FloatType::F64, Self::Compensated),
        (FloatType::F64, Self::Fused),
    ];

    /// The arithmetic of sums.
    pub fn fragments(self) -> Vec<&'static str> {
        match self {
            Self::Widened => vec![include_str!("../../../../shaders/lib/accumulate_wide.wgsl")],
            Self::Compensated => wgsl::COMPENSATED.into(),
            Self::Fused => wgsl::FUSED.into(),
        }
    }

    pub fn of(element: FloatType, context: &GpuContext) -> Self {
        let info = context.info();
        match (element, info.accumulator) {
            (FloatType::F32, Some(accumulator)) => accumulator.into(),
            (FloatType::F32, None) => Self::Compensated,
            (FloatType::F64, _) if info.fuses_f64 => Self::Fused,
            (FloatType::F64, _) => Self::Compensated,
        }
    }
}

impl From<Accumulator> for Accumulation {
    fn from(accumulator: Accumulator) -> Self {
        match accumulator {
            Accumulator::Float64 => Self::Widened,
            Accumulator::FusedFloat32 => Self::Fused,
            Accumulator::SplitFloat32 => Self::Compensated,
        }
    }
}

/// What is known when a kernel is compiled; to those that are told at run time it makes no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ahead {
    pub weights_along: bool,
    pub single_pass: bool,
    pub skip_nan: bool,
    /// A lane has four rows, or one in four places.
    pub four_rows: bool,
    /// Four elements a load.
    pub by_four: bool,
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReduceKernel {
    pub element: FloatType,
    pub sums: Accumulation,
    pub state: StateKind,
    pub strategy: Strategy,
    pub ahead: Ahead,
}

impl ReduceKernel {
    fn fragments(self) -> Vec<&'static str> {
        let mut fragments = vec![wgsl::element(self.element), wgsl::SPECIAL, ReduceParameters::DECLARED];
        fragments.extend(self.state.accumulator(self.sums));
        fragments.extend(self.state.fragments());
        fragments.push(include_str!("../../../../shaders/reduce/parameters.wgsl"));
        match self.strategy {
            Strategy::LanesAlong | Strategy::LanesAcross => fragments.extend(self.lanes()),
            Strategy::MergeLanes => fragments.extend(self.merging_lanes()),
            _ => fragments.extend(self.invocations()),
        }
        fragments
    }

    /// An invocation, or a workgroup, for itself.
    fn invocations(self) -> Vec<&'static str> {
        let weighted = self.state == StateKind::Weighted;
        let mut fragments = vec![include_str!("../../../../shaders/reduce/skip_by_parameter.wgsl")];
        fragments.extend(self.state.each());
        match (self.strategy, weighted) {
            (Strategy::BlocksAlong | Strategy::BlocksAcross, _) => fragments.extend([
                include_str!("../../../../shaders/reduce/by_four.wgsl"),
                match weighted {
                    true => include_str!("../../../../shaders/reduce/by_four_weighted.wgsl"),
                    false => include_str!("../../../../shaders/reduce/by_four_unweighted.wgsl"),
                },
                match self.strategy {
                    Strategy::BlocksAlong => include_str!("../../../../shaders/reduce/block_along.wgsl"),
                    _ => include_str!("../../../../shaders/reduce/block_across.wgsl"),
                },
                constants! { NEIGHBOURS = NEIGHBOURS },
            ]),
            (Strategy::Outputs | Strategy::Rows, true) => {
                fragments.push(include_str!("../../../../shaders/reduce/by_one_weighted.wgsl"));
            }
            (Strategy::Outputs | Strategy::Rows, false) => {
                fragments.push(include_str!("../../../../shaders/reduce/by_one.wgsl"));
            }
            _ => {}
        }
        match self.strategy {
            Strategy::Rows => fragments.push(wgsl::workgroup()),
            _ => fragments.extend([wgsl::workgroup(), wgsl::GRID]),
        }
        fragments.push(match self.strategy {
            Strategy::Outputs => include_str!("../../../../shaders/reduce/outputs.wgsl"),
            Strategy::Rows => include_str!("../../../../shaders/reduce/rows.wgsl"),
            Strategy::Merge => include_str!("../../../../shaders/reduce/merge.wgsl"),
            _ => include_str!("../../../../shaders/reduce/blocks.wgsl"),
        });
        fragments
    }

    /// Lanes that share rows.
    fn lanes(self) -> Vec<&'static str> {
        let weighted = self.state == StateKind::Weighted;
        let is_along = self.strategy == Strategy::LanesAlong;
        let mut fragments = vec![
            constants! { LANES = LANES },
            include_str!("../../../../shaders/reduce/four_rows.wgsl"),
            match is_along {
                true => include_str!("../../../../shaders/reduce/lanes_along.wgsl"),
                false => include_str!("../../../../shaders/reduce/lanes_across.wgsl"),
            },
            include_str!("../../../../shaders/reduce/lanes_skip.wgsl"),
            self.state.joint(),
        ];
        let (values, weights) = match (self.ahead.by_four, is_along) {
            (true, true) => (
                include_str!("../../../../shaders/reduce/lanes_by_four_along.wgsl"),
                include_str!("../../../../shaders/reduce/lanes_weights_by_four_along.wgsl"),
            ),
            (true, false) => (
                include_str!("../../../../shaders/reduce/lanes_by_four_across.wgsl"),
                include_str!("../../../../shaders/reduce/lanes_weights_by_four_across.wgsl"),
            ),
            (false, _) => (
                include_str!("../../../../shaders/reduce/lanes_by_one.wgsl"),
                include_str!("../../../../shaders/reduce/lanes_weights_by_one.wgsl"),
            ),
        };
        fragments.extend([
            values,
            if weighted { weights } else { include_str!("../../../../shaders/reduce/lanes_unweighted.wgsl") },
            include_str!("../../../../shaders/reduce/lanes_merged.wgsl"),
            include_str!("../../../../shaders/reduce/lanes.wgsl"),
        ]);
        fragments
    }

    /// Lanes that merge what others left.
    fn merging_lanes(self) -> Vec<&'static str> {
        let mut fragments = vec![
            constants! { LANES = LANES },
            ONE_ROW,
            include_str!("../../../../shaders/reduce/skip_by_parameter.wgsl"),
            include_str!("../../../../shaders/reduce/lanes_across.wgsl"),
            include_str!("../../../../shaders/reduce/lanes_merged.wgsl"),
            include_str!("../../../../shaders/reduce/lanes_merge.wgsl"),
        ];
        fragments.extend(self.state.each());
        fragments
    }

    fn constants(self) -> Constants {
        let Ahead { weights_along, single_pass, skip_nan, four_rows, .. } = self.ahead;
        let weighted = self.state == StateKind::Weighted;
        let mut constants = Vec::new();
        if self.strategy.is_block() {
            constants.push(("SINGLE_PASS", single_pass));
        }
        if self.strategy.is_lanes() {
            constants.extend([("SKIP_NAN", skip_nan), ("FOUR_ROWS", four_rows)]);
        }
        if weighted && (self.strategy.is_block() || self.strategy.is_lanes()) {
            constants.push(("WEIGHTS_ALONG", weights_along));
        }
        constants.into_iter().map(|(name, value)| (name, f64::from(u8::from(value)))).collect()
    }
}

impl KernelKey for ReduceKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums, state, strategy, ahead } = self;
        let Ahead { weights_along, single_pass, skip_nan, four_rows, by_four } = ahead;
        let known = [
            (weights_along, "_Along"),
            (single_pass, "_SinglePass"),
            (skip_nan, "_SkipNan"),
            (four_rows, "_FourRows"),
            (by_four, "_ByFour"),
        ];
        let known: String = known.into_iter().filter(|(holds, _)| *holds).map(|(_, name)| name).collect();
        KernelSource {
            name: format!("reduce_{element}_{sums:?}_{state:?}_{strategy:?}{known}"),
            fragments: self.fragments(),
            constants: self.constants(),
            access: state.access(strategy.is_merge()),
            shared: &[],
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
        for state in
            [StateKind::Sum, StateKind::Weighted, StateKind::Moments, StateKind::ExtremeValue, StateKind::ExtremeIndex]
        {
            if state.sums(sums) != sums {
                continue;
            }
            let mut push = |strategy, ahead| {
                let kernel = ReduceKernel { element, sums, state, strategy, ahead }.source();
                all.push((kernel, state.state_bytes(element, sums)));
            };
            for strategy in [Strategy::Outputs, Strategy::Rows, Strategy::Merge, Strategy::MergeLanes] {
                push(strategy, Ahead::default());
            }
            let may_be = |flags: u32, flag: u32| flags & (1 << flag) != 0;
            for flags in 0..16 {
                let weights_along = may_be(flags, 0);
                if weights_along && state != StateKind::Weighted {
                    continue;
                }
                if flags < 4 {
                    let ahead = Ahead { weights_along, single_pass: may_be(flags, 1), ..Ahead::default() };
                    push(Strategy::BlocksAlong, ahead);
                    push(Strategy::BlocksAcross, ahead);
                }
                let (skip_nan, four_rows, by_four) = (may_be(flags, 1), may_be(flags, 2), may_be(flags, 3));
                let ahead = Ahead { weights_along, skip_nan, four_rows, by_four, ..Ahead::default() };
                push(Strategy::LanesAlong, ahead);
                // Four rows that lie side by side come in one load.
                if four_rows == by_four {
                    push(Strategy::LanesAcross, ahead);
                }
            }
        }
    }
    all
}
