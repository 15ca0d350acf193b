//! `(a - mean) / std`, given both: an operation over elements that stands on the reductions.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};
use rayon::prelude::*;

use super::operation::View;
use crate::device::gpu::{Access, Commands, Kernel};
use crate::device::host::HostPool;
use crate::device::storage::Storage;
use crate::device::{Account, Operation};
use crate::element::{ElementType, Float};
use crate::error::Result;
use crate::shader::{self, WORKGROUP};
use crate::tiles::tiles;

/// Elements that one task of the CPU engine works on.
const ELEMENTS_PER_TASK: usize = 32 << 10;

pub(super) struct Standardize<T: Float> {
    pub view: View,
    pub values: Storage<T>,
    pub means: Storage<T>,
    pub deviations: Storage<T>,
    pub output: Storage<T>,
}

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

fn kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("standardize_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::GRID,
            include_str!("../../shaders/standardize.wgsl"),
        ],
        access: &[Access::Read, Access::Read, Access::Read, Access::ReadWrite],
    }
}

#[cfg(test)]
pub(super) fn kernels() -> Vec<Kernel> {
    [ElementType::F32, ElementType::F64].map(kernel).into()
}

impl<T: Float> Operation for Standardize<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        let View { len, inner, .. } = self.view;
        let values = self.values.host()?.snapshot();
        let (means, deviations) = (self.means.host()?.snapshot(), self.deviations.host()?.snapshot());
        self.output.host()?.write(|output| {
            output.par_chunks_mut(ELEMENTS_PER_TASK).enumerate().for_each(|(task, chunk)| {
                let first = task * ELEMENTS_PER_TASK;
                for (index, target) in chunk.iter_mut().enumerate() {
                    let place = first + index;
                    let line = place / (len * inner) * inner + place % inner;
                    let deviation = deviations[line];
                    let standardized = (values[place] - means[line]) / deviation;
                    // Where all values are the same there is no scale to measure them by.
                    *target = if deviation.is_zero() { T::nan() } else { standardized };
                }
            });
        })
    }

    fn account(&self) -> Account {
        let View { outer, len, inner } = self.view;
        let (elements, lines) = (outer * len * inner, self.view.lines());
        Account {
            name: format!("standardize {outer} x {len} x {inner} along the middle"),
            reads: vec![self.values.used(elements), self.means.used(lines), self.deviations.used(lines)],
            writes: vec![self.output.used(elements)],
        }
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        let (len, inner) = (self.view.len as u64, self.view.inner as u64);
        let size = size_of::<T>() as u64;
        let window = commands.window_bytes() / size;
        for tile in tiles(self.view.outer as u64, len, inner, window, window) {
            let (rows, places) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
            let columns = tile.inner.end - tile.inner.start;
            // Without gaps: a tile has more than one place only if it has all of the inner axis.
            let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
            let first_line = tile.outer.start * inner + tile.inner.start;
            let total = rows * places * columns;
            let (values, value_shift) = commands.window(self.values.gpu()?, first, total, size);
            let (output, output_shift) = commands.window(self.output.gpu()?, first, total, size);
            let (means, line_shift) = commands.window(self.means.gpu()?, first_line, rows * columns, size);
            let (deviations, _) = commands.window(self.deviations.gpu()?, first_line, rows * columns, size);
            let parameters = Parameters {
                total: total as u32,
                len: places as u32,
                inner: columns as u32,
                value_shift,
                output_shift,
                line_shift,
                nan: T::nan().words(),
            };
            let bindings = [values, means, deviations, output];
            commands.dispatch(&kernel(T::TYPE), bytes_of(&parameters), &bindings, total.div_ceil(WORKGROUP))?;
        }
        Ok(())
    }
}
