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
use crate::kernels::tiles::{Tile, tiles};

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
    DeviceCaps { kind: context.info().kernels_for, takes_uniform, element, cells: cells as u64 }
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

/// What a dispatch reads of queries: the results of some rows, from one on, or a part of one.
pub(crate) struct QueryWindow<'a> {
    pub x: Binding<'a>,
    pub query_offset: u32,
    /// The segments, where they are known.
    pub cells: Option<Binding<'a>>,
    cell_offset: u32,
    /// Whether queries and segments can be loaded four at a time.
    pub quads: bool,
}

impl<'a> QueryWindow<'a> {
    pub fn of(args: &'a InterpArgs, encoder: &Encoder<'a>, tile: &Tile) -> Result<Self> {
        let size = args.table.dtype.size();
        let columns = tile.len.end - tile.len.start;
        let all = (tile.outer.start * args.columns as u64 + tile.len.start, tile_results(tile));
        let range = |shared: bool| if shared { (tile.len.start, columns) } else { all };
        let (first, count) = range(args.shared_queries);
        let (mut x, query_offset) = encoder.window(args.x.gpu()?, first, count, size);
        let is_whole = |offset: u32| u64::from(offset).is_multiple_of(QUAD);
        let mut quads = is_whole(query_offset) && x.round_up(QUAD * size);
        quads &= tile.outer.end - tile.outer.start == 1 || columns.is_multiple_of(QUAD);
        let (first, count) = range(args.shares_cells());
        let Some(cells) = &args.cells else {
            return Ok(Self { x, query_offset, cells: None, cell_offset: 0, quads });
        };
        let (mut cells, cell_offset) = encoder.window(cells.storage.gpu()?, first, count, 4);
        quads &= is_whole(cell_offset) && cells.round_up(QUAD * 4);
        Ok(Self { x, query_offset, cells: Some(cells), cell_offset, quads })
    }

    /// The variant for these queries.
    pub fn choose(&self, args: &InterpArgs, encoder: &Encoder<'_>, quads: bool) -> InterpVariant {
        let variant = variant_of(&args.table, encoder, quads);
        if self.cells.is_some() { variant.of_located() } else { variant }
    }

    /// What a shader is told of the table.
    pub fn table_parameters(&self, args: &InterpArgs) -> Result<TableParameters> {
        let parameters = TableParameters::of(&args.table.axis, flags_of(args))?.evenly(&args.table.axis);
        Ok(if self.cells.is_some() { parameters.with_cells_at(self.cell_offset) } else { parameters })
    }
}

/// The variant that looks queries up in a table.
pub(crate) fn variant_of(table: &TableData, context: &GpuContext, quads: bool) -> InterpVariant {
    let axis = &table.axis;
    let device_caps = device_caps(table.dtype, table.tables * axis.knots, context);
    InterpVariant::choose(&device_caps, &table.rules, &axis.bounds, Tables::of(table), quads)
}

/// How many results a tile has.
pub(crate) fn tile_results(tile: &Tile) -> u64 {
    (tile.outer.end - tile.outer.start) * (tile.len.end - tile.len.start)
}

/// Pieces of rows of results that fit into windows, and begin where a window can, so that queries stay four by four.
pub(crate) fn result_tiles(args: &InterpArgs, encoder: &Encoder<'_>) -> Vec<Tile> {
    let window = (encoder.window_bytes() / args.table.dtype.size()).next_multiple_of(256) - 256;
    tiles(args.rows as u64, args.columns as u64, 1, window, window)
}

pub(crate) fn interp(operation: &Interp, encoder: &Encoder<'_>) -> Result<()> {
    let Interp { args, output } = operation;
    let table = &args.table;
    let size = table.dtype.size();
    for tile in result_tiles(args, encoder) {
        let first = tile.outer.start * args.columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let window = QueryWindow::of(args, encoder, &tile)?;
        let (mut output, output_offset) = encoder.window(output.gpu()?, first, tile_rows * tile_columns, size);
        let quads = window.quads && u64::from(output_offset).is_multiple_of(QUAD) && output.round_up(QUAD * size);
        let variant = window.choose(args, encoder, quads);
        let parameters = InterpParameters {
            table: window.table_parameters(args)?,
            rules: RuleParameters::of(table),
            rows: word(tile_rows)?,
            columns: word(tile_columns)?,
            first_row: word(tile.outer.start)?,
            method: table.rules.method as u32,
            query_offset: window.query_offset,
            output_offset,
        };
        let shared = table_bindings(table, variant)?;
        let own: Vec<_> = [window.x, output].into_iter().chain(window.cells).collect();
        let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
        let items = tile_rows * tile_columns.div_ceil(QUAD);
        encoder.dispatch(variant, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
