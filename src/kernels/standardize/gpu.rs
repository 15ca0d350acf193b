//! The GPU's half: dispatches the kernels of `shaders/standardize/`.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::ElementType;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::Commands;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::reduce::gpu::{SPREAD, Sums};
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::tiles::{steps, tiles};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    total: u32,
    len: u32,
    inner: u32,
    value_shift: u32,
    output_shift: u32,
    line_shift: u32,
    nan: [u32; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StandardizeKernel(ElementType);

impl KernelKey for StandardizeKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("standardize_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/standardize/standardize.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
        }
    }
}

/// Bytes of a row that fit into a workgroup's memory, as `shaders/standardize_rows.wgsl` has it.
const ROW_BYTES: usize = 12 << 10;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct RowsParameters {
    rows: u32,
    len: u32,
    value_shift: u32,
    output_shift: u32,
    zero: u32,
    unused: u32,
    nan: [u32; 2],
    infinity: [u32; 2],
    ddof: [u32; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StandardizeRowsKernel {
    element: ElementType,
    sums: Sums,
}

impl KernelKey for StandardizeRowsKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums } = self;
        KernelSource {
            name: format!("standardize_rows_{element}_{sums:?}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                sums.fragment(),
                SPREAD,
                include_str!("../../../shaders/standardize/standardize_rows.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite],
        }
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let of_rows =
        [(ElementType::F32, Sums::Wide), (ElementType::F32, Sums::Compensated), (ElementType::F64, Sums::Compensated)];
    let mut all: Vec<_> = of_rows.map(|(element, sums)| StandardizeRowsKernel { element, sums }.source()).into();
    all.extend([ElementType::F32, ElementType::F64].map(|element| StandardizeKernel(element).source()));
    all
}

/// The longest row that a workgroup standardizes by itself.
pub(crate) fn longest_row(context: &GpuContext, dtype: FloatType) -> usize {
    ROW_BYTES.min(context.window_bytes() as usize) / dtype.size() as usize
}

pub(crate) fn standardize(op: &Standardize, commands: &Commands<'_>) -> Result<()> {
    let (len, inner) = (op.view.len as u64, op.view.inner as u64);
    let size = op.dtype.size();
    let window = commands.window_bytes() / size;
    for tile in tiles(op.view.outer as u64, len, inner, window, window) {
        let (rows, places) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let columns = tile.inner.end - tile.inner.start;
        // Without gaps: a tile has more than one place only if it has all of the inner axis.
        let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
        let first_line = tile.outer.start * inner + tile.inner.start;
        let total = rows * places * columns;
        let (values, value_shift) = commands.window(op.values.gpu()?, first, total, size);
        let (output, output_shift) = commands.window(op.output.gpu()?, first, total, size);
        let (means, line_shift) = commands.window(op.means.gpu()?, first_line, rows * columns, size);
        let (deviations, _) = commands.window(op.deviations.gpu()?, first_line, rows * columns, size);
        let parameters = Parameters {
            total: total as u32,
            len: places as u32,
            inner: columns as u32,
            value_shift,
            output_shift,
            line_shift,
            nan: op.dtype.nan(),
        };
        let bindings = [values, means, deviations, output];
        commands.dispatch(
            StandardizeKernel(op.dtype.element()),
            bytes_of(&parameters),
            &bindings,
            total.div_ceil(WORKGROUP),
        )?;
    }
    Ok(())
}

pub(crate) fn standardize_rows(op: &StandardizeRows, commands: &Commands<'_>) -> Result<()> {
    let (len, size) = (op.len as u64, op.dtype.size());
    let element = op.dtype.element();
    let kernel = StandardizeRowsKernel { element, sums: Sums::of(element, commands) };
    // A workgroup has a row to itop.
    let most = (commands.window_bytes() / size / len).min(commands.most_workgroups()).max(1);
    for rows in steps(op.rows as u64, most) {
        let (first, count) = (rows.start * len, (rows.end - rows.start) * len);
        let (values, value_shift) = commands.window(op.values.gpu()?, first, count, size);
        let (output, output_shift) = commands.window(op.output.gpu()?, first, count, size);
        let parameters = RowsParameters {
            rows: (rows.end - rows.start) as u32,
            len: len as u32,
            value_shift,
            output_shift,
            zero: 0,
            unused: 0,
            nan: op.dtype.nan(),
            infinity: op.dtype.infinity(),
            ddof: op.dtype.words(op.ddof),
        };
        commands.dispatch(kernel, bytes_of(&parameters), &[values, output], rows.end - rows.start)?;
    }
    Ok(())
}
