//! [`SortedAxis`]: knots and their search index on a device, from host data or from an array that is there already.

use std::sync::Arc;

use ndarray::Dimension;

use super::gpu::{Reach, coarsened};
use super::index::{Bucketing, IndexView, KnotIndex};
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
    /// The starts of the buckets, and the origin and scale of each table; none without buckets.
    pub index: Option<(Storage<u32>, Storage<T::Key>)>,
    /// How far a search on a GPU has to go.
    pub reach: Reach,
    /// Whether the knots are in order, where only the device can tell.
    pub checks: Checks,
}

/// Finds the first knot that is NaN or smaller than the one before it in its table.
pub(crate) fn first_out_of_order<T: Float>(xp: &[T], knots: usize) -> Option<usize> {
    let wrong = |index: usize| xp[index].is_nan() || (!index.is_multiple_of(knots) && xp[index - 1] > xp[index]);
    (0..xp.len()).find(|&index| wrong(index))
}

impl<T: Float> SortedAxis<T> {
    /// Knots that the host has. Uploads them with their index, about three times as much together, and adds it to what
    /// was moved.
    pub fn from_host(device: &Device, xp: &[T], knots: usize, moved: &mut u64) -> Result<Self> {
        Self::with_index(device, KnotIndex::new(xp, knots), Checks::default(), moved)
    }

    fn with_index(device: &Device, index: KnotIndex<T>, checks: Checks, moved: &mut u64) -> Result<Self> {
        let index = match device.engine() {
            Engine::Cpu(_) => index,
            Engine::Gpu(_) => coarsened(index),
        };
        Ok(Self {
            reach: Reach::on(device, &index),
            knots: index.knots,
            tables: index.keys.len().checked_div(index.knots).unwrap_or(1),
            bucketing: index.bucketing,
            buckets: index.buckets,
            keys: device.store_part(&index.keys, moved)?,
            index: match index.bucketing {
                Bucketing::None => None,
                _ => Some((device.store_part(&index.starts, moved)?, device.store_part(&index.origins, moved)?)),
            },
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
                // Nothing moves between host and device: they are the same.
                Self::with_index(device, KnotIndex::new(&values, knots), xp.checks().with(check), &mut 0)
            }
            Engine::Gpu(context) => {
                let check = context.check(question)?;
                let keys = device.allocate(xp.len())?;
                let operation = PrepareKnots {
                    xp: xp.storage().clone(),
                    keys: keys.clone(),
                    knots,
                    total: xp.len(),
                    check: check.clone(),
                };
                device.run(&operation)?;
                let checks = xp.checks().with(check);
                let reach = Reach::unknown(knots);
                Ok(Self { knots, tables, bucketing: Bucketing::None, buckets: 1, keys, index: None, reach, checks })
            }
        }
    }
}

/// The memory of an axis on the CPU engine, held so that it can be searched.
pub(crate) struct HostAxis<T: Float> {
    knots: usize,
    bucketing: Bucketing,
    buckets: usize,
    keys: Arc<Vec<T::Key>>,
    starts: Arc<Vec<u32>>,
    origins: Arc<Vec<T::Key>>,
}

impl<T: Float> HostAxis<T> {
    pub fn of(axis: &SortedAxis<T>) -> Result<Self> {
        let (starts, origins) = match &axis.index {
            Some((starts, origins)) => (starts.host()?.snapshot(), origins.host()?.snapshot()),
            None => Default::default(),
        };
        Ok(Self {
            knots: axis.knots,
            bucketing: axis.bucketing,
            buckets: axis.buckets,
            keys: axis.keys.host()?.snapshot(),
            starts,
            origins,
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

/// Makes keys of knots and checks their order, on the device.
pub(super) struct PrepareKnots<T: Float> {
    pub xp: Storage<T>,
    pub keys: Storage<T::Key>,
    pub knots: usize,
    pub total: usize,
    pub check: Arc<Check>,
}

/// Whether an array can be bound to a kernel whole, as tables have to be.
pub(crate) fn expect_bindable(device: &Device, what: &str, bytes: u64) -> Result<()> {
    let limit = device.info().limits.max_binding_bytes;
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::too_large(what, bytes, limit, &device.info().name))
}
