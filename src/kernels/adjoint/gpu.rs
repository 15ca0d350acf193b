//! The GPU's half: dispatches the kernels of `shaders/adjoint/`.
//!
//! Sums are integers in fixed point, which atomic additions make the same in any order, and the unit of a sum follows
//! from its largest share. So there are passes for the units, for the sums, and for what they mean. Where many queries
//! meet in few slots there are copies of all sums, so that fewer invocations wait for each other; the last pass adds
//! them.

use bytemuck::bytes_of;

use crate::engine::gpu::binding::{Binding, Bindings};
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, constants, params, word};
use crate::engine::info::DeviceKind;
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::float::dtype::FloatType;
use crate::kernels::adjoint::op::{Adjoint, Cotangents, Csr};
use crate::kernels::adjoint::shares::{OUTSIDE, Outside};
use crate::kernels::interp;
use crate::kernels::interp::gpu::{QueryWindow, table_bindings};
use crate::kernels::interp::gpu_params::{RuleParameters, flags_of};
use crate::kernels::interp::gpu_variant::{InterpVariant, methods};
use crate::kernels::interp::op::InterpArgs;
use crate::kernels::reduce::gpu::variant::Accumulation;
use crate::kernels::reduce::op::Weights;
use crate::kernels::search::gpu::TableParameters;
use crate::kernels::tiles::{Tile, chunk_ranges, tiles};

/// Queries that one invocation takes.
const RUN: u64 = 16;
/// The most copies of sums.
const MOST_COPIES: u64 = 64;
/// No more slots than this are made by copying: so few that clearing and adding them up costs little.
const COPIED_SLOTS: u64 = 1 << 15;
/// Fewer queries are not worth a copy.
const QUERIES_PER_COPY: u64 = 1 << 12;
/// Of sums in f64: so many slots of all parts together, if that makes parts enough for all cores and not too many.
const WIDE_SLOTS: u64 = 1 << 17;
const FEWEST_PARTS: u64 = 16;
const MOST_PARTS: u64 = 128;
/// Fewer queries are not worth a part.
const QUERIES_PER_PART: u64 = 256;
/// Parts that one workgroup takes: a vector of a software rasteriser.
const LANES: u64 = 8;

/// What a sum holds that no integer does.
const FLAG_NAN: u32 = 1;
const FLAG_INFINITY: u32 = 2;
const FLAG_MINUS_INFINITY: u32 = 4;

/// What totals are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TotalsOf {
    Values = 0,
    Knots = 1,
    Left = 2,
    Right = 3,
}

params! {
    struct AdjointParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Of this dispatch: of results, or sets of totals.
        rows: u32,
        /// Results a row in this dispatch.
        columns: u32,
        /// The table of the first row.
        first_row: u32,
        /// The first set whose sums are in memory.
        first_set: u32,
        /// 1: all rows share the sums of one set.
        one_set: u32,
        /// Of all sums.
        copies: u32,
        /// Bits that it takes to count the results of a set.
        count_bits: u32,
        method: u32,
        /// Where queries and cotangents begin in their windows.
        query_offset: u32,
        cotangent_offset: u32,
        /// Of cotangents that are those of rows: how long these are, how many results of the first come before this
        /// dispatch, and where weights begin in their window.
        row_len: u32,
        first_result: u32,
        weight_offset: u32,
        /// Of sums without atomics: queries of a part, and parts of a workgroup.
        part_len: u32,
        lanes: u32,
        unused: u32,
    }
    needs TableParameters, RuleParameters
}

params! {
    struct TotalsParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Sets of this dispatch.
        rows: u32,
        /// The first of them, whose sums are the first in memory.
        first_set: u32,
        copies: u32,
        count_bits: u32,
        method: u32,
        /// Which totals: of values, knots, the fill to the left or that to the right.
        totals: u32,
        given_knots: u32,
        has_order: u32,
        /// 1: each table has its own knots, 0: all share those of one.
        own_knots: u32,
        /// 1: a period is closed by a copy of a knot at either end.
        closed: u32,
        output_offset: u32,
        unused: u32,
    }
    needs TableParameters, RuleParameters
}

