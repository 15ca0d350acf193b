//! The GPU's half: dispatches `shaders/transpose/transpose.wgsl`.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::engine::gpu::encoder::Commands;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::error::{Error, Result};
use crate::float::dtype::FloatType;
use crate::kernels::tiles::tiles;
use crate::kernels::transpose::op::Transpose;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    total: u32,
    a: u32,
    b: u32,
    inner: u32,
    source_shift: u32,
    target_shift: u32,
    unused: [u32; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TransposeKernel(FloatType);

impl KernelKey for TransposeKernel {
    fn source(self) -> KernelSource {
        let Self(dtype) = self;
        KernelSource {
            name: format!("transpose_{}", dtype.size()),
            fragments: vec![
                match dtype {
                    FloatType::F32 => include_str!("../../../shaders/lib/word32.wgsl"),
                    FloatType::F64 => include_str!("../../../shaders/lib/word64.wgsl"),
                },
                wgsl::GRID,
                include_str!("../../../shaders/transpose/transpose.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite],
        }
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    [FloatType::F32, FloatType::F64].map(|dtype| TransposeKernel(dtype).source()).into()
}

pub(crate) fn transpose(op: &Transpose, commands: &Commands<'_>) -> Result<()> {
    let Transpose { outer, a, b, inner, .. } = *op;
    let size = op.dtype.size();
    let slab = (a * b * inner) as u64;
    let window = commands.window_bytes() / size;
    if slab > window {
        let bytes = slab * size;
        return Err(Error::too_large("rearranging axes that are not neighbours", bytes, window * size, {
            &commands.info().name
        }));
    }
    for tile in tiles(outer as u64, 1, slab, window, window) {
        let (first, total) = (tile.outer.start * slab, (tile.outer.end - tile.outer.start) * slab);
        let (source, source_shift) = commands.window(op.source.gpu()?, first, total, size);
        let (target, target_shift) = commands.window(op.target.gpu()?, first, total, size);
        let parameters = Parameters {
            total: total as u32,
            a: a as u32,
            b: b as u32,
            inner: inner as u32,
            source_shift,
            target_shift,
            unused: [0; 2],
        };
        let groups = total.div_ceil(WORKGROUP);
        commands.dispatch(TransposeKernel(op.dtype), bytes_of(&parameters), &[source, target], groups)?;
    }
    Ok(())
}
