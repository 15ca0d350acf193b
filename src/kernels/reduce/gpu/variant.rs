//! Which kernels reduce on a GPU, what they are put together from, and the parameters they are told.

use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, constants, params};
use crate::float::dtype::FloatType;
use crate::kernels::reduce::gpu::launch::{NEIGHBOURS, Strategy};
use crate::kernels::reduce::op::{Reduce, Reduction, Weights};

/// Variances, from what their sums hold.
pub(crate) const VARIANCE: &str = include_str!("../../../../shaders/reduce/variance.wgsl");
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
    pub fn accumulator(self, sums: Accumulation) -> Option<&'static str> {
        self.has_sums().then(|| sums.fragment())
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
            (Accumulation::Compensated, FloatType::F64) => (16, 8),
            (Accumulation::Compensated, FloatType::F32) => (8, 4),
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
pub(crate) struct ForBlocks {
    pub weights_along: bool,
    pub single_pass: bool,
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReduceKernel {
    pub element: FloatType,
    pub sums: Accumulation,
    pub state: StateKind,
    pub strategy: Strategy,
    pub blocks: ForBlocks,
}

impl ReduceKernel {
    fn fragments(self) -> Vec<&'static str> {
        let weighted = self.state == StateKind::Weighted;
        let mut fragments = vec![wgsl::element(self.element), wgsl::SPECIAL, ReduceParameters::DECLARED];
        fragments.extend(self.state.accumulator(self.sums));
        fragments.extend(self.state.fragments());
        fragments.push(include_str!("../../../../shaders/reduce/parameters.wgsl"));
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
            (Strategy::Merge, _) => {}
        }
        match self.strategy {
            Strategy::Rows => fragments.push(wgsl::workgroup()),
            _ => fragments.extend([wgsl::workgroup(), wgsl::GRID]),
        }
        fragments.push(match self.strategy {
            Strategy::BlocksAlong | Strategy::BlocksAcross => include_str!("../../../../shaders/reduce/blocks.wgsl"),
            Strategy::Outputs => include_str!("../../../../shaders/reduce/outputs.wgsl"),
            Strategy::Rows => include_str!("../../../../shaders/reduce/rows.wgsl"),
            Strategy::Merge => include_str!("../../../../shaders/reduce/merge.wgsl"),
        });
        fragments
    }
}

impl KernelKey for ReduceKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums, state, strategy, blocks: ForBlocks { weights_along, single_pass } } = self;
        let mut constants = Vec::new();
        if strategy.is_block() {
            constants.push(("SINGLE_PASS", f64::from(u8::from(single_pass))));
            if state == StateKind::Weighted {
                constants.push(("WEIGHTS_ALONG", f64::from(u8::from(weights_along))));
            }
        }
        let along = if weights_along { "_Along" } else { "" };
        let single = if single_pass { "_SinglePass" } else { "" };
        KernelSource {
            name: format!("reduce_{element}_{sums:?}_{state:?}_{strategy:?}{along}{single}"),
            fragments: self.fragments(),
            constants,
            access: state.access(strategy == Strategy::Merge),
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
            let mut push = |strategy, blocks| {
                let kernel = ReduceKernel { element, sums, state, strategy, blocks }.source();
                all.push((kernel, state.state_bytes(element, sums)));
            };
            for strategy in [Strategy::Outputs, Strategy::Rows, Strategy::Merge] {
                push(strategy, ForBlocks::default());
            }
            for strategy in [Strategy::BlocksAlong, Strategy::BlocksAcross] {
                for (weights_along, single_pass) in [(false, false), (false, true), (true, false), (true, true)] {
                    if state == StateKind::Weighted || !weights_along {
                        push(strategy, ForBlocks { weights_along, single_pass });
                    }
                }
            }
        }
    }
    all
}
