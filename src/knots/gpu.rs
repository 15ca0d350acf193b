//! Dispatches `shaders/knots.wgsl` and `shaders/searchsorted.wgsl`.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable, bytes_of};

use super::axis::{PrepareKnots, SortedAxis};
use super::index::{Bucketing, KnotIndex};
use super::search::Search;
use crate::device::check::Outcome;
use crate::device::gpu::{Access, Binding, GpuContext, Kernel};
use crate::device::host::HostPool;
use crate::device::{Device, Engine, Operation};
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

/// How far a search has to go in an axis, so that it can be written out without a loop.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// Whether the knots are numbers whose distances within a table do not overflow. False where nobody has looked.
    pub finite: bool,
    /// Steps from the first knot of a table.
    pub from_first: u32,
    /// Steps from the last knot before the bucket that comes before a query's own to the end of the one that comes after,
    /// at the most; none without buckets, or where rounding could mislead by more than one.
    pub from_bucket: Option<u32>,
    /// Of the bucket function of the first table.
    pub origin: [u32; 2],
    /// Of the bucket function of the first table.
    pub scale: [u32; 2],
}

impl Reach {
    /// Of an axis that the host has; looked at only for a GPU.
    pub fn on<T: Float>(device: &Device, index: &KnotIndex<T>) -> Self {
        match device.engine() {
            Engine::Cpu(_) => Self::default(),
            Engine::Gpu(_) => Self::of(index),
        }
    }

    /// Of an axis that nobody has looked at.
    pub fn unknown(knots: usize) -> Self {
        Self { from_first: steps_among(knots), ..Self::default() }
    }

    fn of<T: Float>(index: &KnotIndex<T>) -> Self {
        let distance = |table: &[T::Key]| T::from_key(table[table.len() - 1]) - T::from_key(table[0]);
        let finite = index.keys.chunks_exact(index.knots.max(1)).all(|table| distance(table).is_finite());
        let unknown = Self::unknown(index.knots);
        if index.bucketing == Bucketing::None {
            return Self { finite, ..unknown };
        }
        // A device may take what is subnormal for zero: that moves a query by less than a bucket if so steep a function is
        // left alone.
        let steepest = T::one() / T::min_positive_value();
        let too_steep = |pair: &[T::Key]| index.bucketing == Bucketing::Linear && T::of_bits(pair[1]) > steepest;
        let [origin, scale] = [0, 1].map(|place| T::of_bits(index.origins[place]).words());
        let widest = index.starts.chunks_exact(index.buckets + 1).map(widest_window).max().unwrap_or(index.knots);
        let from_bucket = (!index.origins.chunks_exact(2).any(too_steep)).then(|| steps_among(widest));
        Self { finite, from_bucket, origin, scale, ..unknown }
    }
}

/// How many steps find one of so many knots.
fn steps_among(knots: usize) -> u32 {
    knots.next_power_of_two().trailing_zeros()
}

/// Among how many knots a search has to look at the most that knows its bucket but for one.
fn widest_window(starts: &[u32]) -> usize {
    let buckets = starts.len() - 1;
    let window = |bucket: usize| {
        let first = starts[bucket.max(1) - 1].max(1) - 1;
        (starts[(bucket + 2).min(buckets)].max(first + 1) - first) as usize
    };
    (0..buckets).map(window).max().unwrap_or(1)
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
