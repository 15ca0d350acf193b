//! The GPU's half: dispatches the kernels of `shaders/search/`. The search itself, in `shaders/table/`, is that of
//! tables too.

use bytemuck::bytes_of;

use crate::engine::check::Outcome;
use crate::engine::gpu::binding::{Binding, Bindings, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, constants, params, shared_struct, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::index::gpu_index::Bucketing;
use crate::kernels::search::axis::{DeviceIndex, SortedAxis};
use crate::kernels::search::gpu_index;
use crate::kernels::search::op::{PrepareKnots, Search};
use crate::kernels::tiles::chunk_ranges;

/// The steps of a search are written out in the shader; it has so many.
pub(crate) const MOST_STEPS: u32 = 30;

shared_struct! {
    /// What a search has to know of a table or an axis.
    pub(crate) struct TableParameters {
        /// The origin and scale of the bucket function, where all queries go to one table.
        origin: [u32; 2],
        scale: [u32; 2],
        knots: u32,
        /// Of one table; where segments are known, their place in the window.
        buckets: u32,
        bucketing: u32,
        /// How the values at the knots are used.
        flags: u32,
    }
}

impl TableParameters {
    pub fn of(axis: &SortedAxis, flags: u32) -> Result<Self> {
        Ok(Self {
            origin: axis.bounds.origin,
            scale: axis.bounds.scale,
            knots: word(axis.knots)?,
            buckets: word(axis.buckets)?,
            bucketing: axis.bucketing as u32,
            flags,
        })
    }

    /// For kernels that take evenly spaced knots for such: the number of a query's knot in place of its bucket.
    pub fn evenly(self, axis: &SortedAxis) -> Self {
        match axis.bounds.even {
            Some([origin, scale]) => Self { origin, scale, buckets: self.knots, ..self },
            None => self,
        }
    }

    /// For queries whose segments are known: those begin here in their window.
    pub fn with_cells_at(self, offset: u32) -> Self {
        Self { buckets: offset, ..self }
    }
}

/// Where a search starts without an index.
const FROM_FIRST_KNOT: &str = "// provides: search_start
// needs: Bits
fn search_start(query: vec4<Bits>, k: vec4<Bits>, table: u32) -> vec4<u32> { return vec4<u32>(0u); }
";

/// The search from a bucket of an index that the device made, for kernels that have tables.
pub(crate) fn descent_on_device() -> Vec<&'static str> {
    vec![
        gpu_index::head(),
        gpu_index::BUCKET_FN,
        include_str!("../../../shaders/table/buckets_on_device.wgsl"),
        include_str!("../../../shaders/table/descend.wgsl"),
    ]
}

/// The search, for kernels that have `key_at` and the parameters of a table: from a bucket or from the first knot.
pub(crate) fn descent(from_bucket: bool) -> Vec<&'static str> {
    let mut fragments = match from_bucket {
        true => vec![bucketings(), include_str!("../../../shaders/table/buckets.wgsl")],
        false => vec![FROM_FIRST_KNOT],
    };
    fragments.push(include_str!("../../../shaders/table/descend.wgsl"));
    fragments
}

/// The bucket functions that shaders tell apart.
pub(crate) fn bucketings() -> &'static str {
    constants! { BUCKETS_LINEAR = Bucketing::Linear }
}

params! {
    struct KnotParameters {
        /// Of one table.
        knots: u32,
        /// Of all tables.
        total: u32,
        /// Which word of the checks.
        check: u32,
        /// 0: the caller is trusted.
        is_checked: u32,
        /// 1: descending knots are put in reverse.
        descends: u32,
    }
}

/// Turns knots into keys and checks their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KnotsKernel(FloatType);

impl KernelKey for KnotsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("knots_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                KnotParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/search/knots.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite, Access::ReadWrite, Access::ReadWrite],
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let elements = [FloatType::F32, FloatType::F64];
    let mut all: Vec<_> = elements.map(|element| KnotsKernel(element).source()).into();
    all.extend(gpu_index::kernels());
    for element in elements {
        for flags in 0..4 {
            let [quads, from_bucket] = [1, 2].map(|flag| flags & flag != 0);
            all.push(SearchsortedKernel { element, quads, from_bucket, steps: 3 }.source());
        }
    }
    all
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 4] =
    [KnotParameters::LAYOUT, gpu_index::LAYOUT, SearchParameters::LAYOUT, TableParameters::LAYOUT];

/// The keys of a whole axis.
pub(crate) fn keys_binding(axis: &SortedAxis) -> Result<Binding<'_>> {
    Ok(Binding::start(axis.keys.gpu()?, axis.dtype.bytes(axis.tables * axis.knots)))
}

/// The index of a whole axis: starts and bucket functions, or nothing.
pub(crate) fn index_bindings(axis: &SortedAxis) -> Result<Vec<Binding<'_>>> {
    let Some((starts, functions)) = &axis.index else { return Ok(Vec::new()) };
    let (starts_len, functions_len) = match axis.bucketing {
        Bucketing::OnDevice => {
            (DeviceIndex::starts_len(axis.tables, axis.buckets), DeviceIndex::functions_len(axis.tables))
        }
        _ => (axis.tables * (axis.buckets + 1), axis.tables * 2),
    };
    Ok(vec![
        Binding::start(starts.gpu()?, 4 * starts_len as u64),
        Binding::start(functions.gpu()?, axis.dtype.bytes(functions_len)),
    ])
}

