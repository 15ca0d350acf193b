//! `(a - mean) / std` as plain data: of rows that fit into fast memory in one pass ([`StandardizeRows`]), else of
//! elements with given statistics ([`Standardize`]).

use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;
use crate::kernels::reduce::op::AxisSplit;

/// Standardizes elements by the mean and the standard deviation of their rows.
pub(crate) struct Standardize {
    pub dtype: FloatType,
    pub view: AxisSplit,
    pub values: Storage,
    pub means: Storage,
    pub deviations: Storage,
    pub output: Storage,
}

/// Standardizes rows, reading each once.
pub(crate) struct StandardizeRows {
    pub dtype: FloatType,
    pub rows: usize,
    pub len: usize,
    pub ddof: f64,
    pub values: Storage,
    pub output: Storage,
}

impl Standardize {
    pub fn footprint(&self) -> Footprint {
        let AxisSplit { outer, len, inner } = self.view;
        let (elements, output_bytes) = (self.dtype.bytes(outer * len * inner), self.dtype.bytes(self.view.outputs()));
        Footprint {
            name: format!("standardize {outer} x {len} x {inner} along the middle"),
            reads: vec![
                self.values.access(elements),
                self.means.access(output_bytes),
                self.deviations.access(output_bytes),
            ],
            writes: vec![self.output.access(elements)],
        }
    }
}

impl StandardizeRows {
    pub fn footprint(&self) -> Footprint {
        let bytes = self.dtype.bytes(self.rows * self.len);
        Footprint {
            name: format!("standardize {} rows of {}", self.rows, self.len),
            reads: vec![self.values.access(bytes)],
            writes: vec![self.output.access(bytes)],
        }
    }
}
