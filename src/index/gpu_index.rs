//! The search index over sorted knots: buckets that say, for a query, between which knots to look.
//!
//! A plain binary search is log2(n) dependent loads. Here a bucket function, monotone in the query, splits the range of
//! the knots into about twice as many buckets as knots; each bucket knows its first knot, and a query bisects inside its
//! bucket only. Two functions are tried and the one that leaves shorter buckets is taken:
//!
//! - linear in the value, which suits knots that are spread about evenly;
//! - linear in the value's key (its bits, as an integer in the order of the floats), which is about the logarithm, and
//!   suits knots on a logarithmic axis.
//!
//! Knots are compared by their keys: NaN above everything, both zeros alike, subnormals as they are.
//!
//! The bucket function is evaluated on the host when the index is built and on the device when it is used, maybe with
//! other roundings. So a search verifies what it found and bisects the whole table if a bucket misled it.

use crate::element::{Float, bytes_of};
use crate::engine::host::alloc::{collected, repeated, room_for};
use crate::error::Result;

/// Below this many knots a bisection is as short as the way to a bucket.
const WORTH_BUCKETS: usize = 8;
/// Above this many knots there are as many buckets as knots, not twice as many: the index should stay in the cache.
const MANY_KNOTS: usize = 1 << 16;
/// With more buckets an f32 could no longer tell them apart.
const MOST_BUCKETS: usize = 1 << 22;

/// Which function of the query is its bucket. The numbers are those of `shaders/lib/search.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucketing {
    /// There are no buckets: a query bisects all knots.
    None = 0,
    /// `(query - origin) * scale`.
    Linear = 1,
    /// `(key - origin) >> shift`.
    ByKey = 2,
}

/// The index of one or several tables with the same number of knots each.
#[derive(Clone, Debug)]
pub(crate) struct KnotIndex<T: Float> {
    pub knots: usize,
    pub bucketing: Bucketing,
    pub buckets: usize,
    /// The keys of the knots, table after table.
    pub keys: Vec<T::Key>,
    /// For each table and bucket the first knot in it or beyond; one more a table for the end. Empty without buckets.
    pub starts: Vec<u32>,
    /// For each table the origin and the scale (or shift) of its bucket function, as bits.
    pub origins: Vec<T::Key>,
}

/// The buckets of all tables by one function.
struct Buckets<T: Float> {
    starts: Vec<u32>,
    origins: Vec<T::Key>,
    /// How many knots each bucket of the table at hand has.
    counts: Vec<u32>,
    /// Steps of bisection, summed over all knots.
    cost: f64,
}

impl<T: Float> KnotIndex<T> {
    /// Indexes `xp`, tables of `knots` knots each. The order of the knots is not looked at: if they are not sorted, a
    /// search finds some knot, but never one that is not there.
    pub fn new(xp: &[T], knots: usize) -> Result<Self> {
        let keys = keys_of(xp, knots)?;
        if knots < WORTH_BUCKETS {
            return Ok(Self::without_buckets(keys, knots));
        }
        let wanted = if knots > MANY_KNOTS { knots } else { 2 * knots };
        let buckets = wanted.next_power_of_two().min(MOST_BUCKETS);
        let by_key = bucket_by_key::<T>(&keys, knots, buckets)?;
        let (bucketing, best) = match bucket_linearly(xp, knots, buckets)? {
            Some(linear) if by_key.cost >= linear.cost => (Bucketing::Linear, linear),
            _ => (Bucketing::ByKey, by_key),
        };
        let Buckets { starts, origins, .. } = best;
        Ok(Self { knots, bucketing, buckets, keys, starts, origins })
    }

    /// The keys alone, for searches that bisect or bring their own index.
    pub fn unindexed(xp: &[T], knots: usize) -> Result<Self> {
        Ok(Self::without_buckets(keys_of(xp, knots)?, knots))
    }

    /// The keys alone if the rest does not fit into a binding.
    pub fn within(self, bytes: u64) -> Self {
        let fits = bytes_of::<u32>(self.starts.len()).max(bytes_of::<T>(self.origins.len())) <= bytes;
        if fits { self } else { Self::without_buckets(self.keys, self.knots) }
    }

    fn without_buckets(keys: Vec<T::Key>, knots: usize) -> Self {
        Self { knots, bucketing: Bucketing::None, buckets: 1, keys, starts: Vec::new(), origins: Vec::new() }
    }
}

fn keys_of<T: Float>(xp: &[T], knots: usize) -> Result<Vec<T::Key>> {
    let mut keys = collected(xp.iter().map(|&x| x.key()), xp.len())?;
    // A NaN in front of numbers, as before an infinite period, is below none of them to NumPy, which compares; behind all
    // of them it would hide them from a search. The least key is that of NaN too, and no other float has it.
    for (keys, xp) in keys.chunks_exact_mut(knots.max(1)).zip(xp.chunks_exact(knots.max(1))) {
        if xp[0].is_nan() && xp.get(1).is_some_and(|second| !second.is_nan()) {
            keys[0] = T::key_of(0);
        }
    }
    Ok(keys)
}

fn bucket_linearly<T: Float>(xp: &[T], knots: usize, buckets: usize) -> Result<Option<Buckets<T>>> {
    let mut result = Buckets::for_tables(xp.len() / knots, buckets)?;
    for table in xp.chunks_exact(knots) {
        let (origin, range) = (table[0], table[knots - 1] - table[0]);
        let scale = T::narrow(buckets as f64) / range;
        if !(range.is_finite() && scale.is_finite()) {
            return Ok(None);
        }
        result.fill(table.iter().map(|&x| linear_bucket(x, origin, scale)));
        result.origins.extend([origin.bits(), scale.bits()]);
    }
    Ok(Some(result))
}

