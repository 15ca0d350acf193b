//! The exchange of two groups of axes, as plain data.

use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;

/// Transposes `[outer, a, b, inner]` to `[outer, b, a, inner]`.
pub(crate) struct Transpose {
    pub dtype: FloatType,
    pub outer: usize,
    pub a: usize,
    pub b: usize,
    pub inner: usize,
    pub source: Storage,
    pub target: Storage,
}

impl Transpose {
    pub fn footprint(&self) -> Footprint {
        let Self { dtype, outer, a, b, inner, source, target } = self;
        let bytes = dtype.bytes(outer * a * b * inner);
        Footprint {
            name: format!("rearranging {outer} x {a} x {b} x {inner}"),
            reads: vec![source.access(bytes)],
            writes: vec![target.access(bytes)],
        }
    }
}
