//! [`Buckets`]: where the CPU engine begins to look for a query among sorted knots.
//!
//! A bucket function, monotone in the query, splits the range of the knots into several times as many buckets as knots, or
//! into as many where there are very many. For each bucket it is known which knot is the last one before it, so a search
//! begins there and seldom has more than a step or two to go. The functions are those of [`gpu_index`](crate::index::gpu_index): linear in the value, or in its key, which is
//! about the logarithm.
//!
//! Knots and queries go through the same function on the same machine, so it misleads nobody: a knot in an earlier bucket
//! is below the query. All that is asked of it is that it be monotone; it rounds to the nearest, which is cheaper.
//!
//! A bucket takes one byte: how far it is from the first of its group of 64, whose place is kept whole. Where more than 255
//! knots come before a bucket in its group, it begins too early, and the search walks: slower, but as right. The smaller
//! index is what makes large tables fast, for it stays in the cache while the knots do not.

use std::hint::select_unpredictable;

use crate::element::Float;
use crate::engine::host::alloc::{repeated, room_for};
use crate::error::Result;
use crate::index::gpu_index::key_shift;

/// Queries that go through the stages of a search together: enough to hide the latency of loads, few enough for the first
/// cache.
pub(crate) const BLOCK: usize = 256;

/// Buckets whose places are kept relative to that of the first.
const GROUP: usize = 64;
/// Above this many knots there are as many buckets as knots: measured with 1,000,000 knots, 4.8 ns a query against 5.3 with
/// twice as many.
const MANY_KNOTS: usize = 1 << 16;
/// Up to this many there are eight buckets a knot, beyond it four: the fewer knots a bucket has, the fewer queries find
/// theirs further on than was looked. With twice as many buckets as knots one vector of sixteen in ten had such a query.
const FEW_KNOTS: usize = 1 << 13;
/// The most buckets that rounding by addition can number, in f32.
const MOST_BUCKETS: usize = 1 << 22;
/// Buckets that are written at once when the index is made; it is longer by so many.
const AHEAD: usize = 16;
/// As far as both users of the index look before they search for a query alone.
const FIRST_STEP: usize = 4;
/// Steps of bisection a knot, on average, with which buckets that are linear in the value are taken without a look at
/// others. Knots drawn at random need 1.3.
const GOOD_ENOUGH: f64 = 1.6;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Function<T: Float> {
    /// `(query - origin) * scale`
    Linear { origin: T, scale: T },
    /// `(key - origin) >> shift`
    ByKey { origin: T::Key, shift: u32 },
}

/// The buckets of one table.
#[derive(Debug)]
pub(crate) struct Buckets<T: Float> {
    function: Function<T>,
    last: u32,
    /// For each group the last knot before its first bucket, or 0.
    groups: Vec<u32>,
    /// For each bucket how many knots later it begins, and some that no query asks for.
    offsets: Vec<u8>,
}

impl<T: Float> Buckets<T> {
    /// For one table. Knots that are not sorted lead a search astray, but never outside.
    pub fn new(keys: &[T::Key]) -> Result<Self> {
        // NaN is in no bucket: it would stretch the range of all others.
        let keys = &keys[..keys.partition_point(|&key| key < T::NAN_KEY)];
        let wanted = match keys.len() {
            knots if knots > MANY_KNOTS => knots,
            knots if knots > FEW_KNOTS => 4 * knots,
            knots => 8 * knots,
        };
        let buckets = wanted.next_power_of_two().clamp(2, MOST_BUCKETS);
        let (first, last) = match keys {
            [first, .., last] => (*first, (*last).max(*first)),
            _ => (T::zero().key(), T::zero().key()),
        };
        let (low, range) = (T::from_key(first), T::from_key(last) - T::from_key(first));
        let scale = T::narrow(buckets as f64) / range;
        let by_key = Function::ByKey { origin: first, shift: key_shift::<T>(first, last, buckets) };
        let linear = (range.is_finite() && scale.is_finite())
            .then(|| Self::by(Function::Linear { origin: low, scale }, buckets, keys))
            .transpose()?;
        if let Some((linear, cost)) = linear {
            if cost <= GOOD_ENOUGH {
                return Ok(linear);
            }
            let (other, other_cost) = Self::by(by_key, buckets, keys)?;
            return Ok(if other_cost < cost { other } else { linear });
        }
        Ok(Self::by(by_key, buckets, keys)?.0)
    }