params! {
    struct CsrParameters {
        table: TableParameters,
        rules: RuleParameters,
        rows: u32,
        columns: u32,
        method: u32,
        query_offset: u32,
        given_knots: u32,
        has_order: u32,
        own_knots: u32,
        /// 1: each table has its own columns.
        own_columns: u32,
        /// Of each result.
        entries: u32,
        /// The table of the first row, and the first result, of this dispatch.
        first_row: u32,
        first_result: u32,
        /// Where pointers, columns and weights begin in their windows.
        indptr_offset: u32,
        indices_offset: u32,
        data_offset: u32,
        /// 1: the pointer behind the last result is due.
        is_last: u32,
        unused: u32,
    }
    needs TableParameters, RuleParameters
}

params! {
    struct ClearParameters {
        /// Words.
        total: u32,
        offset: u32,
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 4] =
    [AdjointParameters::LAYOUT, TotalsParameters::LAYOUT, CsrParameters::LAYOUT, ClearParameters::LAYOUT];

/// The numbers that kernels share with [`shares`](crate::kernels::adjoint::shares).
fn numbers() -> &'static str {
    constants! {
        OUTSIDE_FIRST_KNOT = Outside::FirstKnot,
        OUTSIDE_LAST_KNOT = Outside::LastKnot,
        OUTSIDE_LEFT_FILL = Outside::LeftFill,
        OUTSIDE_RIGHT_FILL = Outside::RightFill,
        OUTSIDE_NOWHERE = Outside::Nowhere,
        OUTSIDE_COUNT = OUTSIDE,
        FLAG_NAN = FLAG_NAN,
        FLAG_INFINITY = FLAG_INFINITY,
        FLAG_MINUS_INFINITY = FLAG_MINUS_INFINITY,
    }
}

fn limbs(element: FloatType) -> &'static str {
    match element {
        FloatType::F32 => include_str!("../../../shaders/adjoint/limbs_f32.wgsl"),
        FloatType::F64 => include_str!("../../../shaders/adjoint/limbs_f64.wgsl"),
    }
}

/// A kernel that visits cotangents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RunKernel {
    variant: InterpVariant,
    pass: Pass,
    /// Those of rows, and the kind of their weights.
    rows: Option<RowWeights>,
}

/// Weights in the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum RowWeights {
    None = 0,
    Shared = 1,
    PerElement = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Pass {
    /// Adds to sums that each part of the queries has for itself.
    SumParts,
    /// Finds the units of sums.
    Scale,
    /// Adds to sums.
    Sum,
}

