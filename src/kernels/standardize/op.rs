//! `(a - mean) / std`: of rows that fit into fast memory in one pass ([`StandardizeRows`]), else over elements, given the
//! statistics ([`Standardize`]).

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::{ElementType, Float};
use crate::engine::Engine;
use crate::engine::gpu::encoder::Commands;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::engine::host::memory::HostPool;
use crate::engine::host::parallel::share;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::reduce::cpu;
use crate::kernels::reduce::gpu::{SPREAD, Sums};
use crate::kernels::reduce::op::{Finish, Operands, View};
use crate::kernels::tiles::{steps, tiles};

/// Elements that one task of the CPU engine works on.
const ELEMENTS_PER_TASK: usize = 32 << 10;

pub(crate) struct Standardize<T: Float> {
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

/// Rows that are read once.
pub(crate) struct StandardizeRows<T: Float> {
    rows: usize,
    len: usize,
    ddof: T,
    values: Storage<T>,
    output: Storage<T>,
}

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

impl<T: Float> Operands<T> {
    /// Standardizes every line.
    pub fn standardized(&self, ddof: T) -> Result<Storage<T>> {
        let Self { device, view, .. } = self;
        let elements = view.lines() * view.len;
        let output = device.allocate(elements)?;
        if let Some(rows) = StandardizeRows::of(self, ddof, output.clone()) {
            device.run(rows)?;
        } else if elements > 0 {
            let [means, deviations] = self.statistics(Finish::Std, ddof.widen())?;
            device.run(Standardize {
                view: *view,
                values: self.values.clone(),
                means,
                deviations,
                output: output.clone(),
            })?;
        }
        Ok(output)
    }
}

impl<T: Float> StandardizeRows<T> {
    /// If these are rows, and short enough.
    pub(crate) fn of(operands: &Operands<T>, ddof: T, output: Storage<T>) -> Option<Self> {
        let View { outer, len, inner } = operands.view;
        let longest = match operands.device.engine() {
            Engine::Cpu(_) => ELEMENTS_PER_TASK,
            Engine::Gpu(context) => ROW_BYTES.min(context.window_bytes() as usize) / size_of::<T>(),
        };
        let fits = inner == 1 && (1..=longest).contains(&len) && outer > 0;
        fits.then(|| Self { rows: outer, len, ddof, values: operands.values.clone(), output })
    }
}

impl<T: Float> Operation for Standardize<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        let View { len, inner, .. } = self.view;
        let values = self.values.host()?.snapshot();
        let (means, deviations) = (self.means.host()?.snapshot(), self.deviations.host()?.snapshot());
        let (values, means, deviations) = (&*values, &*means, &*deviations);
        self.output.host()?.write(|output| {
            share(output.chunks_mut(ELEMENTS_PER_TASK).enumerate(), |(task, chunk)| {
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
            commands.dispatch(
                StandardizeKernel(T::TYPE),
                bytes_of(&parameters),
                &bindings,
                total.div_ceil(WORKGROUP),
            )?;
        }
        Ok(())
    }
}

impl<T: Float> Operation for StandardizeRows<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        let values = self.values.host()?.snapshot();
        let (len, ddof) = (self.len, self.ddof.widen());
        let at_once = (ELEMENTS_PER_TASK / len).max(1) * len;
        self.output.host()?.write(|output| {
            share(output.chunks_mut(at_once).zip(values.chunks(at_once)), |(output, values)| {
                let (means, deviations) = cpu::statistics_of_rows(values, len, ddof);
                let rows = output.chunks_exact_mut(len).zip(values.chunks_exact(len));
                for ((output, values), (mean, deviation)) in rows.zip(means.into_iter().zip(deviations)) {
                    // Where all values are the same there is no scale to measure them by.
                    let scale = if deviation.is_zero() { T::nan() } else { deviation };
                    output.iter_mut().zip(values).for_each(|(output, &value)| *output = (value - mean) / scale);
                }
            });
        })
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        let (len, size) = (self.len as u64, size_of::<T>() as u64);
        let kernel = StandardizeRowsKernel { element: T::TYPE, sums: Sums::of(T::TYPE, commands) };
        // A workgroup has a row to itself.
        let most = (commands.window_bytes() / size / len).min(commands.most_workgroups()).max(1);
        for rows in steps(self.rows as u64, most) {
            let (first, count) = (rows.start * len, (rows.end - rows.start) * len);
            let (values, value_shift) = commands.window(self.values.gpu()?, first, count, size);
            let (output, output_shift) = commands.window(self.output.gpu()?, first, count, size);
            let parameters = RowsParameters {
                rows: (rows.end - rows.start) as u32,
                len: len as u32,
                value_shift,
                output_shift,
                zero: 0,
                unused: 0,
                nan: T::nan().words(),
                infinity: T::infinity().words(),
                ddof: self.ddof.words(),
            };
            commands.dispatch(kernel, bytes_of(&parameters), &[values, output], rows.end - rows.start)?;
        }
        Ok(())
    }

    fn account(&self) -> Account {
        let elements = self.rows * self.len;
        Account {
            name: format!("standardize {} rows of {}", self.rows, self.len),
            reads: vec![self.values.used(elements)],
            writes: vec![self.output.used(elements)],
        }
    }
}
