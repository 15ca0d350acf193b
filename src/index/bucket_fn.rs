//! [`BucketFn`]: the bucket function of both search indexes.
//!
//! A bucket function is monotone in the query and splits the range of a table's knots into a power of two of buckets.
//! It is one of two kinds, and [`cheaper`] chooses between them:
//!
//! - linear in the value, `(x - origin) * scale`, which suits knots that are spread about evenly;
//! - linear in the key, `(key - origin) >> shift`, which is about the logarithm and suits knots on a logarithmic axis.
//!   (Keys are the floats' bits as integers in the order of the floats: NaN last, both zeros alike.)
//!
//! **Rounding.** Both kinds round down, on the host as in the shaders: a shift cannot do otherwise, a conversion in
//! WGSL truncates, and only with it do half as many buckets mean half the number, which a coarser
//! [`WindowIndex`](crate::index::gpu_index::WindowIndex) relies on. What lies below the first knot is in the first
//! bucket, and nothing is beyond the last bucket. NaN compares with nothing, so by value it is in the first bucket; its
//! key is the largest, so by key it is in the last.
//!
//! Knots and queries of the CPU engine go through the same code, so its buckets mislead nobody. A shader evaluates the
//! same expression elsewhere; a device that flushes subnormals may come to a number that is one off.

use crate::element::Float;
use crate::error::Result;

/// Queries that go through the stages of a search together: enough to hide the latency of loads, few enough for the
/// first cache.
pub(crate) const BLOCK: usize = 256;

/// With more buckets an f32 could no longer tell them apart, and [`floor_index`](crate::float::FloatParts::floor_index)
/// numbers no more.
const MOST_BUCKETS: usize = 1 << 22;
/// Steps of bisection a knot, on average, with which linear buckets are taken without trying the others. Knots drawn at
/// random need 1.3.
const GOOD_ENOUGH: f64 = 1.6;

/// Numbers the buckets of one table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BucketFn<T: Float> {
    pub kind: BucketKind<T>,
    /// The number of the last bucket.
    last: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BucketKind<T: Float> {
    /// `(x - origin) * scale`
    Linear { origin: T, scale: T },
    /// `(key - origin) >> shift`
    ByKey { origin: T::Key, shift: u32 },
}

impl<T: Float> BucketFn<T> {
    /// Linear in the value, over the range of these knots; none where that range is empty or not finite.
    pub fn linear(keys: &[T::Key], buckets: usize) -> Option<Self> {
        let (first, last) = range::<T>(keys);
        let (origin, range) = (T::from_key(first), T::from_key(last) - T::from_key(first));
        let scale = T::narrow(buckets as f64) / range;
        let is_usable = range.is_finite() && scale.is_finite();
        is_usable.then_some(Self { kind: BucketKind::Linear { origin, scale }, last: buckets as u32 - 1 })
    }

    /// Linear in the key, over the range of these knots.
    pub fn by_key(keys: &[T::Key], buckets: usize) -> Self {
        let (origin, last) = range::<T>(keys);
        let width = size_of::<T>() as u32 * 8;
        let fits = |&shift: &u32| (T::key_index(last, origin, shift, u32::MAX) as usize) < buckets;
        let shift = (0..width).find(fits).unwrap_or(width - 1);
        Self { kind: BucketKind::ByKey { origin, shift }, last: buckets as u32 - 1 }
    }

    /// The same range in half as many buckets: the number of each is half of what it was, rounded down.
    pub fn halved(self) -> Self {
        let kind = match self.kind {
            BucketKind::Linear { origin, scale } => BucketKind::Linear { origin, scale: scale * T::narrow(0.5) },
            BucketKind::ByKey { origin, shift } => BucketKind::ByKey { origin, shift: shift + 1 },
        };
        Self { kind, last: self.last / 2 }
    }

    /// How many buckets there are.
    pub fn buckets(&self) -> usize {
        self.last as usize + 1
    }

    /// The origin, and the scale or shift, as the shaders read them.
    pub fn encoded(&self) -> [T::Key; 2] {
        match self.kind {
            BucketKind::Linear { origin, scale } => [origin.bits(), scale.bits()],
            BucketKind::ByKey { origin, shift } => [origin, T::key_from_u32(shift)],
        }
    }

    /// The buckets of a block of queries.
    #[inline(always)]
    pub fn number_queries(&self, queries: &[T; BLOCK], numbers: &mut [u32; BLOCK]) {
        match self.kind {
            BucketKind::Linear { origin, scale } => {
                let last = T::narrow(f64::from(self.last));
                for (number, &query) in numbers.iter_mut().zip(queries) {
                    *number = linear(query, origin, scale, last);
                }
            }
            BucketKind::ByKey { origin, shift } => {
                for (number, &query) in numbers.iter_mut().zip(queries) {
                    *number = T::key_index(query.key(), origin, shift, self.last);
                }
            }
        }
    }

