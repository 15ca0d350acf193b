//! Dispatches `shaders/knots.wgsl` and `shaders/searchsorted.wgsl`.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};

use super::axis::{PrepareKnots, SortedAxis};
use super::search::Search;
use crate::device::Operation;
use crate::device::check::Outcome;
use crate::device::gpu::{Access, Binding, GpuContext, Kernel};
use crate::device::host::HostPool;
use crate::element::{ElementType, Float, bytes_of as array_bytes};
use crate::error::{Error, ErrorKind, Result};
use crate::shader::{self, WORKGROUP};
use crate::tiles::steps;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    knots: u32,
    total: u32,
    check: u32,
    unused: u32,
}

fn kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("knots_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::GRID,
            include_str!("../../shaders/knots.wgsl"),
        ],
        access: &[Access::Read, Access::ReadWrite, Access::ReadWrite],
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<Kernel> {
    [ElementType::F32, ElementType::F64].into_iter().flat_map(|e| [kernel(e), search_kernel(e)]).collect()
}

/// The bindings of a whole axis: keys, starts, origins.
pub(crate) fn axis_bindings<T: Float>(axis: &SortedAxis<T>) -> Result<[Binding<'_>; 3]> {
    let keys = Binding::start(axis.keys.gpu()?, array_bytes::<T>(axis.tables * axis.knots));
    let Some((starts, origins)) = &axis.index else {
        // Without buckets nothing reads them, but something has to be bound.
        return Ok([keys; 3]);
    };
    Ok([
        keys,
        Binding::start(starts.gpu()?, array_bytes::<u32>(axis.tables * (axis.buckets + 1))),
        Binding::start(origins.gpu()?, array_bytes::<T>(axis.tables * 2)),
    ])
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct SearchParameters {
    total: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    left: u32,
    flip: u32,
    query_shift: u32,
    output_shift: u32,
}

fn search_kernel(element: ElementType) -> Kernel {
    Kernel {
        name: format!("searchsorted_{element}"),
        fragments: vec![
            shader::element(element),
            shader::SPECIAL,
            shader::GRID,
            include_str!("../../shaders/searchsorted.wgsl"),
            shader::SEARCH,
        ],
        access: &[Access::Read, Access::Read, Access::Read, Access::Read, Access::ReadWrite],
    }
}

pub(super) fn search<T: Float>(operation: &Search<T>, context: &GpuContext) -> Result<()> {
    let axis = &operation.axis;
    let [keys, starts, origins] = axis_bindings(axis)?;
    let size = size_of::<T>() as u64;
    for queries in steps(operation.total as u64, context.window_bytes() / size) {
        let total = queries.end - queries.start;
        let (x, query_shift) = context.window(operation.x.gpu()?, queries.start, total, size);
        let (output, output_shift) = context.window(operation.output.gpu()?, queries.start, total, 4);
        let parameters = SearchParameters {
            total: total as u32,
            knots: axis.knots as u32,
            buckets: axis.buckets as u32,
            bucketing: axis.bucketing as u32,
            left: operation.left.into(),
            flip: operation.flip.into(),
            query_shift,
            output_shift,
        };
        let bindings = [x, keys, starts, origins, output];
        context.dispatch(&search_kernel(T::TYPE), bytes_of(&parameters), &bindings, total.div_ceil(WORKGROUP))?;
    }
    Ok(())
}

impl<T: Float> Operation for PrepareKnots<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        // The CPU engine builds a whole index instead, where the axis is made.
        Err(Error::new(ErrorKind::DeviceMismatch, "knots of a GPU cannot be prepared by the CPU engine"))
    }

    fn on_gpu(&self, context: &GpuContext) -> Result<()> {
        let bytes = array_bytes::<T>(self.total);
        let Outcome::Word { buffer, index } = self.check.outcome() else { return Ok(()) };
        let parameters = Parameters { knots: self.knots as u32, total: self.total as u32, check: *index, unused: 0 };
        context.dispatch(
            &kernel(T::TYPE),
            bytes_of(&parameters),
            &[Binding::start(self.xp.gpu()?, bytes), Binding::start(self.keys.gpu()?, bytes), Binding::checks(buffer)],
            (self.total as u64).div_ceil(WORKGROUP),
        )
    }
}