impl KernelKey for RunKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self { variant, pass, rows } = self;
        let element = variant.element;
        let mut fragments = variant.beginning(AdjointParameters::DECLARED);
        fragments.extend(variant.find_fragments());
        fragments.extend([methods(), numbers(), include_str!("../../../shaders/adjoint/shares.wgsl")]);
        if pass != Pass::SumParts {
            fragments.extend([
                limbs(element),
                include_str!("../../../shaders/adjoint/fixed.wgsl"),
                include_str!("../../../shaders/adjoint/parts.wgsl"),
            ]);
        }
        fragments.extend([
            Sums::layout(pass == Pass::SumParts),
            match rows {
                None => include_str!("../../../shaders/adjoint/cotangents_elements.wgsl"),
                Some(_) => include_str!("../../../shaders/adjoint/cotangents_rows.wgsl"),
            },
        ]);
        match (pass, element) {
            (Pass::SumParts, _) => fragments.push(include_str!("../../../shaders/adjoint/sum_wide.wgsl")),
            (Pass::Scale, _) => fragments.push(include_str!("../../../shaders/adjoint/scale.wgsl")),
            (Pass::Sum, FloatType::F32) => fragments.push(include_str!("../../../shaders/adjoint/add_word.wgsl")),
            (Pass::Sum, FloatType::F64) => fragments.push(include_str!("../../../shaders/adjoint/add_two_words.wgsl")),
        }
        if pass == Pass::Sum {
            fragments.push(include_str!("../../../shaders/adjoint/sum.wgsl"));
        }
        fragments.push(wgsl::workgroup());
        let mut constants = variant.lookup_constants();
        if pass != Pass::SumParts {
            fragments.extend([wgsl::GRID, include_str!("../../../shaders/adjoint/runs.wgsl")]);
            constants.push(("RUN", RUN as f64));
        }
        let pass = match pass {
            Pass::SumParts => "sum_parts",
            Pass::Scale => "scale",
            Pass::Sum => "sum",
        };
        let of = match rows {
            None => String::new(),
            Some(weights) => {
                constants.push(("WEIGHTS", f64::from(weights as u8)));
                format!("_rows_{weights:?}")
            }
        };
        KernelSource {
            name: format!("adjoint_{pass}{of}_{}", variant.name()),
            fragments,
            constants,
            access: match rows {
                None => &[Read, ReadWrite, Absent, Read, Absent, Absent, Read],
                Some(_) => &[Read, ReadWrite, Absent, Read, Read, Absent, Read],
            },
            shared: variant.shared(),
        }
    }
}

/// Where a kernel that visits no queries has the segments of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TotalsKernel {
    variant: InterpVariant,
    /// Sums in f64, not in fixed point.
    wide: bool,
}

impl KernelKey for TotalsKernel {
    fn source(self) -> KernelSource {
        use Access::{Read, ReadWrite};
        let Self { variant, wide } = self;
        let mut fragments = variant.beginning(TotalsParameters::DECLARED);
        fragments.extend(variant.table_fragments());
        fragments.extend([
            methods(),
            numbers(),
            constants! { TOTALS_OF_VALUES = TotalsOf::Values, TOTALS_OF_LEFT = TotalsOf::Left },
            include_str!("../../../shaders/adjoint/shares.wgsl"),
            Sums::layout(wide),
            include_str!("../../../shaders/adjoint/last_knot.wgsl"),
        ]);
        match wide {
            true => fragments.push(include_str!("../../../shaders/adjoint/sums_wide.wgsl")),
            false => fragments.extend([
                limbs(variant.element),
                include_str!("../../../shaders/adjoint/fixed.wgsl"),
                include_str!("../../../shaders/adjoint/sums_fixed.wgsl"),
            ]),
        }
        fragments.extend([wgsl::workgroup(), wgsl::GRID, include_str!("../../../shaders/adjoint/totals.wgsl")]);
        KernelSource {
            name: format!("adjoint_totals{}_{}", if wide { "_wide" } else { "" }, variant.name()),
            fragments,
            constants: variant.lookup_constants(),
            access: &[Read, Read, ReadWrite],
            shared: variant.shared(),
        }
    }
}

/// A kernel that writes the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CsrKernel(InterpVariant);

impl KernelKey for CsrKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self(variant) = self;
        let mut fragments = variant.beginning(CsrParameters::DECLARED);
        fragments.extend(variant.find_fragments());
        fragments.extend([
            methods(),
            numbers(),
            include_str!("../../../shaders/adjoint/shares.wgsl"),
            include_str!("../../../shaders/adjoint/last_knot.wgsl"),
            wgsl::workgroup(),
            wgsl::GRID,
            include_str!("../../../shaders/adjoint/csr.wgsl"),
        ]);
        KernelSource {
            name: format!("csr_{}", variant.name()),
            fragments,
            constants: variant.lookup_constants(),
            access: &[Read, ReadWrite, ReadWrite, ReadWrite, Read, Absent, Read],
            shared: variant.shared(),
        }
    }
}