    /// The buckets of knots, which both indexes have as keys.
    #[inline(always)]
    pub fn number_knots(&self, keys: &[T::Key], numbers: &mut [u32]) {
        match self.kind {
            BucketKind::Linear { origin, scale } => {
                let last = T::narrow(f64::from(self.last));
                for (number, &key) in numbers.iter_mut().zip(keys) {
                    *number = linear(T::from_key(key), origin, scale, last);
                }
            }
            BucketKind::ByKey { origin, shift } => {
                for (number, &key) in numbers.iter_mut().zip(keys) {
                    *number = T::key_index(key, origin, shift, self.last);
                }
            }
        }
    }
}

#[inline(always)]
fn linear<T: Float>(x: T, origin: T, scale: T, last: T) -> u32 {
    ((x - origin) * scale).floor_index(last)
}

/// The first and the last key; the same one twice where they are not sorted.
fn range<T: Float>(keys: &[T::Key]) -> (T::Key, T::Key) {
    match keys {
        [first, .., last] => (*first, (*last).max(*first)),
        _ => (T::zero().key(), T::zero().key()),
    }
}

/// As many buckets as are wanted, or a few more.
pub(crate) fn bucket_count(wanted: usize) -> usize {
    wanted.next_power_of_two().clamp(2, MOST_BUCKETS)
}

/// What bisecting its bucket costs each of so many knots in it, all together.
#[inline(always)]
pub(crate) fn cost_of_bucket(knots: u32) -> f64 {
    // A logarithm for every knot would take half of the time; most have a bucket to themselves.
    if knots == 1 { 1.0 } else { f64::from(knots) * f64::from(knots + 1).log2() }
}

