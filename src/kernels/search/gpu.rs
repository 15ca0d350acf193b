//! Dispatches `shaders/knots.wgsl` and `shaders/searchsorted.wgsl`.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::ElementType;
use crate::engine::check::Outcome;
use crate::engine::gpu::encoder::{Binding, Commands};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::error::Result;
use crate::kernels::search::axis::SortedAxis;
use crate::kernels::search::op::{PrepareKnots, Search};
use crate::kernels::tiles::steps;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    knots: u32,
    total: u32,
    check: u32,
    unused: u32,
}

/// Turns knots into keys and checks their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KnotsKernel(ElementType);

impl KernelKey for KnotsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("knots_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/search/knots.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite, Access::ReadWrite],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let elements = [ElementType::F32, ElementType::F64].into_iter();
    elements.flat_map(|e| [KnotsKernel(e).source(), SearchsortedKernel(e).source()]).collect()
}

/// The bindings of a whole axis: keys, starts, origins.
pub(crate) fn axis_bindings(axis: &SortedAxis) -> Result<[Binding<'_>; 3]> {
    let keys = Binding::start(axis.keys.gpu()?, axis.dtype.bytes(axis.tables * axis.knots));
    let Some((starts, origins)) = &axis.index else {
        // Without buckets nothing reads them, but something has to be bound.
        return Ok([keys; 3]);
    };
    Ok([
        keys,
        Binding::start(starts.gpu()?, 4 * (axis.tables * (axis.buckets + 1)) as u64),
        Binding::start(origins.gpu()?, axis.dtype.bytes(axis.tables * 2)),
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SearchsortedKernel(ElementType);

impl KernelKey for SearchsortedKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("searchsorted_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/search/searchsorted.wgsl"),
                wgsl::SEARCH,
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::Read, Access::ReadWrite],
        }
    }
}

pub(crate) fn search(operation: &Search, commands: &Commands<'_>) -> Result<()> {
    let axis = &operation.axis;
    let [keys, starts, origins] = axis_bindings(axis)?;
    let size = axis.dtype.size();
    for queries in steps(operation.total as u64, commands.window_bytes() / size) {
        let total = queries.end - queries.start;
        let (x, query_shift) = commands.window(operation.x.gpu()?, queries.start, total, size);
        let (output, output_shift) = commands.window(operation.output.gpu()?, queries.start, total, 4);
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
        commands.dispatch(
            SearchsortedKernel(axis.dtype.element()),
            bytes_of(&parameters),
            &bindings,
            total.div_ceil(WORKGROUP),
        )?;
    }
    Ok(())
}

pub(crate) fn prepare_knots(op: &PrepareKnots, commands: &Commands<'_>) -> Result<()> {
    let bytes = op.dtype.bytes(op.total);
    let Outcome::Word { buffer, index } = op.check.outcome() else { return Ok(()) };
    let parameters = Parameters { knots: op.knots as u32, total: op.total as u32, check: *index, unused: 0 };
    commands.dispatch(
        KnotsKernel(op.dtype.element()),
        bytes_of(&parameters),
        &[Binding::start(op.xp.gpu()?, bytes), Binding::start(op.keys.gpu()?, bytes), Binding::checks(buffer)],
        (op.total as u64).div_ceil(WORKGROUP),
    )
}