/// Writes zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ClearKernel;

impl KernelKey for ClearKernel {
    fn source(self) -> KernelSource {
        KernelSource {
            name: "clear".into(),
            fragments: vec![
                ClearParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/adjoint/clear.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::ReadWrite],
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let mut all = vec![ClearKernel.source()];
    let variants = crate::kernels::interp::gpu_variant::variants();
    for variant in variants.into_iter().filter(|variant| variant.located && !variant.finite) {
        for pass in [Pass::Scale, Pass::Sum] {
            all.push(RunKernel { variant, pass, rows: None }.source());
            let weights = if variant.quads { RowWeights::Shared } else { RowWeights::PerElement };
            all.push(RunKernel { variant, pass, rows: Some(weights) }.source());
        }
        if variant.element == FloatType::F32 {
            let rows = if variant.quads { None } else { Some(RowWeights::None) };
            all.push(RunKernel { variant, pass: Pass::SumParts, rows }.source());
        }
        all.push(CsrKernel(variant).source());
        if !variant.quads {
            all.push(TotalsKernel { variant, wide: false }.source());
            if variant.element == FloatType::F32 {
                all.push(TotalsKernel { variant, wide: true }.source());
            }
        }
    }
    let mut names = std::collections::BTreeSet::new();
    all.retain(|kernel| names.insert(kernel.name.clone()));
    all
}

/// The cotangents of some results.
struct CotangentWindow<'a> {
    window: Binding<'a>,
    offset: u32,
    rows: Option<RowWeights>,
    row_len: u64,
    /// Elements of the first row before those of the window.
    before: u64,
    weights: Option<Binding<'a>>,
    weight_offset: u32,
}

impl<'a> CotangentWindow<'a> {
    fn of(
        cotangents: &'a Cotangents,
        args: &InterpArgs,
        encoder: &Encoder<'a>,
        first: u64,
        count: u64,
    ) -> Result<Self> {
        let size = args.table.dtype.size();
        match cotangents {
            Cotangents::Elements(values) => {
                let (window, offset) = encoder.window(values.gpu()?, first, count, size);
                Ok(Self { window, offset, rows: None, row_len: 1, before: 0, weights: None, weight_offset: 0 })
            }
            Cotangents::Rows { factors, len, weights } => {
                let len = (*len).max(1) as u64;
                let row = first / len;
                let rows = (first + count).div_ceil(len) - row;
                // A part of one row is a row of its own, so that of long rows nothing else is bound.
                let (before, len, weights_from) = match rows {
                    0 | 1 => (0, count.max(1), first % len),
                    _ => (first % len, len, 0),
                };
                let (window, offset) = encoder.window(factors.gpu()?, row, rows, size);
                let (kind, (weights, weight_offset)) = match weights {
                    Weights::None => (RowWeights::None, (window, 0)),
                    Weights::Shared(weights) => {
                        (RowWeights::Shared, encoder.window(weights.gpu()?, weights_from, len, size))
                    }
                    Weights::PerElement(weights) => {
                        (RowWeights::PerElement, encoder.window(weights.gpu()?, first, count, size))
                    }
                };
                let (rows, weights) = (Some(kind), Some(weights));
                Ok(Self { window, offset, rows, row_len: len, before, weights, weight_offset })
            }
        }
    }
}

/// The sums of some sets of values, on their way.
struct Sums<'a> {
    op: &'a Adjoint,
    buffer: &'a GpuBuffer,
    bytes: u64,
    plan: SumPlan,
    count_bits: u32,
    sets: std::ops::Range<u64>,
}

/// How sums are kept: the one place where that is chosen.
#[derive(Clone, Copy)]
struct SumPlan {
    /// In f64, by parts of the queries, without atomics; else in fixed point.
    wide: bool,
    /// Of all sums: parts, or so that fewer invocations meet.
    copies: u64,
}

