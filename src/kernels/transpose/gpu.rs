//! The GPU's half: dispatches `shaders/transpose/transpose.wgsl`.

use bytemuck::bytes_of;

use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, params, word};
use crate::error::{Error, Result};
use crate::float::dtype::FloatType;
use crate::kernels::tiles::tiles;
use crate::kernels::transpose::op::Transpose;

params! {
    struct TransposeParameters {
        total: u32,
        a: u32,
        b: u32,
        inner: u32,
        /// Where the elements begin in their windows.
        source_offset: u32,
        target_offset: u32,
    }
}

/// How Rust lays out what the kernel reads.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [TransposeParameters::LAYOUT];

/// What is moved: words of 4 bytes, or of 8.
const WORD: &str = "// provides: Word\nalias Word = u32;\n";
const TWO_WORDS: &str = "// provides: Word\nalias Word = vec2<u32>;\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TransposeKernel(FloatType);

impl KernelKey for TransposeKernel {
    fn source(self) -> KernelSource {
        let Self(dtype) = self;
        KernelSource {
            name: format!("transpose_{}", dtype.size()),
            fragments: vec![
                match dtype {
                    FloatType::F32 => WORD,
                    FloatType::F64 => TWO_WORDS,
                },
                TransposeParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/transpose/transpose.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    [FloatType::F32, FloatType::F64].map(|dtype| TransposeKernel(dtype).source()).into()
}

pub(crate) fn transpose(op: &Transpose, encoder: &Encoder<'_>) -> Result<()> {
    let Transpose { outer, a, b, inner, .. } = *op;
    let size = op.dtype.size();
    let slab = (a * b * inner) as u64;
    let window = encoder.window_bytes() / size;
    if slab > window {
        let bytes = slab * size;
        return Err(Error::too_large("rearranging axes that are not neighbours", bytes, window * size, {
            &encoder.info().name
        }));
    }
    for tile in tiles(outer as u64, 1, slab, window, window) {
        let (first, total) = (tile.outer.start * slab, (tile.outer.end - tile.outer.start) * slab);
        let (source, source_offset) = encoder.window(op.source.gpu()?, first, total, size);
        let (target, target_offset) = encoder.window(op.target.gpu()?, first, total, size);
        let parameters = TransposeParameters {
            total: word(total)?,
            a: word(a)?,
            b: word(b)?,
            inner: word(inner)?,
            source_offset,
            target_offset,
        };
        let groups = total.div_ceil(WORKGROUP);
        encoder.dispatch(TransposeKernel(op.dtype), bytes_of(&parameters), &[source, target], groups)?;
    }
    Ok(())
}
