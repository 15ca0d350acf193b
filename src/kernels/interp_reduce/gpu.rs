//! The GPU's half: dispatches the kernels of `shaders/interp_reduce/`, which take the rules of lookup from
//! `shaders/interp/` and the states of rows from `shaders/reduce/`.

use bytemuck::bytes_of;

use crate::engine::check::Outcome;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::binding::{Binding, Bindings, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, params, word};
use crate::engine::info::DeviceKind;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::interp::gpu::{device_caps, table_bindings};
use crate::kernels::interp::gpu_params::{RuleParameters, flags_of};
use crate::kernels::interp::gpu_variant::{InterpVariant, RULES, Tables};
use crate::kernels::interp::op::InterpArgs;
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::gpu::launch::{FEWEST_ITERATIONS, MOST_ITERATIONS, MOST_PARTS};
use crate::kernels::reduce::gpu::variant::{Accumulation, StateKind};
use crate::kernels::reduce::op::{Output, Weights};
use crate::kernels::search::gpu::TableParameters;
use crate::kernels::tiles::chunk_ranges;

/// A part of a row that a software rasteriser looks up is not shorter than this.
const FEWEST_LOOKUPS: u64 = 2048;
/// Storage buffers of a kernel with all there is, the two of a search index among them.
const STORAGE_BUFFERS_WITH_INDEX: u32 = 9;

params! {
    struct InterpReduceParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Rows of this dispatch: an output each.
        outputs: u32,
        /// Queries a row.
        reduce_len: u32,
        /// Into which a row is split.
        parts: u32,
        /// Queries of a part, a multiple of four.
        part_len: u32,
        /// Where queries, weights and outputs begin in their windows.
        query_offset: u32,
        weight_offset: u32,
        output_offset: u32,
        /// Of this dispatch, among all outputs.
        first_output: u32,
        reduction: u32,
        /// Which word of the checks.
        check: u32,
        /// A zero that the compiler cannot know.
        opaque_zero: u32,
        /// 1: the sums of weights are wanted too.
        has_sums: u32,
        method: u32,
        /// 1: `fill` replaces an average whose sum of weights is zero, 0: the checks note it.
        has_fill: u32,
        fill: [u32; 2],
    }
    needs TableParameters, RuleParameters
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [InterpReduceParameters::LAYOUT];

/// Values without weights.
const NO_WEIGHTS: &str = "// provides: load_aux
// needs: Bits
fn load_aux(row: u32, index: u32) -> vec4<Bits> { return vec4<Bits>(Bits(0u)); }
";

/// What takes on a part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum PartStrategy {
    /// An invocation.
    Outputs,
    /// A workgroup.
    Rows,
}

/// A kernel that looks up and reduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LookupKernel {
    variant: InterpVariant,
    sums: Accumulation,
    state: StateKind,
    strategy: PartStrategy,
    weights_along: bool,
    skip_nan: bool,
}

/// A kernel that looks nothing up: an invocation merges what the parts of a row left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MergeKernel {
    element: FloatType,
    sums: Accumulation,
    state: StateKind,
}

/// What all these kernels begin with.
fn beginning(element: FloatType, sums: Accumulation, state: StateKind) -> Vec<&'static str> {
    let mut fragments = vec![
        wgsl::element(element),
        wgsl::SPECIAL,
        TableParameters::WGSL,
        RuleParameters::WGSL,
        InterpReduceParameters::DECLARED,
    ];
    fragments.extend(sums.fragments());
    fragments.extend(state.fragments());
    fragments.extend(state.each());
    fragments.push(include_str!("../../../shaders/interp_reduce/parameters.wgsl"));
    fragments
}

impl MergeKernel {
    fn fragments(self) -> Vec<&'static str> {
        let Self { element, sums, state } = self;
        let mut fragments = beginning(element, sums, state);
        // The mean of nothing is NaN, as the rules say it.
        if state == StateKind::Sum {
            fragments.push(RULES);
        }
        fragments.extend([wgsl::workgroup(), wgsl::GRID, include_str!("../../../shaders/reduce/merge.wgsl")]);
        fragments
    }
}