impl SumPlan {
    /// A software rasteriser pays for each lane of an atomic operation, and needs few invocations. Hardware needs many,
    /// and adds integers in its caches.
    fn choose(op: &Adjoint, encoder: &Encoder<'_>) -> Self {
        let dtype = op.args.table.dtype;
        let slots = (op.args.table.axis.knots + OUTSIDE) as u64;
        let results = op.results_per_set() as u64;
        let is_software = encoder.info().kernels_for == DeviceKind::Software;
        if is_software && dtype == FloatType::F32 && Accumulation::of(dtype, encoder) == Accumulation::Widened {
            let parts = (WIDE_SLOTS / slots).clamp(FEWEST_PARTS, MOST_PARTS).min(results.div_ceil(QUERIES_PER_PART));
            return Self { wide: true, copies: parts.max(1) };
        }
        let copies = (COPIED_SLOTS / slots).min(results / QUERIES_PER_COPY).clamp(1, MOST_COPIES);
        Self { wide: false, copies }
    }

    /// Words of a slot: see `shaders/adjoint/slots.wgsl` and `slots_wide.wgsl`.
    fn words_per_slot(self, dtype: FloatType) -> u64 {
        if self.wide { 4 } else { 2 * (3 * dtype.size() / 4 + 2) }
    }
}

pub(crate) fn adjoint(op: &Adjoint, encoder: &Encoder<'_>) -> Result<()> {
    let table = &op.args.table;
    let results = op.results_per_set() as u64;
    let plan = SumPlan::choose(op, encoder);
    let slots = (table.axis.knots + OUTSIDE) as u64;
    let words_per_set = plan.copies * slots * plan.words_per_slot(table.dtype);
    let (limit, sets) = (encoder.window_bytes(), op.sets as u64);
    let together = limit / 4 / words_per_set;
    if together == 0 {
        let bytes = 4 * words_per_set;
        return Err(Error::too_large("the sums for the knots of a table", bytes, limit, &encoder.info().name));
    }
    // What is written of them has to fit, too: knots that were left out have outputs and no sums.
    let outputs = limit / table.dtype.bytes(table.given_knots).max(1);
    let together = together.min(outputs.max(1)).min(sets.max(1));
    let bytes = 4 * together * words_per_set;
    let scratch = encoder.scratch(bytes)?;
    let count_bits = u64::BITS - results.leading_zeros();
    if let (Some(fp), true) = (&op.fp, table.order.is_some()) {
        clear(encoder, fp.gpu()?, table.dtype.bytes(op.sets * table.given_knots))?;
    }
    if let (Some(xp), true) = (&op.xp, table.order.is_some()) {
        clear(encoder, xp.gpu()?, table.dtype.bytes(table.given_knots))?;
    }
    for sets in chunk_ranges(sets, together) {
        clear(encoder, &scratch, bytes)?;
        let sums = Sums { op, buffer: &scratch, bytes, plan, count_bits, sets };
        if plan.wide {
            sums.visit(encoder, Pass::SumParts)?;
        } else {
            sums.visit(encoder, Pass::Scale)?;
            sums.visit(encoder, Pass::Sum)?;
        }
        sums.write(encoder)?;
    }
    Ok(())
}

/// Writes zeros over the beginning of a buffer.
fn clear(encoder: &Encoder<'_>, buffer: &GpuBuffer, bytes: u64) -> Result<()> {
    let size = 4;
    for words in chunk_ranges(bytes / size, encoder.window_bytes() / size) {
        let total = words.end - words.start;
        let (window, offset) = encoder.window(buffer, words.start, total, size);
        let parameters = ClearParameters { total: word(total)?, offset };
        let groups = total.div_ceil(QUAD).div_ceil(WORKGROUP);
        encoder.dispatch(ClearKernel, bytes_of(&parameters), &[window], groups)?;
    }
    Ok(())
}

