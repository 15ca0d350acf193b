//! The GPU's half: dispatches the kernels of `shaders/sum_over_rows/`. Rows are split into parts, whose sums lie in
//! memory of their own until the last kernel merges them; the pieces of an array larger than a binding continue them.

use std::ops::Range;

use bytemuck::bytes_of;

use crate::engine::gpu::binding::{Binding, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, params, word};
use crate::engine::info::DeviceKind;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::reduce::gpu::launch::{FEWEST_ITERATIONS, MOST_ITERATIONS, MOST_PARTS};
use crate::kernels::reduce::gpu::variant::Accumulation;
use crate::kernels::sum_over_rows::op::SumOverRows;
use crate::kernels::tiles::chunk_ranges;

params! {
    struct SumOverRowsParameters {
        /// Of this piece.
        rows: u32,
        inner: u32,
        /// Indices along the axis.
        columns: u32,
        /// Elements from one outer index to the next.
        outer_stride: u32,
        /// Elements from one index along the axis to the next.
        axis_stride: u32,
        /// Into which the rows are split.
        parts: u32,
        /// Rows of a part.
        part_rows: u32,
        /// Sums of a part, those of other pieces included.
        part_stride: u32,
        /// Which of them is the first of this piece.
        first_column: u32,
        /// Where values, rows and outputs begin in their windows.
        value_offset: u32,
        row_offset: u32,
        output_offset: u32,
        /// 1: there are means.
        has_means: u32,
        /// 1: continue the sums of the piece before.
        continue_partial: u32,
        /// A zero that the compiler cannot know.
        opaque_zero: u32,
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [SumOverRowsParameters::LAYOUT];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Strategy {
    /// An invocation a part of an index along the axis, neighbouring indices side by side.
    Indices,
    /// A workgroup, where it is the rows that are neighbours.
    Rows,
    /// Merging what either left.
    Merge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SumOverRowsKernel {
    element: FloatType,
    sums: Accumulation,
    strategy: Strategy,
}

impl KernelKey for SumOverRowsKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self { element, sums, strategy } = self;
        let mut fragments = vec![
            wgsl::element(element),
            wgsl::SPECIAL,
            SumOverRowsParameters::DECLARED,
            wgsl::workgroup(),
            include_str!("../../../shaders/sum_over_rows/partials.wgsl"),
        ];
        fragments.extend(sums.fragments());
        if strategy != Strategy::Rows {
            fragments.push(wgsl::GRID);
        }
        if strategy != Strategy::Merge {
            fragments.push(include_str!("../../../shaders/sum_over_rows/deviations.wgsl"));
        }
        fragments.push(match strategy {
            Strategy::Indices => include_str!("../../../shaders/sum_over_rows/indices.wgsl"),
            Strategy::Rows => include_str!("../../../shaders/sum_over_rows/rows.wgsl"),
            Strategy::Merge => include_str!("../../../shaders/sum_over_rows/merge.wgsl"),
        });
        // The compensated sums alone look for what is special.
        if sums == Accumulation::Widened {
            fragments.retain(|&fragment| fragment != wgsl::SPECIAL);
        }
        KernelSource {
            name: format!("sum_over_rows_{element}_{sums:?}_{strategy:?}"),
            fragments,
            constants: Vec::new(),
            access: match strategy {
                Strategy::Indices | Strategy::Rows => &[Read, Read, Read, ReadWrite],
                Strategy::Merge => &[Absent, Absent, Absent, ReadWrite, ReadWrite],
            },
            shared: &[],
        }
    }
}

/// Bytes of a sum in an array of them, as WGSL lays it out.
fn state_bytes(element: FloatType) -> u64 {
    match element {
        FloatType::F32 => 8,
        FloatType::F64 => 16,
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    states().into_iter().map(|(kernel, _)| kernel).collect()
}

/// The same with the bytes of a sum, for the test that compares them with WGSL's.
#[cfg(test)]
pub(crate) fn states() -> Vec<(KernelSource, u64)> {
    let mut all = Vec::new();
    for (element, sums) in Accumulation::OF_ELEMENTS {
        for strategy in [Strategy::Indices, Strategy::Rows, Strategy::Merge] {
            all.push((SumOverRowsKernel { element, sums, strategy }.source(), state_bytes(element)));
        }
    }
    all
}

/// What a window holds of an array: of several outer indices only if it holds them whole.
struct Piece {
    outer: Range<u64>,
    along: Range<u64>,
    inner: Range<u64>,
}

/// How the array is cut.
#[derive(Clone, Copy, Debug)]
struct Launch {
    strategy: Strategy,
    /// Rows, indices along the axis, and inner indices of a piece, at most.
    outers: u64,
    columns: u64,
    inners: u64,
    /// Into which the rows of a piece are split.
    parts: u64,
    /// Indices along the axis whose sums are kept at once.
    chunk: u64,
}

impl Launch {
    fn choose(op: &SumOverRows, encoder: &Encoder<'_>) -> Self {
        let [outer, len, inner] = [op.view.outer, op.view.len, op.view.inner].map(|count| count as u64);
        let window = (encoder.window_bytes() / op.dtype.size()).max(1);
        let states = encoder.window_bytes() / state_bytes(op.dtype);
        let (outers, columns, inners) = match len * inner {
            whole if whole <= window => ((window / whole.max(1)).min(outer), len, inner),
            _ => (1, (window / inner).clamp(1, len), inner.min(window)),
        };
        let (strategy, together) = match inner >= WORKGROUP {
            true => (Strategy::Rows, WORKGROUP),
            false => (Strategy::Indices, 1),
        };
        let is_software = encoder.info().kernels_for == DeviceKind::Software;
        let busy = (if is_software { 1 << 10 } else { 1 << 16 }) / together;
        let rows = outers * inners;
        let worthwhile = rows / (together * FEWEST_ITERATIONS);
        let needed = rows.div_ceil(together * MOST_ITERATIONS);
        let parts = u64::div_ceil(busy, len.max(1)).min(worthwhile).min(MOST_PARTS).max(needed).max(1);
        let most = encoder.most_workgroups() * (WORKGROUP / together);
        let chunk = (states.min(most) / parts).clamp(1, len.max(1));
        Self { strategy, outers, columns, inners, parts, chunk }
    }
}

pub(crate) fn sum_over_rows(op: &SumOverRows, encoder: &Encoder<'_>) -> Result<()> {
    let launch = Launch::choose(op, encoder);
    for chunk in chunk_ranges(op.view.len as u64, launch.chunk) {
        Chunk { op, encoder, launch, along: chunk }.run()?;
    }
    Ok(())
}

/// Some indices along the axis, with all rows.
struct Chunk<'a> {
    op: &'a SumOverRows,
    encoder: &'a Encoder<'a>,
    launch: Launch,
    along: Range<u64>,
}

impl Chunk<'_> {
    fn run(&self) -> Result<()> {
        let Self { op, encoder, launch, along } = self;
        let columns = along.end - along.start;
        let is_empty = op.view.outputs() == 0;
        let bytes = launch.parts * columns * state_bytes(op.dtype);
        let scratch = if is_empty { None } else { Some(encoder.scratch(bytes)?) };
        let partials = match &scratch {
            Some(scratch) => Binding::start(scratch, bytes),
            None => encoder.placeholder(Placeholder::Partials),
        };
        if !is_empty {
            for some in chunk_ranges(columns, launch.columns) {
                for outer in chunk_ranges(op.view.outer as u64, launch.outers) {
                    for inner in chunk_ranges(op.view.inner as u64, launch.inners) {
                        let along = along.start + some.start..along.start + some.end;
                        self.add(&Piece { outer: outer.clone(), along, inner }, partials)?;
                    }
                }
            }
        }
        let size = op.dtype.size();
        let (output, output_offset) = encoder.window(op.output.gpu()?, along.start, columns, size);
        let parts = if is_empty { 0 } else { launch.parts };
        let parameters = SumOverRowsParameters { output_offset, parts: word(parts)?, ..self.parameters()? };
        let groups = columns.div_ceil(WORKGROUP);
        encoder.dispatch(self.kernel(Strategy::Merge), bytes_of(&parameters), &[partials, output], groups)
    }

    fn kernel(&self, strategy: Strategy) -> SumOverRowsKernel {
        let element = self.op.dtype;
        SumOverRowsKernel { element, sums: Accumulation::of(element, self.encoder), strategy }
    }

    /// What all dispatches have alike.
    fn parameters(&self) -> Result<SumOverRowsParameters> {
        let columns = word(self.along.end - self.along.start)?;
        Ok(SumOverRowsParameters {
            rows: 0,
            inner: 0,
            columns,
            outer_stride: 0,
            axis_stride: 0,
            parts: word(self.launch.parts)?,
            part_rows: 0,
            part_stride: columns,
            first_column: 0,
            value_offset: 0,
            row_offset: 0,
            output_offset: 0,
            has_means: self.op.means.is_some().into(),
            continue_partial: 0,
            opaque_zero: 0,
        })
    }

    /// Adds the rows of a piece to the partial sums.
    fn add(&self, piece: &Piece, partials: Binding<'_>) -> Result<()> {
        let Self { op, encoder, launch, .. } = self;
        let (len, inner, size) = (op.view.len as u64, op.view.inner as u64, op.dtype.size());
        let [outers, columns, inners] = [&piece.outer, &piece.along, &piece.inner].map(|range| range.end - range.start);
        let rows = outers * inners;
        // With the elements in between.
        let first = (piece.outer.start * len + piece.along.start) * inner + piece.inner.start;
        let count = ((outers - 1) * len + columns - 1) * inner + inners;
        let (values, value_offset) = encoder.window(op.values.gpu()?, first, count, size);
        let of_rows = |storage| encoder.window(storage, piece.outer.start * inner + piece.inner.start, rows, size);
        let (factors, row_offset) = of_rows(op.factors.gpu()?);
        let (means, _) = of_rows(op.means.as_ref().unwrap_or(&op.factors).gpu()?);
        let stride = |several: bool, elements: u64| if several { word(elements) } else { Ok(0) };
        let parameters = SumOverRowsParameters {
            rows: word(rows)?,
            inner: word(inners)?,
            columns: word(columns)?,
            outer_stride: stride(outers > 1, len * inner)?,
            axis_stride: stride(columns > 1, inner)?,
            part_rows: word(rows.div_ceil(launch.parts))?,
            first_column: word(piece.along.start - self.along.start)?,
            value_offset,
            row_offset,
            continue_partial: (piece.outer.start > 0 || piece.inner.start > 0).into(),
            ..self.parameters()?
        };
        let groups = match launch.strategy {
            Strategy::Rows => columns * launch.parts,
            Strategy::Indices | Strategy::Merge => (columns * launch.parts).div_ceil(WORKGROUP),
        };
        let bindings = [values, factors, means, partials];
        encoder.dispatch(self.kernel(launch.strategy), bytes_of(&parameters), &bindings, groups)
    }
}
