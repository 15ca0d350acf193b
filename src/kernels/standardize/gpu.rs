//! The GPU's half: dispatches the kernels of `shaders/standardize/`.

use bytemuck::bytes_of;

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, constants, params, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::reduce::gpu::variant::{Accumulation, VARIANCE};
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::tiles::{chunk_ranges, tiles};

params! {
    struct StandardizeParameters {
        /// Of this tile.
        total: u32,
        len: u32,
        inner: u32,
        /// Where the tile begins in the windows of values and of the output.
        value_offset: u32,
        output_offset: u32,
        /// Where the statistics of its rows begin in theirs.
        statistics_offset: u32,
        nan: [u32; 2],
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StandardizeKernel(FloatType);

impl KernelKey for StandardizeKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("standardize_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                StandardizeParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/standardize/standardize.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

/// Bytes of a row that fit into a workgroup's memory: with the sums less than every device has.
const ROW_BYTES: usize = 12 << 10;

params! {
    struct StandardizeRowsParameters {
        /// Of this dispatch.
        rows: u32,
        /// Of a row.
        len: u32,
        /// Where the rows begin in their windows.
        value_offset: u32,
        output_offset: u32,
        /// A zero that the compiler cannot know.
        opaque_zero: u32,
        unused: u32,
        nan: [u32; 2],
        infinity: [u32; 2],
        ddof: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 2] = [StandardizeParameters::LAYOUT, StandardizeRowsParameters::LAYOUT];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StandardizeRowsKernel {
    element: FloatType,
    sums: Accumulation,
}

impl KernelKey for StandardizeRowsKernel {
    fn source(self) -> KernelSource {
        let Self { element, sums } = self;
        let mut fragments = vec![
            wgsl::element(element),
            wgsl::SPECIAL,
            StandardizeRowsParameters::DECLARED,
            wgsl::workgroup(),
            constants! { ROW_BYTES = ROW_BYTES },
            VARIANCE,
            include_str!("../../../shaders/standardize/standardize_rows.wgsl"),
        ];
        fragments.extend(sums.fragments());
        KernelSource {
            name: format!("standardize_rows_{element}_{sums:?}"),
            fragments,
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let of_rows = Accumulation::OF_ELEMENTS;
    let mut all: Vec<_> = of_rows.map(|(element, sums)| StandardizeRowsKernel { element, sums }.source()).into();
    all.extend([FloatType::F32, FloatType::F64].map(|element| StandardizeKernel(element).source()));
    all
}

/// The longest row that a workgroup standardizes by itself.
pub(crate) fn longest_row(context: &GpuContext, dtype: FloatType) -> usize {
    ROW_BYTES.min(context.window_bytes() as usize) / dtype.size() as usize
}

pub(crate) fn standardize(op: &Standardize, encoder: &Encoder<'_>) -> Result<()> {
    let (len, inner) = (op.view.len as u64, op.view.inner as u64);
    let size = op.dtype.size();
    let window = encoder.window_bytes() / size;
    for tile in tiles(op.view.outer as u64, len, inner, window, window) {
        let (rows, reduce_len) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let columns = tile.inner.end - tile.inner.start;
        // Without gaps: a tile has more than one index only if it has all of the inner axis.
        let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
        let first_output = tile.outer.start * inner + tile.inner.start;
        let total = rows * reduce_len * columns;
        let (values, value_offset) = encoder.window(op.values.gpu()?, first, total, size);
        let (output, output_offset) = encoder.window(op.output.gpu()?, first, total, size);
        let (means, statistics_offset) = encoder.window(op.means.gpu()?, first_output, rows * columns, size);
        let (deviations, _) = encoder.window(op.deviations.gpu()?, first_output, rows * columns, size);
        let parameters = StandardizeParameters {
            total: word(total)?,
            len: word(reduce_len)?,
            inner: word(columns)?,
            value_offset,
            output_offset,
            statistics_offset,
            nan: op.dtype.nan(),
        };
        let bindings = [values, means, deviations, output];
        encoder.dispatch(StandardizeKernel(op.dtype), bytes_of(&parameters), &bindings, total.div_ceil(WORKGROUP))?;
    }
    Ok(())
}

pub(crate) fn standardize_rows(op: &StandardizeRows, encoder: &Encoder<'_>) -> Result<()> {
    let (len, size) = (op.len as u64, op.dtype.size());
    let element = op.dtype;
    let kernel = StandardizeRowsKernel { element, sums: Accumulation::of(element, encoder) };
    // A workgroup has a row to itself.
    let most = (encoder.window_bytes() / size / len).min(encoder.most_workgroups()).max(1);
    for rows in chunk_ranges(op.rows as u64, most) {
        let (first, count) = (rows.start * len, (rows.end - rows.start) * len);
        let (values, value_offset) = encoder.window(op.values.gpu()?, first, count, size);
        let (output, output_offset) = encoder.window(op.output.gpu()?, first, count, size);
        let parameters = StandardizeRowsParameters {
            rows: word(rows.end - rows.start)?,
            len: word(len)?,
            value_offset,
            output_offset,
            opaque_zero: 0,
            unused: 0,
            nan: op.dtype.nan(),
            infinity: op.dtype.infinity(),
            ddof: op.dtype.words(op.ddof),
        };
        encoder.dispatch(kernel, bytes_of(&parameters), &[values, output], rows.end - rows.start)?;
    }
    Ok(())
}
