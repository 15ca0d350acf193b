//! The GPU's half: dispatches `shaders/segments.wgsl` and `shaders/interp.wgsl`.

use bytemuck::{Pod, Zeroable, bytes_of};

use super::operation::{BuildSegments, Interp};
use super::table::InterpTable;
use crate::device::gpu::{Access, Binding, GpuContext, Kernel};
use crate::element::{ElementType, Float, bytes_of as array_bytes};
use crate::error::Result;
use crate::knots::axis_bindings;
use crate::shader::{self, WORKGROUP};
use crate::tiles::tiles;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct SegmentParameters {
    knots: u32,
    values: u32,
    total: u32,
    has_order: u32,
    own_knots: u32,
    unused: [u32; 3],
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
    query_shift: u32,
    output_shift: u32,
    method: u32,
    left: [u32; 2],
    right: [u32; 2],
    period: [u32; 2],
    nan: [u32; 2],
    padding: [u32; 2],
}

const FLAG_LEFT: u32 = 1;
const FLAG_RIGHT: u32 = 2;
const FLAG_PERIOD: u32 = 4;
const FLAG_SHARED_QUERIES: u32 = 8;
const FLAG_OWN_KNOTS: u32 = 16;
const FLAG_OWN_VALUES: u32 = 32;
const FLAG_EXTENDED_LEFT: u32 = 64;
const FLAG_EXTENDED_RIGHT: u32 = 128;

fn segments_kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("segments_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::GRID,
            include_str!("../../shaders/segments.wgsl"),
        ],
        access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
    }
}

fn interp_kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("interp_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::MODULO,
            shader::GRID,
            include_str!("../../shaders/interp.wgsl"),
            shader::SEARCH,
        ],
        access: &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Read, Access::ReadWrite],
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Kernel> {
    [ElementType::F32, ElementType::F64].into_iter().flat_map(|e| [segments_kernel(e), interp_kernel(e)]).collect()
}

fn segments_binding<T: Float>(table: &InterpTable<T>) -> Result<Binding<'_>> {
    let cells = table.tables() * table.axis().knots;
    Ok(Binding::start(table.segments().gpu()?, array_bytes::<[T; 4]>(cells)))
}

pub(super) fn build_segments<T: Float>(operation: &BuildSegments<T>, context: &GpuContext) -> Result<()> {
    let table = &operation.table;
    let axis = table.axis();
    let total = table.tables() * axis.knots;
    let [keys, ..] = axis_bindings(axis)?;
    // Where the values are in order nothing reads the order, but something has to be bound.
    let order = match table.order() {
        Some(order) => Binding::start(order.gpu()?, array_bytes::<u32>(axis.tables * axis.knots)),
        None => keys,
    };
    let parameters = SegmentParameters {
        knots: axis.knots as u32,
        values: table.knots() as u32,
        total: total as u32,
        has_order: table.order().is_some().into(),
        own_knots: (axis.tables > 1).into(),
        unused: [0; 3],
    };
    context.dispatch(
        &segments_kernel(T::TYPE),
        bytes_of(&parameters),
        &[
            keys,
            Binding::start(operation.values.gpu()?, array_bytes::<T>(table.tables() * table.knots())),
            order,
            segments_binding(table)?,
        ],
        (total as u64).div_ceil(WORKGROUP),
    )
}

pub(super) fn interp<T: Float>(operation: &Interp<T>, context: &GpuContext) -> Result<()> {
    let Interp { table, x, output, rows, columns, shared_queries } = operation;
    let (axis, rules) = (table.axis(), table.rules());
    let flags = [
        (rules.left.is_some(), FLAG_LEFT),
        (rules.right.is_some(), FLAG_RIGHT),
        (rules.period.is_some(), FLAG_PERIOD),
        (*shared_queries, FLAG_SHARED_QUERIES),
        (axis.tables > 1, FLAG_OWN_KNOTS),
        (table.tables() > 1, FLAG_OWN_VALUES),
        (rules.extended().0, FLAG_EXTENDED_LEFT),
        (rules.extended().1, FLAG_EXTENDED_RIGHT),
    ];
    let flags = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum();
    let kernel = interp_kernel(T::TYPE);
    let [keys, starts, origins] = axis_bindings(axis)?;
    let segments = segments_binding(table)?;
    let size = size_of::<T>() as u64;

    let window = context.window_bytes() / size;

    for tile in tiles(*rows as u64, *columns as u64, 1, window, window) {
        let first = tile.outer.start * *columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let count = tile_rows * tile_columns;
        let queries = if *shared_queries { (tile.len.start, tile_columns) } else { (first, count) };
        let (x, query_shift) = context.window(x.gpu()?, queries.0, queries.1, size);
        let (output, output_shift) = context.window(output.gpu()?, first, count, size);
        let parameters = InterpParameters {
            rows: tile_rows as u32,
            columns: tile_columns as u32,
            first_row: tile.outer.start as u32,
            flags,
            knots: axis.knots as u32,
            buckets: axis.buckets as u32,
            bucketing: axis.bucketing as u32,
            query_shift,
            output_shift,
            method: rules.method as u32,
            left: rules.left.unwrap_or_else(T::zero).words(),
            right: rules.right.unwrap_or_else(T::zero).words(),
            period: rules.period.unwrap_or_else(T::zero).words(),
            nan: T::nan().words(),
            padding: [0; 2],
        };
        let bindings = [x, keys, starts, origins, segments, output];
        context.dispatch(&kernel, bytes_of(&parameters), &bindings, count.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
