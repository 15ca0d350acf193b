//! Rearranging axes on the device, for reductions over axes that are not neighbours.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::device::Device;
use crate::element::Float;
use crate::engine::gpu::encoder::Commands;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::engine::host::memory::HostPool;
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::tiles::tiles;

/// The elements of an array of this shape with its axes in another order: axis `i` of the result is axis `order[i]`.
/// The same storage if that is the order they are in.
pub(crate) fn arrange<T: Float>(
    device: &Device,
    storage: &Storage<T>,
    shape: &[usize],
    order: &[usize],
) -> Result<Storage<T>> {
    let mut storage = storage.clone();
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    let product = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product::<usize>();
    for place in 0..order.len() {
        let Some(from) = axes.iter().position(|&axis| axis == order[place]).filter(|&from| from != place) else {
            continue;
        };
        // Axes that stay together travel together.
        let together = axes[from..].iter().zip(&order[place..]).take_while(|(have, want)| have == want).count();
        let transpose = Transpose {
            outer: product(&axes[..place]),
            a: product(&axes[place..from]),
            b: product(&axes[from..from + together]),
            inner: product(&axes[from + together..]),
            target: device.allocate(product(&axes))?,
            source: storage,
        };
        storage = transpose.target.clone();
        if transpose.outer * transpose.a * transpose.b * transpose.inner > 0 {
            device.run(transpose)?;
        }
        axes[place..from + together].rotate_left(from - place);
    }
    Ok(storage)
}

/// `[outer, a, b, inner]` to `[outer, b, a, inner]`.
pub(crate) struct Transpose<T: Float> {
    outer: usize,
    a: usize,
    b: usize,
    inner: usize,
    source: Storage<T>,
    target: Storage<T>,
}

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
struct TransposeKernel {
    element_bytes: usize,
}

impl KernelKey for TransposeKernel {
    fn source(self) -> KernelSource {
        let Self { element_bytes } = self;
        KernelSource {
            name: format!("transpose_{element_bytes}"),
            fragments: vec![
                if element_bytes == 8 {
                    include_str!("../../../shaders/lib/word64.wgsl")
                } else {
                    include_str!("../../../shaders/lib/word32.wgsl")
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
    [4, 8].map(|element_bytes| TransposeKernel { element_bytes }.source()).into()
}

impl<T: Float> Operation for Transpose<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        let Self { a, b, inner, .. } = *self;
        let source = self.source.host()?.snapshot();
        let source = &*source;
        self.target.host()?.write(|target| {
            let slabs = source.chunks_exact(a * b * inner).zip(target.chunks_exact_mut(a * b * inner));
            for (source, target) in slabs {
                for (place, run) in target.chunks_exact_mut(inner).enumerate() {
                    let from = (place % a * b + place / a) * inner;
                    run.copy_from_slice(&source[from..from + inner]);
                }
            }
        })
    }

    fn account(&self) -> Account {
        let Self { outer, a, b, inner, source, target } = self;
        let elements = outer * a * b * inner;
        Account {
            name: format!("rearranging {outer} x {a} x {b} x {inner}"),
            reads: vec![source.used(elements)],
            writes: vec![target.used(elements)],
        }
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        let Self { outer, a, b, inner, .. } = *self;
        let size = size_of::<T>() as u64;
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
            let (source, source_shift) = commands.window(self.source.gpu()?, first, total, size);
            let (target, target_shift) = commands.window(self.target.gpu()?, first, total, size);
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
            commands.dispatch(
                TransposeKernel { element_bytes: size_of::<T>() },
                bytes_of(&parameters),
                &[source, target],
                groups,
            )?;
        }
        Ok(())
    }
}