/// The index by the linear function, where that is good enough or no worse than the one by key. Each comes with its
/// cost: steps of bisection a knot, on average.
pub(crate) fn cheaper<I>(linear: Option<(I, f64)>, by_key: impl FnOnce() -> Result<(I, f64)>) -> Result<I> {
    match linear {
        None => Ok(by_key()?.0),
        Some((index, cost)) if cost <= GOOD_ENOUGH => Ok(index),
        Some((index, cost)) => {
            let (other, other_cost) = by_key()?;
            Ok(if other_cost < cost { other } else { index })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::cpu_index::ByteIndex;
    use crate::index::gpu_index::WindowIndex;

    /// What `shaders/table/buckets.wgsl` and the documentation say, in so many words.
    fn expected<T: Float>(function: &BucketFn<T>, x: T) -> u32 {
        let last = f64::from(function.last);
        match function.kind {
            BucketKind::Linear { origin, scale } => ((x - origin) * scale).widen().floor().clamp(0.0, last) as u32,
            BucketKind::ByKey { origin, shift } => {
                let [key, origin] = [x.key(), origin].map(|key| u64::try_from(wide::<T>(key)).unwrap());
                (key.saturating_sub(origin) >> shift).min(function.last.into()) as u32
            }
        }
    }

    fn wide<T: Float>(key: T::Key) -> u128 {
        let mut bytes = [0; 16];
        bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&key));
        u128::from_le_bytes(bytes)
    }

    fn tables<T: Float>() -> Vec<Vec<T>> {
        let mut tables: Vec<Vec<f64>> = vec![
            (0..100).map(|i| f64::from(i) * 0.1 - 3.0).collect(),
            (0..100).map(f64::from).collect(),
            (0..100).map(|i| 10_f64.powf(f64::from(i) * 0.1 - 5.0)).collect(),
            (0..100).map(|i| -10_f64.powf(5.0 - f64::from(i) * 0.1)).collect(),
            (0..100).map(|i| f64::from(i / 9)).collect(),
            (0..100).map(|i| if i < 90 { f64::from(i) * 1e-6 } else { f64::from(i) }).collect(),
            (-50..50).map(|i| f64::from(i) * 1e-39).collect(),
        ];
        tables.push([vec![f64::NEG_INFINITY], tables[0].clone(), vec![f64::INFINITY; 2]].concat());
        tables.push(vec![-0.0, 0.0, 1.0, 1.0, 1e30]);
        tables.push(vec![7.0; 9]);
        tables.into_iter().map(|table| table.into_iter().map(T::narrow).collect()).collect()
    }

    /// Each knot and each boundary between buckets, with the floats on either side, and what is special.
    fn queries<T: Float>(function: &BucketFn<T>, xp: &[T]) -> Vec<T> {
        let key_at = |number: u32| match function.kind {
            BucketKind::Linear { origin, scale } => (origin + T::narrow(f64::from(number)) / scale).key(),
            BucketKind::ByKey { origin, shift } => {
                let key = wide::<T>(origin) + (u128::from(number) << shift);
                bytemuck::pod_read_unaligned(&key.to_le_bytes()[..size_of::<T>()])
            }
        };
        let special = [T::nan(), T::infinity(), T::neg_infinity(), T::max_value(), T::min_value(), -T::zero()];
        let tiny = [T::min_positive_value(), -T::min_positive_value(), T::from_key(T::key_before(T::zero().key()))];
        let keys = xp.iter().map(|x| x.key()).chain((0..=function.last).map(key_at));
        let near = keys.flat_map(|key| {
            let below = T::from_key(T::key_before(key));
            let above = -T::from_key(T::key_before((-T::from_key(key)).key()));
            [below, T::from_key(key), above]
        });
        near.chain(special).chain(tiny).collect()
    }

    fn agrees_at_every_boundary<T: Float>() {
        for xp in tables::<T>() {
            let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            for buckets in [2, 16, 256] {
                let linear = BucketFn::linear(&keys, buckets);
                for function in linear.into_iter().chain([BucketFn::by_key(&keys, buckets)]) {
                    let mut queries = queries(&function, &xp);
                    for block in queries.chunks(BLOCK) {
                        let (mut padded, mut numbers) = ([T::zero(); BLOCK], [0; BLOCK]);
                        padded[..block.len()].copy_from_slice(block);
                        function.number_queries(&padded, &mut numbers);
                        let keys: Vec<_> = block.iter().map(|x| x.key()).collect();
                        let mut of_keys = vec![0; keys.len()];
                        function.number_knots(&keys, &mut of_keys);
                        for (number, &x) in block.iter().enumerate() {
                            let expected = expected(&function, x);
                            assert_eq!(numbers[number], expected, "{x} by {function:?}");
                            // The key of NaN is that of some other NaN.
                            assert_eq!(of_keys[number], expected, "the key of {x} by {function:?}");
                        }
                    }
                    queries.retain(|x| !x.is_nan());
                    queries.sort_by_key(|x| x.key());
                    let numbers: Vec<_> = queries.iter().map(|&x| expected(&function, x)).collect();
                    assert!(numbers.is_sorted(), "{function:?}");
                    // By key the range is filled by half at least: a shift is a power of two.
                    let least = if Some(function) == linear { function.last } else { function.last / 2 };
                    assert!(numbers[0] == 0 && *numbers.last().unwrap() >= least, "infinity by {function:?}");
                }
            }
        }
    }

    #[test]
    fn queries_and_knots_are_numbered_alike_at_every_boundary() {
        agrees_at_every_boundary::<f32>();
        agrees_at_every_boundary::<f64>();
    }

    fn halves<T: Float>() {
        for xp in tables::<T>() {
            let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            for function in BucketFn::linear(&keys, 256).into_iter().chain([BucketFn::by_key(&keys, 256)]) {
                for x in queries(&function, &xp) {
                    let (fine, coarse) = (expected(&function, x), expected(&function.halved(), x));
                    assert_eq!(coarse, fine / 2, "{x} by {function:?}");
                }
            }
        }
    }

    #[test]
    fn half_as_many_buckets_have_half_the_number() {
        halves::<f32>();
        halves::<f64>();
    }

    /// With one function both indexes send a query to the same knot.
    fn indexes_agree<T: Float>() {
        for xp in tables::<T>() {
            let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            for function in BucketFn::linear(&keys, 128).into_iter().chain([BucketFn::by_key(&keys, 128)]) {
                let (byte, _) = ByteIndex::encoded(function, &keys).unwrap();
                let starts = WindowIndex::starts_of(function, &keys);
                for block in queries(&function, &xp).chunks(BLOCK) {
                    let mut padded = [T::zero(); BLOCK];
                    padded[..block.len()].copy_from_slice(block);
                    let (mut numbers, mut from) = ([0; BLOCK], [0; BLOCK]);
                    byte.starts(&padded, &mut numbers, &mut from);
                    for ((&x, &number), &from) in block.iter().zip(&numbers).zip(&from) {
                        let first = starts[number as usize] as usize;
                        assert_eq!(from, first.saturating_sub(1), "{x} by {function:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_indexes_send_a_query_to_the_same_knot() {
        indexes_agree::<f32>();
        indexes_agree::<f64>();
    }

    #[test]
    fn the_linear_function_is_taken_unless_the_other_is_worth_it() {
        let by_key = |cost| move || Ok(("by key", cost));
        assert_eq!(cheaper(Some(("linear", GOOD_ENOUGH)), || unreachable!()).unwrap(), "linear");
        assert_eq!(cheaper(Some(("linear", 3.0)), by_key(3.0)).unwrap(), "linear");
        assert_eq!(cheaper(Some(("linear", 3.0)), by_key(2.9)).unwrap(), "by key");
        assert_eq!(cheaper(None, by_key(9.0)).unwrap(), "by key");
    }
}