params! {
    struct SearchParameters {
        table: TableParameters,
        /// Queries of this dispatch.
        total: u32,
        /// 1: how many knots are less than the query, 0: less than or equal to it.
        left: u32,
        /// 1: count from the other end, where decreasing knots were reversed.
        flip: u32,
        /// Where the queries and the output begin in their windows.
        query_offset: u32,
        output_offset: u32,
        unused: u32,
    }
    needs TableParameters
}

/// A kernel that searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SearchsortedKernel {
    element: FloatType,
    /// Four queries a load.
    quads: bool,
    /// The search starts at a bucket, not at the first knot.
    from_bucket: bool,
    steps: u32,
}

impl SearchsortedKernel {
    fn fragments(self) -> Vec<&'static str> {
        let mut fragments = vec![
            wgsl::element(self.element),
            wgsl::SPECIAL,
            TableParameters::WGSL,
            SearchParameters::DECLARED,
            include_str!("../../../shaders/table/keys.wgsl"),
        ];
        fragments.extend(descent(self.from_bucket));
        if !self.from_bucket {
            fragments.push(bucketings());
        }
        fragments.extend([wgsl::queries(self.quads), wgsl::results(self.quads)]);
        fragments.extend([wgsl::workgroup(), wgsl::GRID]);
        fragments.push(include_str!("../../../shaders/search/searchsorted.wgsl"));
        fragments
    }
}

impl KernelKey for SearchsortedKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self { element, quads, from_bucket, steps } = self;
        let mut constants = vec![("DEPTH", f64::from(steps))];
        if from_bucket {
            constants.push(("OWN_KNOTS", 0.0));
        }
        let load = if quads { "quads" } else { "single" };
        let start = if from_bucket { "bucket" } else { "first" };
        KernelSource {
            name: format!("searchsorted_{element}_{load}_{start}_{steps}"),
            fragments: self.fragments(),
            constants,
            access: &[Read, Absent, ReadWrite],
            shared: if from_bucket { &[Read, Read, Read] } else { &[Read] },
        }
    }
}

pub(crate) fn search(operation: &Search, encoder: &Encoder<'_>) -> Result<()> {
    let axis = &operation.axis;
    let size = axis.dtype.size();
    let from_bucket = axis.bounds.bucket_depth.filter(|&steps| steps < axis.bounds.full_depth);
    // Pieces that begin where a window can, so that queries stay four by four.
    let window = (encoder.window_bytes() / size).next_multiple_of(256) - 256;
    for queries in chunk_ranges(operation.total as u64, window) {
        let total = queries.end - queries.start;
        let (mut x, query_offset) = encoder.window(operation.x.gpu()?, queries.start, total, size);
        let (mut output, output_offset) = encoder.window(operation.output.gpu()?, queries.start, total, 4);
        let quads = u64::from(query_offset).is_multiple_of(QUAD)
            && u64::from(output_offset).is_multiple_of(QUAD)
            && x.round_up(QUAD * size)
            && output.round_up(QUAD * 4);
        let kernel = SearchsortedKernel {
            element: axis.dtype,
            quads,
            from_bucket: from_bucket.is_some(),
            steps: from_bucket.unwrap_or(axis.bounds.full_depth).min(MOST_STEPS),
        };
        let parameters = SearchParameters {
            table: TableParameters::of(axis, 0)?,
            total: word(total)?,
            left: operation.left.into(),
            flip: operation.flip.into(),
            query_offset,
            output_offset,
            unused: 0,
        };
        let mut shared = vec![keys_binding(axis)?];
        if kernel.from_bucket {
            shared.extend(index_bindings(axis)?);
        }
        let bindings = Bindings { own: &[x, output], shared: Some((&axis.bind_group, &shared)) };
        let groups = total.div_ceil(QUAD).div_ceil(WORKGROUP);
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, groups)?;
    }
    Ok(())
}

pub(crate) fn prepare_knots(op: &PrepareKnots, encoder: &Encoder<'_>) -> Result<()> {
    let bytes = op.dtype.bytes(op.total);
    let (checks, check) = match op.check.as_ref().map(|check| check.outcome()) {
        Some(Outcome::Word { buffer, index }) => (Binding::checks(buffer), *index),
        _ => (encoder.placeholder(Placeholder::Checks), 0),
    };
    let order = match &op.order {
        Some(order) => Binding::start(order.gpu()?, 4 * op.total as u64),
        None => encoder.placeholder(Placeholder::KnotOrder),
    };
    let parameters = KnotParameters {
        knots: word(op.knots)?,
        total: word(op.total)?,
        check,
        is_checked: op.check.is_some().into(),
        descends: op.order.is_some().into(),
    };
    encoder.dispatch(
        KnotsKernel(op.dtype),
        bytes_of(&parameters),
        &[Binding::start(op.xp.gpu()?, bytes), Binding::start(op.keys.gpu()?, bytes), checks, order],
        (op.total as u64).div_ceil(WORKGROUP),
    )
}
