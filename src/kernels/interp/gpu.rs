//! The GPU's half: dispatches the kernels of `shaders/interp/`, which `gpu_variant` chooses among.

use bytemuck::bytes_of;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::binding::{Binding, Bindings};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, params, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::interp::gpu_params::{InterpParameters, RuleParameters, flags_of};
use crate::kernels::interp::gpu_variant::{DeviceCaps, InterpVariant, Tables, UNIFORM_BYTES, is_finite};
use crate::kernels::interp::op::{BuildTable, Interp, InterpArgs, TableData};
use crate::kernels::search::gpu::{TableParameters, index_bindings, keys_binding};
use crate::kernels::tiles::tiles;

params! {
    struct SegmentParameters {
        /// Of one table, padding included.
        knots: u32,
        /// Of one table, as the caller gave them.
        values: u32,
        /// Knots of all tables.
        total: u32,
        has_order: u32,
        /// 1: each table has its own knots, 0: all share those of one.
        own_knots: u32,
        /// 1: for `shaders/interp/finite.wgsl`.
        finite: u32,
        nan: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 3] =
    [SegmentParameters::LAYOUT, InterpParameters::LAYOUT, RuleParameters::LAYOUT];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SegmentsKernel(FloatType);

impl KernelKey for SegmentsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("segments_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                SegmentParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/interp/build_segments.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let segments = [FloatType::F32, FloatType::F64].map(|element| SegmentsKernel(element).source());
    [crate::kernels::interp::gpu_variant::kernels(), segments.into()].concat()
}

pub(crate) fn device_caps(element: FloatType, cells: usize, context: &GpuContext) -> DeviceCaps {
    let takes_uniform = context.uniform_bytes() >= UNIFORM_BYTES;
    DeviceCaps { kind: context.info().kind, takes_uniform, element, cells: cells as u64 }
}

/// For how many knots there has to be room: constants are bound with all that a shader might see of them.
pub(crate) fn cells_to_allocate(context: &GpuContext, dtype: FloatType, cells: usize) -> usize {
    if device_caps(dtype, cells, context).is_uniform() {
        return (UNIFORM_BYTES / (4 * dtype.size())) as usize;
    }
    cells
}

/// What kernels share of a table, as [`InterpVariant::shared`] says it: segments, and the axis' index.
pub(crate) fn table_bindings(table: &TableData, variant: InterpVariant) -> Result<Vec<Binding<'_>>> {
    let bytes = if variant.uniform { UNIFORM_BYTES } else { table.segment_bytes };
    let mut bindings = vec![Binding::start(table.segments.gpu()?, bytes)];
    if variant.buckets {
        bindings.extend(index_bindings(&table.axis)?);
    }
    Ok(bindings)
}

pub(crate) fn build_table(operation: &BuildTable, encoder: &Encoder<'_>) -> Result<()> {
    let table = &operation.table;
    let axis = &table.axis;
    let total = table.tables * axis.knots;
    let keys = keys_binding(axis)?;
    // Where the values are in order nothing reads the order, but something has to be bound.
    let order = match &table.order {
        Some(order) => Binding::start(order.gpu()?, 4 * (axis.tables * axis.knots) as u64),
        None => keys,
    };
    let parameters = SegmentParameters {
        knots: word(axis.knots)?,
        values: word(table.given_knots)?,
        total: word(total)?,
        has_order: table.order.is_some().into(),
        own_knots: (axis.tables > 1).into(),
        finite: is_finite(&table.rules, &axis.bounds).into(),
        nan: table.dtype.nan(),
    };
    encoder.dispatch(
        SegmentsKernel(table.dtype),
        bytes_of(&parameters),
        &[
            keys,
            Binding::start(operation.values.gpu()?, table.dtype.bytes(table.tables * table.given_knots)),
            order,
            Binding::start(table.segments.gpu()?, table.segment_bytes),
        ],
        (total as u64).div_ceil(WORKGROUP),
    )
}

pub(crate) fn interp(operation: &Interp, encoder: &Encoder<'_>) -> Result<()> {
    let Interp { args: InterpArgs { table, x, rows, columns, shared_queries }, output } = operation;
    let (axis, rules) = (&table.axis, &table.rules);
    let flags = flags_of(&operation.args);
    let device_caps = device_caps(table.dtype, table.tables * axis.knots, encoder);
    let tables = Tables::of(table);
    let size = table.dtype.size();
    // Pieces that begin where a window can, so that queries stay four by four.
    let window = (encoder.window_bytes() / size).next_multiple_of(256) - 256;

    for tile in tiles(*rows as u64, *columns as u64, 1, window, window) {
        let first = tile.outer.start * *columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let count = tile_rows * tile_columns;
        let queries = if *shared_queries { (tile.len.start, tile_columns) } else { (first, count) };
        let (mut x, query_offset) = encoder.window(x.gpu()?, queries.0, queries.1, size);
        let (mut output, output_offset) = encoder.window(output.gpu()?, first, count, size);
        let quads = u64::from(query_offset) % QUAD == 0
            && u64::from(output_offset) % QUAD == 0
            && (tile_rows == 1 || tile_columns % QUAD == 0)
            && x.round_up(QUAD * size)
            && output.round_up(QUAD * size);
        let variant = InterpVariant::choose(&device_caps, rules, &axis.bounds, tables, quads);
        let parameters = InterpParameters {
            table: TableParameters::of(axis, flags)?,
            rules: RuleParameters::of(table),
            rows: word(tile_rows)?,
            columns: word(tile_columns)?,
            first_row: word(tile.outer.start)?,
            method: rules.method as u32,
            query_offset,
            output_offset,
        };
        let shared = table_bindings(table, variant)?;
        let bindings = Bindings { own: &[x, output], shared: Some((&table.bind_group, &shared)) };
        let items = tile_rows * tile_columns.div_ceil(QUAD);
        encoder.dispatch(variant, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