impl Sums<'_> {
    /// How they lie in memory.
    fn layout(wide: bool) -> &'static str {
        match wide {
            true => include_str!("../../../shaders/adjoint/slots_wide.wgsl"),
            false => include_str!("../../../shaders/adjoint/slots.wgsl"),
        }
    }

    /// Visits the cotangents of the sets.
    fn visit(&self, encoder: &Encoder<'_>, pass: Pass) -> Result<()> {
        let Self { op: Adjoint { args, cotangents, sets, .. }, .. } = *self;
        let table = &args.table;
        let size = table.dtype.size();
        let one_set = *sets == 1;
        let rows = if one_set { 0..args.rows as u64 } else { self.sets.clone() };
        let window = (encoder.window_bytes() / size).next_multiple_of(256) - 256;
        for tile in tiles(rows.end - rows.start, args.columns as u64, 1, window, window) {
            let tile = Tile { outer: tile.outer.start + rows.start..tile.outer.end + rows.start, ..tile };
            let first = tile.outer.start * args.columns as u64 + tile.len.start;
            let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
            let window = QueryWindow::of(args, encoder, &tile)?;
            let cotangents = CotangentWindow::of(cotangents, args, encoder, first, tile_rows * tile_columns)?;
            let variant = window.choose(args, encoder, window.quads).of_any_rules();
            let parameters = AdjointParameters {
                table: window.table_parameters(args)?,
                rules: RuleParameters::of(table),
                rows: word(tile_rows)?,
                columns: word(tile_columns)?,
                first_row: word(tile.outer.start)?,
                first_set: word(self.sets.start)?,
                one_set: one_set.into(),
                copies: word(self.plan.copies)?,
                count_bits: self.count_bits,
                method: table.rules.method as u32,
                query_offset: window.query_offset,
                cotangent_offset: cotangents.offset,
                row_len: word(cotangents.row_len)?,
                first_result: word(cotangents.before)?,
                weight_offset: cotangents.weight_offset,
                part_len: word(tile_columns.div_ceil(self.plan.copies).next_multiple_of(QUAD))?,
                lanes: word(LANES)?,
                unused: 0,
            };
            let shared = table_bindings(table, variant)?;
            let own: Vec<_> = [window.x, self.binding(), cotangents.window]
                .into_iter()
                .chain(cotangents.weights)
                .chain(window.cells)
                .collect();
            let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
            let groups = match pass {
                Pass::SumParts => (tile_rows * self.plan.copies).div_ceil(LANES),
                _ => (tile_rows * tile_columns.div_ceil(RUN)).div_ceil(WORKGROUP),
            };
            let kernel = RunKernel { variant, pass, rows: cotangents.rows };
            encoder.dispatch(kernel, bytes_of(&parameters), bindings, groups)?;
        }
        Ok(())
    }

    fn binding(&self) -> Binding<'_> {
        Binding::start(self.buffer, self.bytes)
    }

    /// Writes what the sums mean.
    fn write(&self, encoder: &Encoder<'_>) -> Result<()> {
        let Adjoint { fp, xp, left, right, .. } = self.op;
        let outputs = [(fp, TotalsOf::Values), (xp, TotalsOf::Knots), (left, TotalsOf::Left), (right, TotalsOf::Right)];
        for (output, of) in outputs {
            if let Some(output) = output {
                self.write_totals(encoder, of, output)?;
            }
        }
        Ok(())
    }

    fn write_totals(&self, encoder: &Encoder<'_>, of: TotalsOf, output: &Storage) -> Result<()> {
        let table = &self.op.args.table;
        let axis = &table.axis;
        let sets = self.sets.end - self.sets.start;
        let given = table.given_knots as u64;
        let (first, count) = match of {
            TotalsOf::Values => (self.sets.start * given, sets * given),
            TotalsOf::Knots => (0, given),
            TotalsOf::Left | TotalsOf::Right => (0, 1),
        };
        let (output, output_offset) = encoder.window(output.gpu()?, first, count, table.dtype.size());
        // Where the values are in order nothing reads the order, but something has to be bound.
        let order = match &table.order {
            Some(order) => Binding::start(order.gpu()?, 4 * (axis.tables * axis.knots) as u64),
            None => self.binding(),
        };
        let parameters = TotalsParameters {
            table: TableParameters::of(axis, flags_of(&self.op.args))?,
            rules: RuleParameters::of(table),
            rows: word(sets)?,
            first_set: word(self.sets.start)?,
            copies: word(self.plan.copies)?,
            count_bits: self.count_bits,
            method: table.rules.method as u32,
            totals: of as u32,
            given_knots: word(table.given_knots)?,
            has_order: table.order.is_some().into(),
            own_knots: (axis.tables > 1).into(),
            closed: table.rules.period.is_some().into(),
            output_offset,
            unused: 0,
        };
        let kernel = TotalsKernel { variant: variant_of(&self.op.args, encoder), wide: self.plan.wide };
        let shared = table_bindings(table, kernel.variant)?;
        let own = [self.binding(), order, output];
        let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
        let items = if matches!(of, TotalsOf::Values | TotalsOf::Knots) { sets * axis.knots as u64 } else { 1 };
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))
    }
}