impl LookupKernel {
    fn fragments(self) -> Vec<&'static str> {
        let Self { variant, sums, state, strategy, .. } = self;
        let mut fragments = beginning(variant.element, sums, state);
        fragments.push(match (state == StateKind::Weighted, variant.quads) {
            (false, _) => NO_WEIGHTS,
            (true, true) => include_str!("../../../shaders/interp_reduce/weights_by_four.wgsl"),
            (true, false) => include_str!("../../../shaders/interp_reduce/weights_by_one.wgsl"),
        });
        fragments.extend(variant.lookup_fragments());
        fragments.extend([include_str!("../../../shaders/interp_reduce/accumulate.wgsl"), wgsl::workgroup()]);
        match strategy {
            PartStrategy::Outputs => {
                fragments.extend([wgsl::GRID, include_str!("../../../shaders/interp_reduce/outputs.wgsl")]);
            }
            PartStrategy::Rows => fragments.push(include_str!("../../../shaders/interp_reduce/rows.wgsl")),
        }
        fragments
    }
}

impl KernelKey for MergeKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, ReadWrite};
        let Self { element, sums, state } = self;
        let name = format!("interp_reduce_{element}_{sums:?}_{state:?}_Merge");
        let access: &[Access] = match state == StateKind::Weighted {
            true => &[Absent, ReadWrite, ReadWrite, Absent, ReadWrite, ReadWrite],
            false => &[Absent, ReadWrite, ReadWrite],
        };
        KernelSource { name, fragments: self.fragments(), constants: vec![("SKIP_NAN", 0.0)], access, shared: &[] }
    }
}

impl KernelKey for LookupKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self { variant, sums, state, strategy, weights_along, skip_nan } = self;
        let weighted = state == StateKind::Weighted;
        let mut constants = variant.lookup_constants();
        constants.push(("SKIP_NAN", f64::from(u8::from(skip_nan))));
        if weighted {
            constants.push(("WEIGHTS_ALONG", f64::from(u8::from(weights_along))));
        }
        let access: &[Access] = match (weighted, variant.located) {
            (true, true) => &[Read, ReadWrite, ReadWrite, Read, ReadWrite, ReadWrite, Read],
            (true, false) => &[Read, ReadWrite, ReadWrite, Read, ReadWrite, ReadWrite],
            (false, true) => &[Read, ReadWrite, ReadWrite, Absent, Absent, Absent, Read],
            (false, false) => &[Read, ReadWrite, ReadWrite],
        };
        let along = if weights_along { "_Along" } else { "" };
        let skipping = if skip_nan { "_SkipNan" } else { "" };
        let name = format!("interp_reduce_{}_{sums:?}_{state:?}_{strategy:?}{along}{skipping}", variant.name());
        KernelSource { name, fragments: self.fragments(), constants, access, shared: variant.shared() }
    }
}

/// Into how many parts of how many indices a row is split, and what takes them on.
fn split(kind: DeviceKind, outputs: u64, reduce_len: u64) -> (PartStrategy, u64, u64) {
    let is_software = kind == DeviceKind::Software;
    // A software rasteriser pays more for a workgroup's barriers than for a second dispatch, unless there is so little
    // to do that its vectors would be empty.
    let fills_vectors = outputs >= WORKGROUP || reduce_len >= 8 * FEWEST_LOOKUPS;
    let is_long = reduce_len >= QUAD * WORKGROUP && !(is_software && fills_vectors);
    let strategy = if is_long { PartStrategy::Rows } else { PartStrategy::Outputs };
    // A software rasteriser wants a few invocations for each core, a GPU tens of thousands.
    let (together, busy) = match strategy {
        PartStrategy::Rows => (QUAD * WORKGROUP, (1 << 16) / WORKGROUP),
        PartStrategy::Outputs => (QUAD, if is_software { 1 << 9 } else { 1 << 16 }),
    };
    let needed = reduce_len.div_ceil(together * MOST_ITERATIONS);
    // Merging is another dispatch, which costs a software rasteriser as much as a few thousand lookups.
    let fewest = if is_software { FEWEST_LOOKUPS } else { together * FEWEST_ITERATIONS };
    let worthwhile = reduce_len / fewest;
    let parts = u64::div_ceil(busy, outputs).min(worthwhile).min(MOST_PARTS).max(needed).max(1);
    let part_len = reduce_len.div_ceil(parts).next_multiple_of(QUAD).max(QUAD);
    (strategy, reduce_len.div_ceil(part_len).max(1), part_len)
}

/// Whether the rows that are reduced are those that were looked up, or all are looked up alike, and one dispatch can
/// see a whole row, so that none has to go on where another ended.
pub(crate) fn takes(op: &InterpReduce, context: &GpuContext) -> bool {
    let InterpReduce { args, reduce, .. } = op;
    let window = context.window_bytes() / reduce.dtype.size();
    let are_alike = args.table.tables == 1 && !args.shared_queries;
    let reduce_len = reduce.view.len;
    (are_alike || reduce_len == args.columns)
        && reduce_len as u64 + QUAD <= window
        && reduce_len > 0
        && reduce.view.outer > 0
}

