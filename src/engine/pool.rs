//! [`LruPool`]: a bounded pool of freed buffers. When full it evicts the oldest, so it adapts when allocation sizes
//! change.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The least that a buffer counts for, in bytes: a driver's bookkeeping of a small buffer is larger than the buffer.
const LEAST_BYTES: u64 = 16 << 10;

pub(crate) struct LruPool<K, V>(Mutex<Contents<K, V>>);

struct Contents<K, V> {
    /// By key, the oldest first.
    kept: BTreeMap<K, VecDeque<Kept<V>>>,
    /// Keys by the time of their arrival.
    arrivals: BTreeMap<u64, K>,
    next: u64,
    bytes: u64,
    limit: u64,
}

struct Kept<V> {
    arrival: u64,
    bytes: u64,
    value: V,
}

impl<K: Ord + Clone, V> LruPool<K, V> {
    pub const fn new(limit: u64) -> Self {
        Self(Mutex::new(Contents::new(limit)))
    }

    fn contents(&self) -> MutexGuard<'_, Contents<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a value in. Evicted values are dropped after the lock.
    pub fn put(&self, key: K, bytes: u64, value: V) {
        let surplus = self.contents().put(key, bytes, value);
        drop(surplus);
    }

    /// The newest value of the smallest key in a range.
    pub fn take(&self, keys: RangeInclusive<K>) -> Option<V> {
        self.contents().take(keys)
    }

    /// Drops all values.
    pub fn clear(&self) {
        let all = self.contents().clear();
        drop(all);
    }
}

impl<K: Ord + Clone, V> Contents<K, V> {
    const fn new(limit: u64) -> Self {
        Self { kept: BTreeMap::new(), arrivals: BTreeMap::new(), next: 0, bytes: 0, limit }
    }

    /// Returns the evicted values.
    fn put(&mut self, key: K, bytes: u64, value: V) -> Vec<V> {
        let bytes = bytes.max(LEAST_BYTES);
        if bytes > self.limit {
            return vec![value];
        }
        self.bytes += bytes;
        self.arrivals.insert(self.next, key.clone());
        self.kept.entry(key).or_default().push_back(Kept { arrival: self.next, bytes, value });
        self.next += 1;
        let mut surplus = Vec::new();
        while self.bytes > self.limit
            && let Some(oldest) = self.arrivals.values().next().cloned()
        {
            surplus.extend(self.remove(&oldest, VecDeque::pop_front));
        }
        surplus
    }

    fn take(&mut self, keys: RangeInclusive<K>) -> Option<V> {
        let key = self.kept.range(keys).next()?.0.clone();
        self.remove(&key, VecDeque::pop_back)
    }

    fn remove(&mut self, key: &K, pop: fn(&mut VecDeque<Kept<V>>) -> Option<Kept<V>>) -> Option<V> {
        let alike = self.kept.get_mut(key)?;
        let Kept { arrival, bytes, value } = pop(alike)?;
        if alike.is_empty() {
            self.kept.remove(key);
        }
        self.arrivals.remove(&arrival);
        self.bytes -= bytes;
        Some(value)
    }

    fn clear(&mut self) -> Vec<V> {
        self.arrivals.clear();
        self.bytes = 0;
        std::mem::take(&mut self.kept).into_values().flatten().map(|kept| kept.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_taken_and_the_oldest_makes_room() {
        let mut free = Contents::new(10 * LEAST_BYTES);
        for value in 0..10 {
            assert!(free.put(value % 2, 1, value).is_empty());
        }
        assert_eq!(free.put(0, LEAST_BYTES, 10), [0]);
        assert_eq!(free.put(5, 3 * LEAST_BYTES, 11), [1, 2, 3]);
        assert_eq!(free.take(0..=0), Some(10));
        assert_eq!(free.take(1..=4), Some(9));
        assert_eq!(free.take(2..=4), None);
        assert_eq!(free.put(7, 11 * LEAST_BYTES, 12), [12], "more than ever fits");
        assert_eq!(free.take(2..=7), Some(11));
        assert_eq!(free.bytes, 5 * LEAST_BYTES);
        assert_eq!(free.clear(), [4, 6, 8, 5, 7]);
        assert_eq!((free.bytes, free.take(0..=9)), (0, None));
    }
}
