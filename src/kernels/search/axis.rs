//! [`SortedAxis`]: knots and their search index on a device, from host data or from an array on the device.

use std::any::Any;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytemuck::Pod;
use ndarray::ArrayView;
use rayon::prelude::*;

use crate::element::Float;
use crate::engine::Engine;
use crate::engine::check::Checks;
use crate::engine::gpu::binding::SharedGroup;
use crate::engine::host::alloc::try_filled;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::index::cpu_index::ByteIndex;
use crate::index::gpu_index::{Bucketing, SearchBounds, WindowIndex};

/// The knots of one table or several, prepared for searches.
pub(crate) struct SortedAxis {
    pub dtype: FloatType,
    /// Of one table.
    pub knots: usize,
    pub tables: usize,
    pub bucketing: Bucketing,
    pub buckets: usize,
    /// The ordered keys of the knots.
    pub keys: Storage,
    /// The starts of the buckets, and the origin and scale of each table; `None` without buckets. As the host lays it
    /// out, or as a [`DeviceIndex`].
    pub index: Option<(Storage, Storage)>,
    /// A GPU's bind group of the keys and the index.
    pub bind_group: SharedGroup,
    /// Upper bounds on the search depth on a GPU.
    pub bounds: SearchBounds,
    /// The check of the knots' order, where only the device can tell.
    pub checks: Checks,
    /// Whether the keys are constant: those that a plan computes change with every replay.
    is_constant: bool,
    /// The CPU engine's index of each table, a vector of [`ByteIndex`] of the type of the knots; built after enough
    /// queries to pay for it.
    byte_indexes: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
    /// The knots as numbers, `[tables, knots + PADDING]`, a vector of them; for those who keep segments.
    positions: OnceLock<Option<Box<dyn Any + Send + Sync>>>,
    /// Queries so far, until the index is built.
    asked: AtomicUsize,
}

/// Numbers after the last knot, NaN, where the CPU engine looks at several knots at once.
pub(crate) const PADDING: usize = 4;

/// What a GPU wants of the index of knots that the host has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForGpu {
    /// Bytes of its largest binding.
    pub largest: u64,
    /// Whether its searches go from knot to knot.
    pub walks: bool,
}

/// The search index that a GPU makes of knots of its own, or is about to: `kernels::search::gpu_index` has its layout.
#[derive(Clone)]
pub(crate) struct DeviceIndex {
    /// Of one table.
    pub buckets: usize,
    pub starts: Storage,
    /// Of each table two bucket functions, and the one that it uses.
    pub functions: Storage,
}

impl DeviceIndex {
    /// Words before the starts of a table.
    pub const HEAD: usize = 3;

    /// How many words `starts` has.
    pub fn starts_len(tables: usize, buckets: usize) -> usize {
        tables * (Self::HEAD + buckets + 1)
    }

    /// How many keys `functions` has.
    pub fn functions_len(tables: usize) -> usize {
        8 * tables
    }
}

/// The CPU engine builds an index after as many queries as this fraction of the knots: it costs as much a knot as it
/// saves a query in tables that a cache holds, and saves several times as much in others (notebook 2026-11: when an
/// index pays).
const QUERIES_TO_PAY: usize = 2;
/// The least number of queries before that, however few the knots: an index has a fixed cost as well.
const QUERIES_BEFORE_ANY: usize = 256;

/// Finds the first knot that is NaN or smaller than the one before it in its table.
pub(crate) fn first_out_of_order<T: Float>(xp: &[T], knots: usize) -> Option<usize> {
    first_turn(xp, knots, |left, right| left > right)
}

/// Finds the first knot that is NaN or larger than the one before it in its table.
pub(crate) fn first_not_descending<T: Float>(xp: &[T], knots: usize) -> Option<usize> {
    first_turn(xp, knots, |left, right| left < right)
}

fn first_turn<T: Float>(xp: &[T], knots: usize, turns: impl Fn(T, T) -> bool) -> Option<usize> {
    if knots == 1 {
        return xp.iter().position(|x| x.is_nan());
    }
    xp.chunks(knots).enumerate().find_map(|(number, table)| {
        let left = first_wrong(table, |left, right| left.is_nan() || right.is_nan() || turns(left, right))?;
        Some(number * knots + if table[left].is_nan() { left } else { left + 1 })
    })
}

/// Pairs of neighbours that are compared before testing whether any was wrong: a loop with an early exit is not
/// vectorised.
const NEIGHBOURS_AT_ONCE: usize = 1024;

/// The index of the first pair of neighbours that is wrong.
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