    /// By one function, and how many steps of bisection a knot costs.
    fn by(function: Function<T>, buckets: usize, keys: &[T::Key]) -> Result<(Self, f64)> {
        let (groups, offsets) = (room_for(buckets.div_ceil(GROUP))?, repeated(0, buckets + AHEAD)?);
        let mut result = Self { function, last: buckets as u32 - 1, groups, offsets };
        let (mut knots, mut places) = ([T::zero(); BLOCK], [0; BLOCK]);
        let (mut before, mut next, mut cost) = (0_u32, 0, 0.0);
        let (mut place_before, mut in_bucket) = (0, 0_u32);
        for chunk in keys.chunks(BLOCK) {
            knots.iter_mut().zip(chunk).for_each(|(knot, &key)| *knot = T::from_key(key));
            result.numbers(&knots, &mut places);
            for &place in &places[..chunk.len()] {
                // A knot is before the buckets after its own, so those up to its own begin at the one before it.
                next = result.begin(next, place as usize + 1, before.saturating_sub(1));
                before += 1;
                if place != place_before {
                    cost += steps(in_bucket);
                    (place_before, in_bucket) = (place, 0);
                }
                in_bucket += 1;
            }
        }
        result.begin(next, buckets, before.saturating_sub(1));
        cost += steps(in_bucket);
        Ok((result, cost / keys.len().max(1) as f64))
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

    /// The numbers of the queries' buckets.
    #[inline(always)]
    fn numbers(&self, queries: &[T; BLOCK], numbers: &mut [u32; BLOCK]) {
        match self.function {
            Function::Linear { origin, scale } => {
                let last = T::narrow(f64::from(self.last));
                for (number, &query) in numbers.iter_mut().zip(queries) {
                    *number = T::rounded((query - origin) * scale, last);
                }
            }
            Function::ByKey { origin, shift } => {
                for (number, &query) in numbers.iter_mut().zip(queries) {
                    *number = T::shifted_key(query, origin, shift).min(self.last);
                }
            }
        }
    }

    /// For each query a knot that is not above it, if any is: the search goes on from there. NaN may get any knot.
    #[inline(always)]
    pub fn starts(&self, queries: &[T; BLOCK], scratch: &mut [u32; BLOCK], starts: &mut [usize; BLOCK]) {
        self.numbers(queries, scratch);
        // Taken out here: in the loop they would be fetched anew for every query.
        let (groups, offsets) = (&self.groups[..], &self.offsets[..]);
        for (start, &number) in starts.iter_mut().zip(scratch.iter()) {
            let number = number as usize;
            *start = groups[number / GROUP] as usize + usize::from(offsets[number]);
        }
    }
}

/// For each query the last knot that is not above it, or the first: all queries a step at a time, so that they wait for
/// memory together and not one after another.
#[inline(always)]
pub(crate) fn bisect<E, K: PartialOrd + Copy>(
    knots: &[E],
    knot: impl Fn(&E) -> K,
    queries: &[K],
    starts: &mut [usize],
) {
    starts.fill(0);
    let mut len = knots.len();
    while len > 1 {
        let half = len / 2;
        for (start, &query) in starts.iter_mut().zip(queries) {
            let middle = *start + half;
            *start = select_unpredictable(knot(&knots[middle]) <= query, middle, *start);
        }
        len -= half;
    }
}

/// How many knots are not above a query, looked for from one on, in steps twice as long each time; from the first, if that
/// one is above it.
#[inline(always)]
pub(crate) fn count_from<E, K: PartialOrd + Copy>(knots: &[E], knot: impl Fn(&E) -> K, query: K, from: usize) -> usize {
    let is_before = knots.get(from).is_some_and(|first| knot(first) <= query);
    let (mut low, mut step) = (if is_before { from } else { 0 }, FIRST_STEP);
    while low + step < knots.len() && knot(&knots[low + step]) <= query {
        low += step;
        step *= 2;
    }
    let near = &knots[low..knots.len().min(low + step)];
    low + near.partition_point(|other| knot(other) <= query)
}

/// What bisecting costs the knots of a bucket, all together.
#[inline(always)]
fn steps(knots: u32) -> f64 {
    // A logarithm for every knot would take half of the time; most have a bucket to themselves.
    if knots == 1 { 1.0 } else { f64::from(knots) * f64::from(knots + 1).log2() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every start is at or before the last knot that is not above the query.
    fn starts_are_never_late<T: Float>(xp: &[T], expects_keys: bool) {
        let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
        let buckets = Buckets::<T>::new(&keys).unwrap();
        assert_eq!(matches!(buckets.function, Function::ByKey { .. }), expects_keys);
        let half = T::narrow(0.5);
        let between = xp.windows(2).flat_map(|pair| [pair[0], pair[0] * half + pair[1] * half]);
        let queries: Vec<T> = between.chain([xp[xp.len() - 1], T::infinity(), T::neg_infinity(), T::nan()]).collect();
        for chunk in queries.chunks(BLOCK) {
            let mut block = [T::zero(); BLOCK];
            block[..chunk.len()].copy_from_slice(chunk);
            let (mut scratch, mut starts) = ([0; BLOCK], [0; BLOCK]);
            buckets.starts(&block, &mut scratch, &mut starts);
            for (query, start) in chunk.iter().zip(starts) {
                let after = xp.partition_point(|x| x <= query);
                assert!(start < xp.len() && (start < after.max(1) || query.is_nan()), "{query}: {start}, {after}");
            }
        }
    }

    fn begin_at_the_last_knot_before_them<T: Float>(xp: &[f64]) {
        let keys: Vec<_> = xp.iter().map(|&x| T::narrow(x).key()).collect();
        let buckets = Buckets::<T>::new(&keys).unwrap();
        let mut counts = vec![0; buckets.last as usize + 1];
        for &x in xp {
            let mut numbers = [0; BLOCK];
            buckets.numbers(&[T::narrow(x); BLOCK], &mut numbers);
            counts[numbers[0] as usize] += 1;
        }
        let mut before = 0_u32;
        for (bucket, count) in counts.into_iter().enumerate() {
            let first = buckets.groups[bucket / GROUP];
            // A byte counts to 255, and the search walks from there.
            let expected = before.saturating_sub(1).min(first + 255);
            assert_eq!(first + u32::from(buckets.offsets[bucket]), expected, "{} knots, {bucket}", xp.len());
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