fn bucket_by_key<T: Float>(keys: &[T::Key], knots: usize, buckets: usize) -> Result<Buckets<T>> {
    let mut result = Buckets::for_tables(keys.len() / knots, buckets)?;
    for table in keys.chunks_exact(knots) {
        let (origin, last) = (table[0], table[knots - 1].max(table[0]));
        let shift = key_shift::<T>(origin, last, buckets);
        result.fill(table.iter().map(|&key| T::key_bucket(key, origin, shift)));
        result.origins.extend([origin, T::key_of(shift)]);
    }
    Ok(result)
}

/// By how much keys from the first to the last are shifted so that they number so many buckets.
pub(crate) fn key_shift<T: Float>(first: T::Key, last: T::Key, buckets: usize) -> u32 {
    let width = size_of::<T>() as u32 * 8;
    (0..width).find(|&shift| T::key_distance(last, first, shift) < buckets as u64).unwrap_or(width - 1)
}

impl<T: Float> Buckets<T> {
    /// Room for so many tables.
    fn for_tables(tables: usize, buckets: usize) -> Result<Self> {
        Ok(Self {
            starts: room_for(tables * (buckets + 1))?,
            origins: room_for(2 * tables)?,
            counts: repeated(0, buckets)?,
            cost: 0.0,
        })
    }

    /// Another table, by the buckets of its knots.
    fn fill(&mut self, of_knots: impl Iterator<Item = u32>) {
        let last = self.counts.len() - 1;
        of_knots.for_each(|bucket| self.counts[(bucket as usize).min(last)] += 1);
        let mut start = 0;
        for count in &mut self.counts {
            self.starts.push(start);
            start += *count;
            self.cost += f64::from(*count) * f64::from(*count + 1).log2();
            *count = 0;
        }
        self.starts.push(start);
    }
}

#[inline(always)]
fn linear_bucket<T: Float>(x: T, origin: T, scale: T) -> u32 {
    ((x - origin) * scale).to_index()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between which places a query is looked for.
    fn places<T: Float>(index: &KnotIndex<T>, table: usize, query: T) -> (usize, usize) {
        let (origin, scale) = match index.bucketing {
            Bucketing::None => return (0, index.knots),
            _ => (index.origins[2 * table], index.origins[2 * table + 1]),
        };
        let bucket = if index.bucketing == Bucketing::Linear {
            linear_bucket(query, T::of_bits(origin), T::of_bits(scale))
        } else {
            T::key_bucket(query.key(), origin, T::small_number(scale))
        };
        let start = table * (index.buckets + 1) + (bucket as usize).min(index.buckets - 1);
        (index.starts[start] as usize, index.starts[start + 1] as usize)
    }

    fn holds_what_a_plain_search_finds<T: Float>(xp: &[T], knots: usize, expected: Bucketing) {
        let index = KnotIndex::new(xp, knots).unwrap();
        assert_eq!(index.bucketing, expected);
        for (number, table) in xp.chunks_exact(knots).enumerate() {
            for pair in table.windows(2) {
                let half = T::narrow(0.5);
                for query in [pair[0], pair[1], pair[0] * half + pair[1] * half] {
                    let plain = table.partition_point(|&x| x <= query);
                    let (low, high) = places(&index, number, query);
                    assert!((low..=high).contains(&plain), "{query} in table {number}: {plain}, not {low} to {high}");
                }
            }
        }
    }

    #[test]
    fn every_bucket_function_holds_what_a_plain_search_finds() {
        let even: Vec<f32> = (0..1000).map(|i| i as f32 * 0.1 - 20.0).collect();
        holds_what_a_plain_search_finds(&even, 1000, Bucketing::Linear);
        let logarithmic: Vec<f32> = (0..1000).map(|i| 10_f32.powf(i as f32 * 0.05 - 20.0)).collect();
        holds_what_a_plain_search_finds(&logarithmic, 1000, Bucketing::ByKey);
        let few = [-1.0, 0.0, 0.0, 2.5_f64];
        holds_what_a_plain_search_finds(&few, 4, Bucketing::None);
        let ties: Vec<f64> = (0..1000).map(|i| f64::from(i / 10)).collect();
        holds_what_a_plain_search_finds(&ties, 1000, Bucketing::Linear);
        let infinite: Vec<f64> = [f64::NEG_INFINITY].into_iter().chain((0..20).map(f64::from)).collect();
        holds_what_a_plain_search_finds(&infinite, 21, Bucketing::ByKey);
        holds_what_a_plain_search_finds(&[7.0_f32; 30], 30, Bucketing::ByKey);
        let two: Vec<f64> = even.iter().map(|&x| f64::from(x)).chain((0..1000).map(|i| f64::from(i * i))).collect();
        holds_what_a_plain_search_finds(&two, 1000, Bucketing::Linear);
    }

    #[test]
    fn unsorted_knots_never_lead_outside() {
        let mut knots: Vec<f32> = (0..500).map(|i| ((i * 7919) % 500) as f32).collect();
        knots[250] = f32::NAN;
        let index = KnotIndex::new(&knots, 500).unwrap();
        for query in [-1.0, 0.0, 250.5, 499.0, 1e30, f32::INFINITY] {
            let (low, high) = places(&index, 0, query);
            assert!(low <= high && high <= 500);
        }
    }
}
