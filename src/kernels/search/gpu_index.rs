//! The search index of knots that only a GPU has, built there: the kernels `shaders/search/index_*.wgsl`, one after
//! another. Nothing goes to the host, which therefore knows neither the bucket functions nor how many steps a search
//! takes; a shader reads both from the index (`shaders/table/buckets_on_device.wgsl`).
//!
//! ```text
//! starts     | steps  | steps  | knots | s0 | s1 | .. | sb | .. | n |   of each table: the steps of the widest window
//!            | linear | by key | used  |                                by either function, the knots that are numbers,
//!                                                                       and each bucket's first knot
//! functions  | origin | scale | origin | shift | origin | scale | steps | is linear |
//!            | linear         | by key         | the better of them                 |
//! ```

use bytemuck::bytes_of;

use crate::engine::gpu::binding::Binding;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, params, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::search::axis::DeviceIndex;
use crate::kernels::search::op::IndexKnots;

/// The bucket functions, for knots and queries.
pub(crate) const BUCKET_FN: &str = include_str!("../../../shaders/table/bucket_fn.wgsl");

/// What a table's index begins with, before the starts of its buckets.
pub(crate) fn head() -> &'static str {
    wgsl::constants! { INDEX_HEAD = DeviceIndex::HEAD }
}

/// More steps than any window takes: of a bucket function that does not suit the knots.
const UNUSABLE: u32 = 32;
/// No number of a knot: of a bucket whose start nobody has found.
const UNSET: u32 = u32::MAX;
/// So many buckets start with a knot at most, unless there are many between it and the one before it.
const NEAR: u32 = 8;

fn unusable() -> &'static str {
    wgsl::constants! { UNUSABLE = UNUSABLE }
}

fn unset() -> &'static str {
    wgsl::constants! { UNSET = UNSET }
}

fn unusable_and_unset() -> &'static str {
    wgsl::constants! { UNUSABLE = UNUSABLE, UNSET = UNSET }
}

fn near() -> &'static str {
    wgsl::constants! { NEAR = NEAR }
}

params! {
    struct IndexParameters {
        /// Of one table.
        knots: u32,
        tables: u32,
        buckets: u32,
        /// Of a key.
        words: u32,
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUT: wgsl::Layout = IndexParameters::LAYOUT;

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// The bucket functions of each table.
    Functions,
    /// The steps of the widest window by either.
    Steps,
    /// The first knot of each bucket, by the better one.
    Starts,
    /// That of buckets far from any knot.
    Gaps,
}

impl Part {
    /// In the order in which they are done.
    const ALL: [Self; 4] = [Self::Functions, Self::Steps, Self::Starts, Self::Gaps];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct IndexKernel {
    element: FloatType,
    part: Part,
}

impl KernelKey for IndexKernel {
    fn source(self) -> KernelSource {
        use Access::{Read, ReadWrite};
        let Self { element, part } = self;
        let mut fragments = vec![wgsl::element(element), wgsl::SPECIAL, IndexParameters::DECLARED, head()];
        if part != Part::Functions {
            fragments.extend([BUCKET_FN, include_str!("../../../shaders/search/index_numbers.wgsl")]);
        }
        fragments.extend([wgsl::workgroup(), wgsl::GRID]);
        fragments.extend(match part {
            Part::Functions => [unusable(), include_str!("../../../shaders/search/index_functions.wgsl")],
            Part::Steps => [unusable_and_unset(), include_str!("../../../shaders/search/index_steps.wgsl")],
            Part::Starts => [near(), include_str!("../../../shaders/search/index_starts.wgsl")],
            Part::Gaps => [unset(), include_str!("../../../shaders/search/index_gaps.wgsl")],
        });
        KernelSource {
            name: format!("index_{part:?}_{element}"),
            fragments,
            constants: Vec::new(),
            access: &[Read, ReadWrite, ReadWrite],
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let of = |element| Part::ALL.map(|part| IndexKernel { element, part }.source());
    [FloatType::F32, FloatType::F64].map(of).concat()
}

pub(crate) fn index_knots(op: &IndexKnots, encoder: &Encoder<'_>) -> Result<()> {
    let IndexKnots { dtype, keys, knots, tables, index } = op;
    let parameters = IndexParameters {
        knots: word(*knots)?,
        tables: word(*tables)?,
        buckets: word(index.buckets)?,
        words: word(dtype.size() / 4)?,
    };
    let bindings = [
        Binding::start(keys.gpu()?, dtype.bytes(tables * knots)),
        Binding::start(index.starts.gpu()?, 4 * DeviceIndex::starts_len(*tables, index.buckets) as u64),
        Binding::start(index.functions.gpu()?, dtype.bytes(DeviceIndex::functions_len(*tables))),
    ];
    let items = |part| match part {
        Part::Functions => *tables,
        Part::Steps => tables * knots,
        Part::Starts => tables * (knots + 1),
        Part::Gaps => tables * (index.buckets + 1),
    };
    for part in Part::ALL {
        let kernel = IndexKernel { element: *dtype, part };
        encoder.dispatch(kernel, bytes_of(&parameters), &bindings, (items(part) as u64).div_ceil(WORKGROUP))?;
    }
    Ok(())
}
