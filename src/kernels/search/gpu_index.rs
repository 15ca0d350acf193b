//! The search index of knots that only a GPU has, built there: the kernels `shaders/search/index_*.wgsl`, one after
//! another. Nothing goes to the host, which therefore knows neither the bucket functions nor how many steps a search
//! takes; a shader reads both from the index (`shaders/table/buckets_on_device.wgsl`).
//!
//! ```text
//! starts     | steps | steps | knots | s0 | s1 | .. | sb | .. | n |   of each table: the steps of the widest window by the
//!            | linear| by key| used  |                              linear function and by key, and the knots that are
//!                                                                   numbers; then each bucket's first knot
//! functions  | origin | scale | origin | shift |                    of each table: the linear one and the one by key
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
fn unusable() -> &'static str {
    wgsl::constants! { UNUSABLE = 32 }
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
        if part != Part::Starts {
            fragments.push(unusable());
        }
        if part != Part::Functions {
            fragments.extend([BUCKET_FN, include_str!("../../../shaders/search/index_numbers.wgsl")]);
        }
        fragments.extend([wgsl::workgroup(), wgsl::GRID]);
        fragments.push(match part {
            Part::Functions => include_str!("../../../shaders/search/index_functions.wgsl"),
            Part::Steps => include_str!("../../../shaders/search/index_steps.wgsl"),
            Part::Starts => include_str!("../../../shaders/search/index_starts.wgsl"),
        });
        KernelSource {
            name: format!("index_{part:?}_{element}"),
            fragments,
            constants: Vec::new(),
            access: match part {
                Part::Functions => &[Read, ReadWrite, ReadWrite],
                Part::Steps | Part::Starts => &[Read, ReadWrite, Read],
            },
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let parts = [Part::Functions, Part::Steps, Part::Starts];
    let of = |element| parts.map(|part| IndexKernel { element, part }.source());
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
    let [knots, buckets] = [tables * knots, tables * (index.buckets + 1)];
    for (part, items) in [(Part::Functions, *tables), (Part::Steps, knots), (Part::Starts, buckets)] {
        let kernel = IndexKernel { element: *dtype, part };
        encoder.dispatch(kernel, bytes_of(&parameters), &bindings, (items as u64).div_ceil(WORKGROUP))?;
    }
    Ok(())
}