/// The variant of kernels that look at a table but at no queries.
fn variant_of(args: &InterpArgs, encoder: &Encoder<'_>) -> InterpVariant {
    interp::gpu::variant_of(&args.table, encoder, false).of_located().of_any_rules()
}

pub(crate) fn csr(op: &Csr, encoder: &Encoder<'_>) -> Result<()> {
    let Csr { args, indptr, indices, data } = op;
    let (table, axis) = (&args.table, &args.table.axis);
    let (each, results) = (Csr::entries_per_result(args) as u64, args.results() as u64);
    if results == 0 {
        return clear(encoder, indptr.gpu()?, 4);
    }
    let size = table.dtype.size();
    // Both entries of a result, and a pointer more.
    let window = ((encoder.window_bytes() - 4) / (each * size)).next_multiple_of(256).saturating_sub(256).max(QUAD);
    for tile in tiles(args.rows as u64, args.columns as u64, 1, window, window) {
        let first = tile.outer.start * args.columns as u64 + tile.len.start;
        let (rows, columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let count = rows * columns;
        let is_last = first + count == results;
        let queries = QueryWindow::of(args, encoder, &tile)?;
        let kernel = CsrKernel(queries.choose(args, encoder, queries.quads).of_any_rules());
        let (pointers, indptr_offset) = encoder.window(indptr.gpu()?, first, count + u64::from(is_last), 4);
        let (columns_there, indices_offset) = encoder.window(indices.gpu()?, first * each, count * each, 4);
        let (weights, data_offset) = encoder.window(data.gpu()?, first * each, count * each, size);
        let parameters = CsrParameters {
            table: queries.table_parameters(args)?,
            rules: RuleParameters::of(table),
            rows: word(rows)?,
            columns: word(columns)?,
            method: table.rules.method as u32,
            query_offset: queries.query_offset,
            given_knots: word(table.given_knots)?,
            has_order: table.order.is_some().into(),
            own_knots: (axis.tables > 1).into(),
            own_columns: (table.tables > 1).into(),
            entries: word(each)?,
            first_row: word(tile.outer.start)?,
            first_result: word(first)?,
            indptr_offset,
            indices_offset,
            data_offset,
            is_last: is_last.into(),
            unused: 0,
        };
        let order = match &table.order {
            Some(order) => Binding::start(order.gpu()?, 4 * (axis.tables * axis.knots) as u64),
            None => queries.cells.unwrap_or(queries.x),
        };
        let own: Vec<_> =
            [queries.x, columns_there, weights, pointers, order].into_iter().chain(queries.cells).collect();
        let shared = table_bindings(table, kernel.0)?;
        let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
        let items = rows * columns.div_ceil(QUAD);
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
