//! [`SortedAxis`]: knots and their search index on a device, from host data or from an array that is there already.

use bytemuck::Pod;
use ndarray::Dimension;

use super::index::{Bucketing, IndexView, KnotIndex, trivial_buckets};
use crate::array::DeviceArray;
use crate::device::check::{Check, Checks, Question};
use crate::device::storage::Storage;
use crate::device::{Device, Engine};
use crate::element::Float;
use crate::error::{Error, Result};

/// The knots of one table or several, ready to be searched.
pub(crate) struct SortedAxis<T: Float> {
    /// Of one table.
    pub knots: usize,
    pub tables: usize,
    pub bucketing: Bucketing,
    pub buckets: usize,
    pub keys: Storage<T::Key>,
    pub starts: Storage<u32>,
    pub origins: Storage<T::Key>,
    /// Whether the knots are in order, where only the device can tell.
    pub checks: Checks,
}

/// Finds the first knot that is NaN or smaller than the one before it in its table.
pub(crate) fn first_out_of_order<T: Float>(xp: &[T], knots: usize) -> Option<usize> {
    let wrong = |index: usize| xp[index].is_nan() || (!index.is_multiple_of(knots) && xp[index - 1] > xp[index]);
    (0..xp.len()).find(|&index| wrong(index))
}

impl<T: Float> SortedAxis<T> {
    /// Knots that the host has. Costs their upload with that of the index, about three times as much together.
    pub fn from_host(device: &Device, xp: &[T], knots: usize) -> Result<Self> {
        Self::with_index(device, KnotIndex::new(xp, knots), Checks::default())
    }

    fn with_index(device: &Device, index: KnotIndex<T>, checks: Checks) -> Result<Self> {
        Ok(Self {
            knots: index.knots,
            tables: index.keys.len() / index.knots,
            bucketing: index.bucketing,
            buckets: index.buckets,
            keys: device.store_counted(&index.keys)?,
            starts: device.store_counted(&index.starts)?,
            origins: device.store_counted(&index.origins)?,
            checks,
        })
    }

    /// Knots that are on the device. Their order is checked there: what is found arrives with the first data that
    /// depend on it.
    ///
    /// On the CPU engine they are indexed at once. On a GPU nobody waits to look at them, so a query bisects.
    pub fn from_device<D: Dimension>(xp: &DeviceArray<T, D>, knots: usize) -> Result<Self> {
        let device = xp.device();
        let tables = xp.len() / knots;
        let question = Question::Sorted { knots };
        match device.engine() {
            Engine::Cpu(_) => {
                let values = xp.storage().host()?.snapshot();
                let check = Check::on_host(question);
                if let Some(index) = first_out_of_order(&values, knots) {
                    check.offend(index);
                }
                Self::with_index(device, KnotIndex::new(&values, knots), xp.checks().with(check))
            }
            Engine::Gpu(context) => {
                let check = context.check(question)?;
                let (starts, origins) = trivial_buckets::<T>(tables, knots);
                let keys = device.allocate(xp.len())?;
                let operation = PrepareKnots {
                    xp: xp.storage().clone(),
                    keys: keys.clone(),
                    knots,
                    total: xp.len(),
                    check: check.clone(),
                };
                device.run(&operation)?;
                Ok(Self {
                    knots,
                    tables,
                    bucketing: Bucketing::None,
                    buckets: 1,
                    keys,
                    starts: device.store_counted(&starts)?,
                    origins: device.store_counted(&origins)?,
                    checks: xp.checks().with(check),
                })
            }
        }
    }
}

/// The memory of an axis on the CPU engine, held so that it can be searched.
pub(crate) struct HostAxis<T: Float> {
    knots: usize,
    bucketing: Bucketing,
    buckets: usize,
    keys: std::sync::Arc<Vec<T::Key>>,
    starts: std::sync::Arc<Vec<u32>>,
    origins: std::sync::Arc<Vec<T::Key>>,
}

impl<T: Float> HostAxis<T> {
    pub fn of(axis: &SortedAxis<T>) -> Result<Self> {
        Ok(Self {
            knots: axis.knots,
            bucketing: axis.bucketing,
            buckets: axis.buckets,
            keys: snapshot(&axis.keys)?,
            starts: snapshot(&axis.starts)?,
            origins: snapshot(&axis.origins)?,
        })
    }

    pub fn view(&self) -> IndexView<'_, T> {
        IndexView {
            knots: self.knots,
            bucketing: self.bucketing,
            buckets: self.buckets,
            keys: &self.keys,
            starts: &self.starts,
            origins: &self.origins,
        }
    }
}

fn snapshot<T: Pod + Send>(storage: &Storage<T>) -> Result<std::sync::Arc<Vec<T>>> {
    Ok(storage.host()?.snapshot())
}

/// Makes keys of knots and checks their order, on the device.
pub(super) struct PrepareKnots<T: Float> {
    pub xp: Storage<T>,
    pub keys: Storage<T::Key>,
    pub knots: usize,
    pub total: usize,
    pub check: std::sync::Arc<Check>,
}

/// Whether an array can be bound to a kernel whole, as tables have to be.
pub(crate) fn expect_bindable(device: &Device, what: &str, bytes: u64) -> Result<()> {
    let limit = device.info().limits.max_binding_bytes;
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::too_large(what, bytes, limit, &device.info().name))
}