pub(crate) fn interp_reduce(op: &InterpReduce, encoder: &Encoder<'_>) -> Result<()> {
    let InterpReduce { args, reduce, .. } = op;
    let dtype = reduce.dtype;
    let InterpArgs { table, x, shared_queries, .. } = args;
    let Output::Values(output) = &reduce.output else { return Ok(()) };
    let (axis, rules) = (&table.axis, &table.rules);
    let (outputs, reduce_len) = (reduce.view.outer as u64, reduce.view.len as u64);
    let size = dtype.size();
    let device_caps = device_caps(dtype, table.tables * axis.knots, encoder);
    let sums = Accumulation::of(dtype, encoder);
    let state = StateKind::of(reduce);
    let state_bytes = state.state_bytes(dtype, sums);
    let window = encoder.window_bytes() / size;
    let tables = Tables::of(table);

    for rows in chunk_ranges(outputs, (window / reduce_len).max(1).min(encoder.window_bytes() / state_bytes)) {
        let count = rows.end - rows.start;
        let (first, elements) = (rows.start * reduce_len, count * reduce_len);
        let (strategy, parts, part_len) = split(device_caps.kind, count, reduce_len);
        let queries = if *shared_queries { (0, reduce_len) } else { (first, elements) };
        let (mut x, query_offset) = encoder.window(x.gpu()?, queries.0, queries.1, size);
        let located = if args.shares_cells() { (0, reduce_len) } else { (first, elements) };
        let mut cells = match &args.cells {
            Some(cells) => Some(encoder.window(cells.storage.gpu()?, located.0, located.1, 4)),
            None => None,
        };
        let mut weights = match &reduce.weights {
            Weights::None => None,
            Weights::Shared(weights) => Some(encoder.window(weights.gpu()?, 0, reduce_len, size)),
            Weights::PerElement(weights) => Some(encoder.window(weights.gpu()?, first, elements, size)),
        };
        let is_whole = |offset: u32| u64::from(offset).is_multiple_of(QUAD);
        let quads = (count == 1 || reduce_len.is_multiple_of(QUAD))
            && is_whole(query_offset)
            && x.round_up(QUAD * size)
            && cells.as_mut().is_none_or(|(window, offset)| is_whole(*offset) && window.round_up(QUAD * 4))
            && weights.as_mut().is_none_or(|(window, offset)| is_whole(*offset) && window.round_up(QUAD * size));
        let mut variant = InterpVariant::choose(&device_caps, rules, &axis.bounds, tables, quads);
        if variant.buckets && encoder.storage_buffers() < STORAGE_BUFFERS_WITH_INDEX {
            variant = variant.without_buckets(&axis.bounds);
        }
        let mut table_parameters = TableParameters::of(axis, flags_of(args))?.evenly(axis);
        if let Some((_, offset)) = cells {
            variant = variant.of_located();
            table_parameters = table_parameters.with_cells_at(offset);
        }
        let (result, output_offset) = encoder.window(output.gpu()?, rows.start, count, size);
        let partial_bytes = count * parts * state_bytes;
        let scratch = if parts == 1 { None } else { Some(encoder.scratch(partial_bytes)?) };
        let partials = match &scratch {
            Some(scratch) => Binding::start(scratch, partial_bytes),
            None => encoder.placeholder(Placeholder::Partials),
        };
        let parameters = InterpReduceParameters {
            table: table_parameters,
            rules: RuleParameters::of(table),
            outputs: word(count)?,
            reduce_len: word(reduce_len)?,
            parts: word(parts)?,
            part_len: word(part_len)?,
            query_offset,
            weight_offset: weights.map_or(0, |(_, offset)| offset),
            output_offset,
            // For checks, which report the largest index for those beyond.
            first_output: u32::try_from(rows.start).unwrap_or(u32::MAX),
            reduction: reduce.reduction as u32,
            check: match reduce.check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { index, .. }) => *index,
                _ => 0,
            },
            opaque_zero: 0,
            has_sums: reduce.weight_sums.is_some().into(),
            method: rules.method as u32,
            has_fill: reduce.fill.is_some().into(),
            fill: reduce.fill.unwrap_or_default().0,
        };
        let weight_sums = match &reduce.weight_sums {
            Some(sums) => encoder.window(sums.gpu()?, rows.start, count, size).0,
            None => encoder.placeholder(Placeholder::WeightSums),
        };
        let checks = match reduce.check.as_ref().map(|check| check.outcome()) {
            Some(Outcome::Word { buffer, .. }) => Binding::checks(buffer),
            _ => encoder.placeholder(Placeholder::Checks),
        };
        let weights_along = state == StateKind::Weighted && matches!(reduce.weights, Weights::Shared(_));
        let kernel = LookupKernel { variant, sums, state, strategy, weights_along, skip_nan: reduce.skip_nan };
        let mut bindings = vec![x, partials, result];
        if let Some((weights, _)) = weights {
            bindings.extend([weights, weight_sums, checks]);
        }
        bindings.extend(cells.map(|(cells, _)| cells));
        let shared = table_bindings(table, variant)?;
        let bindings = Bindings { own: &bindings, shared: Some((&table.bind_group, &shared)) };
        let groups = match strategy {
            PartStrategy::Rows => count * parts,
            PartStrategy::Outputs => (count * parts).div_ceil(WORKGROUP),
        };
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, groups)?;
        if parts > 1 {
            let merge = MergeKernel { element: dtype, sums, state };
            let mut bindings = vec![partials, result];
            if state == StateKind::Weighted {
                bindings.extend([weight_sums, checks]);
            }
            encoder.dispatch(merge, bytes_of(&parameters), &bindings, count.div_ceil(WORKGROUP))?;
        }
    }
    Ok(())
}

