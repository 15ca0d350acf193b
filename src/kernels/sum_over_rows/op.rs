//! A sum over rows as plain data.

use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;
use crate::kernels::reduce::op::AxisSplit;

/// `output[k] = Σ factors[o, i] * (values[o, k, i] - means[o, i])` over all rows of an array split as
/// `[outer, len, inner]`; 0 where there are no rows.
pub(crate) struct SumOverRows {
    pub dtype: FloatType,
    pub view: AxisSplit,
    pub values: Storage,
    /// One for each row.
    pub factors: Storage,
    /// One for each row; zeros if there are none.
    pub means: Option<Storage>,
    /// One for each index along the axis.
    pub output: Storage,
}

impl SumOverRows {
    pub fn footprint(&self) -> Footprint {
        let AxisSplit { outer, len, inner } = self.view;
        let rows = self.dtype.bytes(self.view.outputs());
        let mut reads = vec![self.values.access(self.dtype.bytes(outer * len * inner)), self.factors.access(rows)];
        reads.extend(self.means.iter().map(|means| means.access(rows)));
        Footprint {
            name: format!("sums over the rows of {outer} x {len} x {inner} along the middle"),
            reads,
            writes: vec![self.output.access(self.dtype.bytes(len))],
        }
    }
}
