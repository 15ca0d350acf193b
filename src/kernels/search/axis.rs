//! [`SortedAxis`]: knots and their search index on a device, from host data or from an array that is there already.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use ndarray::Dimension;
use rayon::prelude::*;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Float;
use crate::engine::Engine;
use crate::engine::check::{Check, Checks, Question};
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::index::cpu_index::Buckets;
use crate::index::gpu_index::{Bucketing, KnotIndex};
use crate::kernels::search::gpu::{Reach, coarsened};

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
    /// Whether the keys stay what they are: those that a plan computes change with every replay.
    is_lasting: bool,
    /// The CPU engine's index of each table, made when enough was asked to pay for it.
    buckets_of_tables: OnceLock<Option<Vec<Buckets<T>>>>,
    /// Queries so far, until then.
    asked: AtomicUsize,
}

/// An index of the CPU engine is made once there were as many queries as this fraction of the knots: making it takes 6 to 10
/// ns a knot, and saves as much a query in tables that a cache holds, several times as much in others.
const QUERIES_TO_PAY: usize = 2;
/// And not before so many queries, however few the knots: it takes about a microsecond at least.
const QUERIES_BEFORE_ANY: usize = 256;

/// Finds the first knot that is NaN or smaller than the one before it in its table.
pub(crate) fn first_out_of_order<T: Float>(xp: &[T], knots: usize) -> Option<usize> {
    if knots == 1 {
        return xp.iter().position(|x| x.is_nan());
    }
    xp.chunks(knots).enumerate().find_map(|(number, table)| {
        let left = first_wrong(table, |left, right| left.is_nan() || right.is_nan() || left > right)?;
        Some(number * knots + if table[left].is_nan() { left } else { left + 1 })
    })
}

/// Neighbours that are looked at before asking whether any of them was wrong: a loop with a way out takes no vectors.
const NEIGHBOURS_AT_ONCE: usize = 1024;

/// The first of two neighbours that should not be.
pub(crate) fn first_wrong<T: Copy>(values: &[T], is_wrong: impl Fn(T, T) -> bool) -> Option<usize> {
    let pairs = values.len().saturating_sub(1);
    let wrong_among = |start: &usize| {
        let end = pairs.min(start + NEIGHBOURS_AT_ONCE);
        let pairs = values[*start..end].iter().zip(&values[start + 1..=end]);
        pairs.fold(false, |any, (&left, &right)| any | is_wrong(left, right))
    };
    let start = (0..pairs).step_by(NEIGHBOURS_AT_ONCE).find(wrong_among)?;
    (start..pairs).find(|&left| is_wrong(values[left], values[left + 1]))
}

impl<T: Float> SortedAxis<T> {
    /// Knots that the host has. Uploads them, to a GPU with their index, about three times as much together, and adds it to
    /// what was moved. The CPU engine indexes them later, in its own way.
    pub fn from_host(device: &Device, xp: &[T], knots: usize, moved: &mut u64) -> Result<Self> {
        let index = match device.engine() {
            Engine::Cpu(_) => KnotIndex::unindexed(xp, knots)?,
            Engine::Gpu(_) => coarsened(KnotIndex::new(xp, knots)?)?.within(device.info().limits.max_binding_bytes),
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
            checks: Checks::default(),
            is_lasting: true,
            buckets_of_tables: OnceLock::new(),
            asked: AtomicUsize::new(0),
        })
    }

    /// The CPU engine's index of each table, unless so few queries were made that it would not pay.
    pub fn buckets_for(&self, queries: usize, keys: &[T::Key]) -> Option<&[Buckets<T>]> {
        if let Some(buckets) = self.buckets_of_tables.get() {
            return buckets.as_deref();
        }
        if !self.is_lasting || self.knots == 0 {
            return None;
        }
        let asked = self.asked.fetch_add(queries, Ordering::Relaxed).saturating_add(queries);
        if asked < (keys.len() / QUERIES_TO_PAY).max(QUERIES_BEFORE_ANY) {
            return None;
        }
        // Where there is no memory for it the knots are bisected, as they were until now.
        let index = || keys.par_chunks_exact(self.knots).map(|keys| Buckets::new(keys).ok()).collect();
        self.buckets_of_tables.get_or_init(index).as_deref()
    }

    /// Knots that are on the device. Their order is checked there: what is found arrives with the first data that
    /// depend on it. `device` is theirs, or that of the plan they are to be part of.
    ///
    /// The CPU engine indexes them when it is asked enough. On a GPU nobody waits to look at them, so a query bisects.
    pub fn from_device<D: Dimension>(device: &Device, xp: &DeviceArray<T, D>, knots: usize) -> Result<Self> {
        let check = device.check(Question::Sorted { knots })?;
        let keys = device.allocate(xp.len())?;
        device.run(PrepareKnots {
            xp: xp.storage().clone(),
            keys: keys.clone(),
            knots,
            total: xp.len(),
            check: check.clone(),
        })?;
        Ok(Self {
            knots,
            tables: xp.len() / knots,
            bucketing: Bucketing::None,
            buckets: 1,
            keys,
            index: None,
            reach: Reach::unknown(knots),
            checks: xp.checks().with(check).on(device),
            is_lasting: device.recorder().is_none(),
            buckets_of_tables: OnceLock::new(),
            asked: AtomicUsize::new(0),
        })
    }
}

/// Makes keys of knots and checks their order, on the device.
pub(crate) struct PrepareKnots<T: Float> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_knot_out_of_order_is_found_wherever_it_is() {
        for len in
            [1, 2, NEIGHBOURS_AT_ONCE, NEIGHBOURS_AT_ONCE + 1, NEIGHBOURS_AT_ONCE + 2, 2 * NEIGHBOURS_AT_ONCE + 9]
        {
            let sorted: Vec<_> = (0..len).map(|i| i as f64).collect();
            assert_eq!(first_out_of_order(&sorted, len), None);
            for place in (1..len).filter(|place| len < 3 || place % NEIGHBOURS_AT_ONCE < 3 || place + 2 > len) {
                let (mut knots, mut tables) = (sorted.clone(), sorted.repeat(2));
                knots[place] = -1.0;
                assert_eq!(first_out_of_order(&knots, len), Some(place));
                assert_eq!(first_wrong(&knots, |left, right| left > right), Some(place - 1));
                knots[place] = f64::NAN;
                assert_eq!(first_out_of_order(&knots, len), Some(place));
                assert_eq!(first_out_of_order(&tables, len), None);
                tables[len + place] = -1.0;
                assert_eq!(first_out_of_order(&tables, len), Some(len + place));
            }
        }
        assert_eq!(first_out_of_order(&[1.0, f64::NAN], 1), Some(1));
        assert_eq!(first_out_of_order(&[f64::NAN, 1.0], 2), Some(0));
    }
}