/// Specialisations for the test that translates them: each choice that changes what is put together.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    states().into_iter().map(|(kernel, _)| kernel).collect()
}

/// The same with the bytes of a state, for the test that compares them with WGSL's.
#[cfg(test)]
pub(crate) fn states() -> Vec<(KernelSource, u64)> {
    let mut all = Vec::new();
    for (element, sums) in Accumulation::OF_ELEMENTS {
        for (state, weights_along) in
            [(StateKind::Sum, false), (StateKind::Weighted, false), (StateKind::Weighted, true)]
        {
            for flags in 0..32 {
                let [quads, period, uniform, buckets, finite] = [1, 2, 4, 8, 16].map(|flag| flags & flag != 0);
                for (strategy, tables) in [(PartStrategy::Outputs, Tables::One), (PartStrategy::Rows, Tables::OwnKnots)]
                {
                    let (on_device, located, steps) = (buckets && !uniform && (finite == period), false, 3);
                    let walks = buckets && !uniform && !on_device;
                    let variant = InterpVariant {
                        element,
                        quads,
                        period,
                        uniform,
                        buckets,
                        on_device,
                        finite,
                        tables,
                        located,
                        walks,
                        even: walks && tables == Tables::One,
                        steps,
                    };
                    let kernel = LookupKernel { variant, sums, state, strategy, weights_along, skip_nan: false };
                    let state_bytes = state.state_bytes(element, sums);
                    all.push((kernel.source(), state_bytes));
                    if !period && !buckets && tables != Tables::SharedKnots {
                        let kernel = LookupKernel { variant: variant.of_located(), ..kernel };
                        all.push((kernel.source(), state_bytes));
                    }
                    // What is skipped does not depend on how it was looked up.
                    if flags == 0 || flags == 31 {
                        all.push((LookupKernel { skip_nan: true, ..kernel }.source(), state_bytes));
                    }
                    if flags == 0 && strategy == PartStrategy::Outputs && !weights_along {
                        all.push((MergeKernel { element, sums, state }.source(), state_bytes));
                    }
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_cover_the_row_and_stay_under_the_iteration_limit() {
        for kind in [DeviceKind::Software, DeviceKind::DiscreteGpu] {
            for outputs in [1, 3, 1000, 1 << 20] {
                for reduce_len in [1, 3, 4, 5, 255, 256, 4097, 65_536, 10_000_001, (1 << 29) + 1] {
                    let (strategy, parts, part_len) = split(kind, outputs, reduce_len);
                    let together = if strategy == PartStrategy::Rows { QUAD * WORKGROUP } else { QUAD };
                    assert!(parts * part_len >= reduce_len && part_len.is_multiple_of(QUAD));
                    assert!(parts == 1 || (parts - 1) * part_len < reduce_len, "{kind:?} {outputs} x {reduce_len}");
                    assert!(part_len.div_ceil(together) <= MOST_ITERATIONS && parts <= MOST_ITERATIONS);
                }
            }
        }
    }
}
