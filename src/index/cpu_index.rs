//! [`ByteIndex`]: where the CPU engine begins to look for a query among sorted knots.
//!
//! A [bucket function](crate::index::bucket_fn) splits the range of the knots into several times as many buckets as
//! knots, or into as many where there are very many. For each bucket the index knows the last knot before it, so a
//! search begins there and seldom has more than a step or two to go. Knots and queries go through the same function on
//! the same machine: a knot in an earlier bucket is below the query.
//!
//! A bucket takes one byte: the distance of its knot from that of the first bucket in its group of 64, which is kept
//! whole. Where more than 255 knots come before a bucket in its group, it begins too early and the search walks:
//! slower, but as right. The small index is what makes large tables fast, for it stays in the cache while the knots do
//! not.

use crate::element::Float;
use crate::engine::host::alloc::{try_filled, try_with_capacity};
use crate::error::Result;
use crate::index::bucket_fn::{BLOCK, BucketFn, bucket_count, cheaper, cost_of_bucket};

/// Buckets whose knots are kept relative to that of the first.
const GROUP: usize = 64;
/// Above this many knots there are as many buckets as knots: twice as many no longer fit the cache, and cost more than
/// they save.
const MANY_KNOTS: usize = 1 << 16;
/// Up to this many there are eight buckets a knot, beyond it four: the fewer knots a bucket has, the fewer vectors hold
/// a query whose knot is further on than they compare.
const FEW_KNOTS: usize = 1 << 13;
/// Buckets that are written at once when the index is made; it is longer by so many.
const AHEAD: usize = 16;

/// The index of one table.
#[derive(Debug)]
pub(crate) struct ByteIndex<T: Float> {
    function: BucketFn<T>,
    /// For each group the last knot before its first bucket, or 0.
    groups: Vec<u32>,
    /// For each bucket how many knots later it begins, and some that no query asks for.
    offsets: Vec<u8>,
}

impl<T: Float> ByteIndex<T> {
    /// For one table. Knots that are not sorted lead a search astray, but never outside.
    pub fn new(keys: &[T::Key]) -> Result<Self> {
        // NaN is in no bucket: it would stretch the range of all others.
        let keys = &keys[..keys.partition_point(|&key| key < T::NAN_KEY)];
        let buckets = bucket_count(match keys.len() {
            knots if knots > MANY_KNOTS => knots,
            knots if knots > FEW_KNOTS => 4 * knots,
            knots => 8 * knots,
        });
        let linear = BucketFn::linear(keys, buckets).map(|function| Self::encoded(function, keys)).transpose()?;
        cheaper(linear, || Self::encoded(BucketFn::by_key(keys, buckets), keys))
    }

    /// By one function, and how many steps of bisection a knot costs.
    pub(super) fn encoded(function: BucketFn<T>, keys: &[T::Key]) -> Result<(Self, f64)> {
        let buckets = function.buckets();
        let (groups, offsets) = (try_with_capacity(buckets.div_ceil(GROUP))?, try_filled(0, buckets + AHEAD)?);
        let mut index = Self { function, groups, offsets };
        let mut numbers = [0; BLOCK];
        let (mut before, mut next, mut cost) = (0_u32, 0, 0.0);
        let (mut bucket_before, mut in_bucket) = (0, 0_u32);
        for keys in keys.chunks(BLOCK) {
            function.number_knots(keys, &mut numbers);
            for &bucket in &numbers[..keys.len()] {
                // A knot is before the buckets after its own, so those up to its own begin at the one before it.
                next = index.begin(next, bucket as usize + 1, before.saturating_sub(1));
                before += 1;
                if bucket != bucket_before {
                    cost += cost_of_bucket(in_bucket);
                    (bucket_before, in_bucket) = (bucket, 0);
                }
                in_bucket += 1;
            }
        }
        index.begin(next, buckets, before.saturating_sub(1));
        cost += cost_of_bucket(in_bucket);
        Ok((index, cost / keys.len().max(1) as f64))
    }

    /// Lets buckets begin at a knot, and gives back the bucket to go on with. Buckets are given their knots in order.
    #[inline(always)]
    fn begin(&mut self, mut next: usize, end: usize, start: u32) -> usize {
        while next < end {
            let group = next / GROUP;
            if next.is_multiple_of(GROUP) {
                self.groups.push(start);
            }
            let end = end.min((group + 1) * GROUP);
            let offset = (start - self.groups[group]).min(255) as u8;
            // A knot has a few buckets as a rule: a loop as long as they are many would cost more than bytes too many,
            // which the next knot writes over.
            self.offsets[next..next + AHEAD].fill(offset);
            if next + AHEAD < end {
                self.offsets[next + AHEAD..end].fill(offset);
            }
            next = end;
        }
        next
    }

