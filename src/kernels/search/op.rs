//! Searches as plain data.

use std::sync::Arc;

use crate::engine::check::Check;
use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;
use crate::kernels::search::axis::{DeviceIndex, SortedAxis};

/// Computes the keys of knots and checks their order, on the device.
pub(crate) struct PrepareKnots {
    pub dtype: FloatType,
    pub xp: Storage,
    pub keys: Storage,
    pub knots: usize,
    pub total: usize,
    /// None where the caller is trusted.
    pub check: Option<Arc<Check>>,
    /// Of descending knots, which are put in reverse: the index of each one's value among those of its table.
    pub order: Option<Storage>,
}

/// Builds a GPU's search index from keys that are on it. The CPU engine, which can look at its own, builds one when
/// there were queries enough.
pub(crate) struct IndexKnots {
    pub dtype: FloatType,
    pub keys: Storage,
    pub knots: usize,
    pub tables: usize,
    pub index: DeviceIndex,
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
        let order = self.order.iter().map(|order| order.access(4 * self.total as u64));
        Footprint {
            name: format!("order of {} knots", self.total),
            reads: vec![self.xp.access(bytes)],
            writes: std::iter::once(self.keys.access(bytes)).chain(order).collect(),
        }
    }
}

impl IndexKnots {
    pub fn footprint(&self) -> Footprint {
        let Self { dtype, keys, knots, tables, index } = self;
        Footprint {
            name: format!("index of {tables} x {knots} knots"),
            reads: vec![keys.access(dtype.bytes(tables * knots))],
            writes: vec![
                index.starts.access(4 * DeviceIndex::starts_len(*tables, index.buckets) as u64),
                index.functions.access(dtype.bytes(DeviceIndex::functions_len(*tables))),
            ],
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
