//! Searches as plain data.

use std::sync::Arc;

use crate::engine::check::Check;
use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;
use crate::kernels::search::axis::SortedAxis;

/// Computes the keys of knots and checks their order, on the device.
pub(crate) struct PrepareKnots {
    pub dtype: FloatType,
    pub xp: Storage,
    pub keys: Storage,
    pub knots: usize,
    pub total: usize,
    pub check: Arc<Check>,
}

/// Searches for values among knots.
pub(crate) struct Search {
    pub axis: Arc<SortedAxis>,
    pub x: Storage,
    pub output: Storage,
    pub total: usize,
    /// Count the knots that are less, not those that are less or equal.
    pub left: bool,
    /// Count from the other end.
    pub flip: bool,
}

impl PrepareKnots {
    pub fn footprint(&self) -> Footprint {
        let bytes = self.dtype.bytes(self.total);
        Footprint {
            name: format!("order of {} knots", self.total),
            reads: vec![self.xp.access(bytes)],
            writes: vec![self.keys.access(bytes)],
        }
    }
}

impl Search {
    pub fn footprint(&self) -> Footprint {
        let Self { axis, x, output, total, .. } = self;
        Footprint {
            name: format!("search of {total} among {} knots", axis.knots),
            reads: vec![x.access(axis.dtype.bytes(*total)), axis.keys.access(axis.dtype.bytes(axis.knots))],
            writes: vec![output.access(4 * *total as u64)],
        }
    }
}