    /// For each query a knot that is not above it, if any is: the search goes on from there. NaN may get any knot.
    #[inline(always)]
    pub fn starts(&self, queries: &[T; BLOCK], numbers: &mut [u32; BLOCK], starts: &mut [usize; BLOCK]) {
        self.function.number_queries(queries, numbers);
        // Taken out here: in the loop they would be fetched anew for every query.
        let (groups, offsets) = (&self.groups[..], &self.offsets[..]);
        for (start, &number) in starts.iter_mut().zip(numbers.iter()) {
            let number = number as usize;
            *start = groups[number / GROUP] as usize + usize::from(offsets[number]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::bucket_fn::BucketKind;

    /// Every start is at or before the last knot that is not above the query.
    fn starts_are_never_late<T: Float>(xp: &[T], expects_keys: bool) {
        let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
        let index = ByteIndex::<T>::new(&keys).unwrap();
        assert_eq!(matches!(index.function.kind, BucketKind::ByKey { .. }), expects_keys);
        let half = T::narrow(0.5);
        let between = xp.windows(2).flat_map(|pair| [pair[0], pair[0] * half + pair[1] * half]);
        let queries: Vec<T> = between.chain([xp[xp.len() - 1], T::infinity(), T::neg_infinity(), T::nan()]).collect();
        for chunk in queries.chunks(BLOCK) {
            let mut block = [T::zero(); BLOCK];
            block[..chunk.len()].copy_from_slice(chunk);
            let (mut numbers, mut starts) = ([0; BLOCK], [0; BLOCK]);
            index.starts(&block, &mut numbers, &mut starts);
            for (query, start) in chunk.iter().zip(starts) {
                let after = xp.partition_point(|x| x <= query);
                assert!(start < xp.len() && (start < after.max(1) || query.is_nan()), "{query}: {start}, {after}");
            }
        }
    }

    fn begin_at_the_last_knot_before_them<T: Float>(xp: &[f64]) {
        let keys: Vec<_> = xp.iter().map(|&x| T::narrow(x).key()).collect();
        let index = ByteIndex::<T>::new(&keys).unwrap();
        let (mut counts, mut numbers) = (vec![0; index.function.buckets()], vec![0; keys.len()]);
        index.function.number_knots(&keys, &mut numbers);
        numbers.into_iter().for_each(|number| counts[number as usize] += 1);
        let mut before = 0_u32;
        for (bucket, count) in counts.into_iter().enumerate() {
            let first = index.groups[bucket / GROUP];
            // A byte counts to 255, and the search walks from there.
            let expected = before.saturating_sub(1).min(first + 255);
            assert_eq!(first + u32::from(index.offsets[bucket]), expected, "{} knots, {bucket}", xp.len());
            before += count;
        }
    }

    #[test]
    fn buckets_begin_at_the_last_knot_before_them() {
        let scattered: Vec<_> = (0..1000).map(|i| f64::from(i * i % 997) * 0.1).collect();
        let clustered = (0..300).map(|i| if i < 290 { f64::from(i) * 1e-3 } else { f64::from(i) * 1e4 }).collect();
        for mut xp in [scattered, clustered, vec![-3.0, -3.0, 5.0], vec![1.0]] {
            xp.sort_by(f64::total_cmp);
            begin_at_the_last_knot_before_them::<f32>(&xp);
            begin_at_the_last_knot_before_them::<f64>(&xp);
        }
    }

    #[test]
    fn a_search_never_begins_too_late() {
        let even: Vec<f32> = (0..1000).map(|i| i as f32 * 0.1 - 20.0).collect();
        starts_are_never_late(&even, false);
        let logarithmic: Vec<f32> = (0..1000).map(|i| 10_f32.powf(i as f32 * 0.05 - 20.0)).collect();
        starts_are_never_late(&logarithmic, true);
        let logarithmic: Vec<f64> = (0..1000).map(|i| -10_f64.powf(20.0 - f64::from(i) * 0.05)).collect();
        starts_are_never_late(&logarithmic, true);
        starts_are_never_late(&[-1.0, 0.0, 0.0, 2.5_f64], false);
        let ties: Vec<f64> = (0..1000).map(|i| f64::from(i / 10)).collect();
        starts_are_never_late(&ties, false);
        let infinite: Vec<f64> = [f64::NEG_INFINITY].into_iter().chain((0..20).map(f64::from)).collect();
        starts_are_never_late(&infinite, true);
        starts_are_never_late(&[7.0_f32; 30], true);
        starts_are_never_late(&[7.0_f64], true);
        let clustered: Vec<f64> =
            (0..5000).map(|i| if i < 4000 { f64::from(i) * 1e-9 } else { f64::from(i) }).collect();
        starts_are_never_late(&clustered, true);
    }
}
