//! The GPU's half: dispatches `shaders/segments.wgsl` and the kernels of `shaders/interp/`, which `paths` chooses among.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::ElementType;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::{Binding, Commands};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::error::Result;
use crate::float::dtype::{FloatType, Scalar};
use crate::kernels::interp::gpu_variant::{Facts, Path, Tables, UNIFORM_BYTES, is_finite};
use crate::kernels::interp::op::{BuildTable, Interp, Lookups, TableData};
use crate::kernels::search::gpu::axis_bindings;
use crate::kernels::tiles::tiles;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct SegmentParameters {
    knots: u32,
    values: u32,
    total: u32,
    has_order: u32,
    own_knots: u32,
    finite: u32,
    unused: u32,
    // vec2 are aligned to 8 bytes.
    padding: u32,
    nan: [u32; 2],
    end: [u32; 2],
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct InterpParameters {
    rows: u32,
    columns: u32,
    first_row: u32,
    flags: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    method: u32,
    query_shift: u32,
    output_shift: u32,
    rules: RuleParameters,
    padding: [u32; 2],
}

/// What shaders know of a table's rules and of its bucket function, behind whatever else they are told.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct RuleParameters {
    left: [u32; 2],
    right: [u32; 2],
    period: [u32; 2],
    nan: [u32; 2],
    origin: [u32; 2],
    scale: [u32; 2],
}

impl RuleParameters {
    pub fn of(table: &TableData) -> Self {
        let (reach, rules) = (&table.axis.reach, &table.rules);
        let words = |value: Option<Scalar>| value.unwrap_or_default().0;
        Self {
            left: words(rules.left),
            right: words(rules.right),
            period: words(rules.period),
            nan: table.dtype.nan(),
            origin: reach.origin,
            scale: reach.scale,
        }
    }
}

const FLAG_LEFT: u32 = 1;
const FLAG_RIGHT: u32 = 2;
const FLAG_SHARED_QUERIES: u32 = 4;
const FLAG_EXTENDED_LEFT: u32 = 8;
const FLAG_EXTENDED_RIGHT: u32 = 16;
const FLAG_RAGGED: u32 = 32;

/// Queries of one invocation.
const QUAD: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SegmentsKernel(ElementType);

impl KernelKey for SegmentsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("segments_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/interp/segments.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let segments = [ElementType::F32, ElementType::F64].map(|element| SegmentsKernel(element).source());
    [crate::kernels::interp::gpu_variant::kernels(), segments.into()].concat()
}

pub(crate) fn facts(element: ElementType, cells: usize, context: &GpuContext) -> Facts {
    let takes_uniform = context.uniform_bytes() >= UNIFORM_BYTES;
    Facts { kind: context.info().kind, takes_uniform, element, cells: cells as u64 }
}

/// For how many knots there has to be room: constants are bound with all that a shader might see of them.
pub(crate) fn cells_to_allocate(context: &GpuContext, dtype: FloatType, cells: usize) -> usize {
    if facts(dtype.element(), cells, context).is_uniform() {
        return (UNIFORM_BYTES / (4 * dtype.size())) as usize;
    }
    cells
}

pub(crate) fn segments_binding(table: &TableData, uniform: bool) -> Result<Binding<'_>> {
    Ok(Binding::start(table.segments.gpu()?, if uniform { UNIFORM_BYTES } else { table.segment_bytes }))
}

pub(crate) fn build_table(operation: &BuildTable, commands: &Commands<'_>) -> Result<()> {
    let table = &operation.table;
    let axis = &table.axis;
    let total = table.tables * axis.knots;
    let [keys, ..] = axis_bindings(axis)?;
    // Where the values are in order nothing reads the order, but something has to be bound.
    let order = match &table.order {
        Some(order) => Binding::start(order.gpu()?, 4 * (axis.tables * axis.knots) as u64),
        None => keys,
    };
    let parameters = SegmentParameters {
        knots: axis.knots as u32,
        values: table.points as u32,
        total: total as u32,
        has_order: table.order.is_some().into(),
        own_knots: (axis.tables > 1).into(),
        finite: is_finite(&table.rules, &axis.reach).into(),
        unused: 0,
        padding: 0,
        nan: table.dtype.nan(),
        end: [0; 2],
    };
    commands.dispatch(
        SegmentsKernel(table.dtype.element()),
        bytes_of(&parameters),
        &[
            keys,
            Binding::start(operation.values.gpu()?, table.dtype.bytes(table.tables * table.points)),
            order,
            segments_binding(table, false)?,
        ],
        (total as u64).div_ceil(WORKGROUP),
    )
}

/// What the shaders of a table's lookups are told of their rules.
pub(crate) fn flags_of(lookups: &Lookups) -> u32 {
    let rules = &lookups.table.rules;
    let flags = [
        (rules.left.is_some(), FLAG_LEFT),
        (rules.right.is_some(), FLAG_RIGHT),
        (lookups.shared_queries, FLAG_SHARED_QUERIES),
        (rules.extended().0, FLAG_EXTENDED_LEFT),
        (rules.extended().1, FLAG_EXTENDED_RIGHT),
        (rules.ragged, FLAG_RAGGED),
    ];
    flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum()
}

pub(crate) fn interp(operation: &Interp, commands: &Commands<'_>) -> Result<()> {
    let Interp { lookups: Lookups { table, x, rows, columns, shared_queries }, output } = operation;
    let (axis, rules) = (&table.axis, &table.rules);
    let flags = flags_of(&operation.lookups);
    let facts = facts(table.dtype.element(), table.tables * axis.knots, commands);
    let tables = Tables::of(table);
    let [_, starts, origins] = axis_bindings(axis)?;
    let size = table.dtype.size();
    // Pieces that begin where a window can, so that queries stay four by four.
    let window = (commands.window_bytes() / size).next_multiple_of(256) - 256;

    for tile in tiles(*rows as u64, *columns as u64, 1, window, window) {
        let first = tile.outer.start * *columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let count = tile_rows * tile_columns;
        let queries = if *shared_queries { (tile.len.start, tile_columns) } else { (first, count) };
        let (mut x, query_shift) = commands.window(x.gpu()?, queries.0, queries.1, size);
        let (mut output, output_shift) = commands.window(output.gpu()?, first, count, size);
        let quads = u64::from(query_shift) % QUAD == 0
            && u64::from(output_shift) % QUAD == 0
            && (tile_rows == 1 || tile_columns % QUAD == 0)
            && x.round_up(QUAD * size)
            && output.round_up(QUAD * size);
        let path = Path::choose(&facts, rules, &axis.reach, tables, quads);
        let parameters = InterpParameters {
            rows: tile_rows as u32,
            columns: tile_columns as u32,
            first_row: tile.outer.start as u32,
            flags,
            knots: axis.knots as u32,
            buckets: axis.buckets as u32,
            bucketing: axis.bucketing as u32,
            method: rules.method as u32,
            query_shift,
            output_shift,
            rules: RuleParameters::of(table),
            padding: [0; 2],
        };
        let mut bindings = vec![x, output, segments_binding(table, path.uniform)?];
        if path.buckets {
            bindings.extend([starts, origins]);
        }
        let items = tile_rows * tile_columns.div_ceil(QUAD);
        commands.dispatch(path, bytes_of(&parameters), &bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