impl SortedAxis {
    /// Prepares host knots, `knots` of them per table. A GPU gets them with a search index, together about three times
    /// their size, unless a part of it is larger than its largest binding. The CPU engine
    /// indexes them later, in its own way. The bytes uploaded are added to `moved`.
    pub fn from_host<T: Float>(
        engine: &Engine,
        xp: &[T],
        knots: usize,
        on_gpu: Option<ForGpu>,
        moved: &mut u64,
    ) -> Result<Self> {
        let (index, bounds) = match on_gpu {
            None => (WindowIndex::unindexed(xp, knots)?, SearchBounds::default()),
            Some(ForGpu { largest, walks }) => {
                let index = WindowIndex::new(xp, knots, walks)?.within(largest);
                let bounds = SearchBounds::of(&index);
                (index, bounds)
            }
        };
        Ok(Self {
            dtype: T::FLOAT,
            bounds,
            knots: index.knots,
            tables: index.keys.len().checked_div(index.knots).unwrap_or(1),
            bucketing: index.bucketing,
            buckets: index.buckets,
            keys: store(engine, &index.keys, moved)?,
            index: match index.bucketing {
                Bucketing::None => None,
                _ => Some((store(engine, &index.starts, moved)?, store(engine, &index.origins, moved)?)),
            },
            checks: Checks::default(),
            bind_group: SharedGroup::default(),
            is_constant: true,
            byte_indexes: OnceLock::new(),
            positions: OnceLock::new(),
            asked: AtomicUsize::new(0),
        })
    }

    /// Knots whose keys a device computes, `knots` of them per table, and whose order it checks, with the index that it
    /// makes of them, if any. `is_constant` says whether the keys never change, so that the CPU engine may index them.
    pub fn on_device(
        dtype: FloatType,
        keys: Storage,
        [tables, knots]: [usize; 2],
        index: Option<DeviceIndex>,
        checks: Checks,
        is_constant: bool,
    ) -> Self {
        Self {
            dtype,
            knots,
            tables,
            bucketing: if index.is_some() { Bucketing::OnDevice } else { Bucketing::None },
            buckets: index.as_ref().map_or(1, |index| index.buckets),
            keys,
            bounds: SearchBounds { is_on_device: index.is_some(), ..SearchBounds::unknown(knots) },
            index: index.map(|index| (index.starts, index.functions)),
            checks,
            bind_group: SharedGroup::default(),
            is_constant,
            byte_indexes: OnceLock::new(),
            positions: OnceLock::new(),
            asked: AtomicUsize::new(0),
        }
    }

    /// The CPU engine's index of each table, unless there were too few queries for it to pay.
    pub fn index_for<T: Float>(&self, queries: usize, keys: &[T::Key]) -> Option<&[ByteIndex<T>]> {
        if let Some(made) = self.byte_indexes.get() {
            return buckets_in(made);
        }
        if !self.is_constant || self.knots == 0 {
            return None;
        }
        let asked = self.asked.fetch_add(queries, Ordering::Relaxed).saturating_add(queries);
        if asked < (keys.len() / QUERIES_TO_PAY).max(QUERIES_BEFORE_ANY) {
            return None;
        }
        // Without memory for it the knots are bisected, as before.
        let index = || {
            let tables: Option<Vec<ByteIndex<T>>> =
                keys.par_chunks_exact(self.knots).map(|keys| ByteIndex::new(keys).ok()).collect();
            tables.map(|tables| Box::new(tables) as Box<dyn Any + Send + Sync>)
        };
        buckets_in(self.byte_indexes.get_or_init(index))
    }

    /// The knots of each table as numbers, and [`PADDING`]: half of what a search reads where values lie beside them.
    /// Kept from the first time on; only of an axis that has an index, which never changes.
    pub fn positions<T: Float>(&self, keys: &[T::Key]) -> Option<&[T]> {
        let numbers = || {
            let mut numbers = try_filled(T::nan(), self.tables * (self.knots + PADDING)).ok()?;
            for (numbers, keys) in numbers.chunks_mut(self.knots + PADDING).zip(keys.chunks(self.knots)) {
                numbers.iter_mut().zip(keys).for_each(|(number, &key)| *number = T::from_key(key));
            }
            Some(Box::new(numbers) as Box<dyn Any + Send + Sync>)
        };
        self.positions.get_or_init(numbers).as_ref()?.downcast_ref::<Vec<T>>().map(Vec::as_slice)
    }
}

fn buckets_in<T: Float>(made: &Option<Box<dyn Any + Send + Sync>>) -> Option<&[ByteIndex<T>]> {
    made.as_ref()?.downcast_ref::<Vec<ByteIndex<T>>>().map(Vec::as_slice)
}

/// Stores a part of an axis in the engine's memory.
fn store<W: Pod + Send + Sync>(engine: &Engine, words: &[W], moved: &mut u64) -> Result<Storage> {
    *moved += size_of_val(words) as u64;
    engine.store(ArrayView::from(words).into_dyn())
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
        assert_eq!(first_not_descending(&[3.0, 2.0, 2.0, 2.5, 9.0], 5), Some(3));
        assert_eq!(first_not_descending(&[3.0, 2.0, 9.0, f64::NAN], 2), Some(3));
        assert_eq!(first_out_of_order(&[1.0, f64::NAN], 1), Some(1));
        assert_eq!(first_out_of_order(&[f64::NAN, 1.0], 2), Some(0));
    }
}
