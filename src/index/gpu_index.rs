//! [`WindowIndex`]: the search index of a GPU, with which a query bisects a few neighbouring buckets in a fixed number
//! of steps.
//!
//! A plain bisection is log2(n) dependent loads. A [bucket function](crate::index::bucket_fn) splits the range of the
//! knots into up to twice as many buckets as knots; each bucket knows its first knot. A search takes in the bucket
//! before the query's own and the one after it, for the device may evaluate the function with another rounding than the
//! host. [`SearchBounds`] says how many steps that takes at the most, so that a shader has them written out and needs
//! no loop.
//!
//! Knots are compared by their keys: NaN above everything, both zeros alike, subnormals as they are.

use crate::element::{Float, bytes_of};
use crate::engine::host::alloc::{try_collect, try_filled, try_with_capacity};
use crate::error::Result;
use crate::index::bucket_fn::{BLOCK, BucketFn, BucketKind, bucket_count, cheaper, cost_of_bucket};

/// Below this many knots a bisection is as short as the way to a bucket.
const WORTH_BUCKETS: usize = 8;
/// Above this many knots there are as many buckets as knots, not twice as many: the index should stay in the cache.
const MANY_KNOTS: usize = 1 << 16;

/// How many steps a shader has written out that searches by an index of the device's: those beyond are a loop. Evenly
/// or randomly spread knots take no more.
pub(crate) const WRITTEN_OUT: u32 = 4;

/// Which function of the query is its bucket, by the numbers that the shaders know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bucketing {
    /// There are no buckets: a query bisects all knots.
    None = 0,
    /// [`BucketKind::Linear`]
    Linear = 1,
    /// [`BucketKind::ByKey`]
    ByKey = 2,
    /// The device made the index, and has chosen for each table.
    OnDevice = 3,
}

/// How many buckets a device makes of so many knots in each of so many tables, where that makes a search less than half
/// as long. As many as knots or up to twice as many: for finer ones the host looks at the knots.
pub(crate) fn buckets_on_device(tables: usize, knots: usize) -> Option<usize> {
    let buckets = bucket_count(knots);
    let is_countable = u32::try_from(tables.saturating_mul(buckets + 4)).is_ok();
    (steps_among(knots) > 2 * WRITTEN_OUT && is_countable).then_some(buckets)
}

/// The index of one or several tables with the same number of knots each.
#[derive(Clone, Debug)]
pub(crate) struct WindowIndex<T: Float> {
    pub knots: usize,
    pub bucketing: Bucketing,
    pub buckets: usize,
    /// The keys of the knots, table after table.
    pub keys: Vec<T::Key>,
    /// For each table and bucket the first knot in it or beyond; one more a table for the end. Empty without buckets.
    pub starts: Vec<u32>,
    /// For each table the origin and the scale (or shift) of its bucket function, as bits.
    pub origins: Vec<T::Key>,
    /// Where there is one table of evenly spaced knots: the function of a query that is its segment, or one beside it.
    pub even: Option<Even<T>>,
}

/// Knots that lie where `origin + number / scale` is, to less than the distance of two of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Even<T: Float> {
    pub origin: T,
    pub scale: T,
}

impl<T: Float> Even<T> {
    /// The function of these knots, if they are evenly spaced: each one's number is its place or the one before.
    fn of(keys: &[T::Key]) -> Option<Self> {
        let [origin, last] = [keys.first()?, keys.last()?].map(|&key| T::from_key(key));
        let scale = T::narrow((keys.len() - 1) as f64) / (last - origin);
        // So many numbers have to be told apart, with rounding errors that are a small part of a distance.
        let is_precise = keys.len() < 1 << 20 && scale.is_finite() && scale > T::zero();
        let is_near = |(place, &key): (usize, &T::Key)| {
            let number = ((T::from_key(key) - origin) * scale).widen();
            (number - place as f64).abs() < 0.5
        };
        (is_precise && keys.iter().enumerate().all(is_near)).then_some(Self { origin, scale })
    }
}

/// The buckets of all tables by one kind of function.
struct Buckets<T: Float> {
    functions: Vec<BucketFn<T>>,
    starts: Vec<u32>,
}

impl<T: Float> WindowIndex<T> {
    /// Indexes `xp`, tables of `knots` knots each. The order of the knots is not looked at: if they are not sorted, a
    /// search finds some knot, but never one that is not there.
    ///
    /// `walks` says that searches go from a query's bucket from knot to knot, so that more buckets mean fewer steps.
    pub fn new(xp: &[T], knots: usize, walks: bool) -> Result<Self> {
        let keys = keys_of(xp, knots)?;
        if knots < WORTH_BUCKETS {
            return Ok(Self::without_buckets(keys, knots));
        }
        let best = match walks {
            true => Buckets::<T>::cheapest(&keys, knots, 2 * knots)?,
            false => {
                Buckets::<T>::cheapest(&keys, knots, if knots > MANY_KNOTS { knots } else { 2 * knots })?.coarsen()?
            }
        };
        let even = (walks && keys.len() == knots).then(|| Even::of(&keys)).flatten();
        let origins = best.functions.iter().flat_map(|function| function.encoded());
        let origins = try_collect(origins, 2 * best.functions.len())?;
        Ok(Self {
            knots,
            bucketing: best.bucketing(),
            buckets: best.buckets(),
            keys,
            starts: best.starts,
            origins,
            even,
        })
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
        Self {
            knots,
            bucketing: Bucketing::None,
            buckets: 1,
            keys,
            starts: Vec::new(),
            origins: Vec::new(),
            even: None,
        }
    }
}

/// The keys of knots in order.
pub(crate) fn keys_of<T: Float>(xp: &[T], knots: usize) -> Result<Vec<T::Key>> {
    let mut keys = try_collect(xp.iter().map(|&x| x.key()), xp.len())?;
    // A NaN in front of numbers, as before an infinite period, is below none of them to NumPy, which compares; behind
    // all of them it would hide them from a search. The least key is that of NaN too, and no other float has it.
    for (keys, xp) in keys.chunks_exact_mut(knots.max(1)).zip(xp.chunks_exact(knots.max(1))) {
        if xp[0].is_nan() && xp.get(1).is_some_and(|second| !second.is_nan()) {
            keys[0] = T::key_from_u32(0);
        }
    }
    Ok(keys)
}

impl<T: Float> Buckets<T> {
    /// So many, or a few more, by the function that leaves them shorter.
    fn cheapest(keys: &[T::Key], knots: usize, wanted: usize) -> Result<Self> {
        let buckets = bucket_count(wanted);
        let tables = keys.len() / knots;
        let mut linear = try_with_capacity(tables)?;
        linear.extend(keys.chunks_exact(knots).map_while(|keys| BucketFn::linear(keys, buckets)));
        // One kind of function serves all tables.
        let linear = (linear.len() == tables).then(|| Self::encoded(linear, keys, knots)).transpose()?;
        cheaper(linear, || {
            let by_key = keys.chunks_exact(knots).map(|keys| BucketFn::by_key(keys, buckets));
            Self::encoded(try_collect(by_key, tables)?, keys, knots)
        })
    }

    /// By one function a table, and how many steps of bisection a knot costs.
    fn encoded(functions: Vec<BucketFn<T>>, keys: &[T::Key], knots: usize) -> Result<(Self, f64)> {
        let buckets = functions.first().map_or(1, BucketFn::buckets);
        let mut starts = try_with_capacity(functions.len() * (buckets + 1))?;
        let (mut counts, mut numbers, mut cost) = (try_filled(0_u32, buckets)?, [0; BLOCK], 0.0);
        for (function, keys) in functions.iter().zip(keys.chunks_exact(knots)) {
            for keys in keys.chunks(BLOCK) {
                function.number_knots(keys, &mut numbers);
                numbers[..keys.len()].iter().for_each(|&bucket| counts[bucket as usize] += 1);
            }
            let mut start = 0;
            for count in &mut counts {
                starts.push(start);
                start += *count;
                cost += cost_of_bucket(*count);
                *count = 0;
            }
            starts.push(start);
        }
        Ok((Self { functions, starts }, cost / keys.len().max(1) as f64))
    }

    /// The index as a GPU wants it: half as many buckets, as often as that makes no search longer. More buckets do not
    /// mean fewer steps here, as they do on the host, but more misses of the cache.
    fn coarsen(mut self) -> Result<Self> {
        let wanted = self.steps();
        while self.buckets() >= 4 {
            let every_other = self.starts.chunks_exact(self.buckets() + 1).flat_map(|starts| starts.iter().step_by(2));
            let starts = try_collect(every_other.copied(), self.functions.len() * (self.buckets() / 2 + 1))?;
            let functions = try_collect(self.functions.iter().map(|function| function.halved()), self.functions.len())?;
            let coarser = Self { functions, starts };
            if coarser.steps() > wanted {
                break;
            }
            self = coarser;
        }
        Ok(self)
    }

    fn steps(&self) -> u32 {
        let windows = self.starts.chunks_exact(self.buckets() + 1).map(widest_window);
        steps_among(windows.max().unwrap_or(1))
    }

    /// Of each table.
    fn buckets(&self) -> usize {
        self.functions.first().map_or(1, BucketFn::buckets)
    }

    fn bucketing(&self) -> Bucketing {
        match self.functions.first().map(|function| function.kind) {
            None => Bucketing::None,
            Some(BucketKind::Linear { .. }) => Bucketing::Linear,
            Some(BucketKind::ByKey { .. }) => Bucketing::ByKey,
        }
    }
}

/// Upper bounds on the depth of a search, so that a shader can have it written out in a fixed number of steps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SearchBounds {
    /// Whether the knots are numbers whose distances within a table do not overflow. False where nobody has looked.
    pub finite: bool,
    /// Steps from the first knot of a table.
    pub full_depth: u32,
    /// Steps from the last knot before the bucket that comes before a query's own to the end of the one that comes
    /// after; none without buckets, or where rounding could mislead by more than one.
    pub bucket_depth: Option<u32>,
    /// Whether the device has an index that says how many steps there are from a bucket.
    pub is_on_device: bool,
    /// Of the bucket function of the first table.
    pub origin: [u32; 2],
    /// Of the bucket function of the first table.
    pub scale: [u32; 2],
    /// Origin and scale of the function that numbers evenly spaced knots.
    pub even: Option<[[u32; 2]; 2]>,
}

impl SearchBounds {
    /// Of knots that the host has.
    pub fn of<T: Float>(index: &WindowIndex<T>) -> Self {
        let distance = |table: &[T::Key]| T::from_key(table[table.len() - 1]) - T::from_key(table[0]);
        let finite = index.keys.chunks_exact(index.knots.max(1)).all(|table| distance(table).is_finite());
        let unknown = Self::unknown(index.knots);
        if index.bucketing == Bucketing::None {
            return Self { finite, ..unknown };
        }
        // A device may flush subnormals to zero: that moves a query by less than a bucket if so steep a function is
        // left alone.
        let steepest = T::one() / T::min_positive_value();
        let too_steep = |pair: &[T::Key]| index.bucketing == Bucketing::Linear && T::from_bits(pair[1]) > steepest;
        let [origin, scale] = [0, 1].map(|number| T::from_bits(index.origins[number]).words());
        let widest = index.starts.chunks_exact(index.buckets + 1).map(widest_window).max().unwrap_or(index.knots);
        let bucket_depth = (!index.origins.chunks_exact(2).any(too_steep)).then(|| steps_among(widest));
        let even = index.even.filter(|even| even.scale <= steepest);
        let even = even.map(|Even { origin, scale }| [origin.words(), scale.words()]);
        Self { finite, bucket_depth, origin, scale, even, ..unknown }
    }

    /// Of knots that only the device has.
    pub fn unknown(knots: usize) -> Self {
        Self { full_depth: steps_among(knots), ..Self::default() }
    }
}

/// How many steps find one of so many knots.
fn steps_among(knots: usize) -> u32 {
    knots.next_power_of_two().trailing_zeros()
}

/// The most knots among which a query is looked for: from the last one before the bucket before its own to the end of
/// the bucket after it.
fn widest_window(starts: &[u32]) -> usize {
    let buckets = starts.len() - 1;
    let window = |bucket: usize| {
        let first = starts[bucket.max(1) - 1].max(1) - 1;
        (starts[(bucket + 2).min(buckets)].max(first + 1) - first) as usize
    };
    (0..buckets).map(window).max().unwrap_or(1)
}

#[cfg(test)]
impl<T: Float> WindowIndex<T> {
    /// The starts by one function, for one table.
    pub(super) fn starts_of(function: BucketFn<T>, keys: &[T::Key]) -> Vec<u32> {
        Buckets::encoded(vec![function], keys, keys.len()).unwrap().0.starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::FloatParts;

    /// Between which knots a query is looked for, and within its own bucket.
    fn bounds<T: Float>(buckets: &Buckets<T>, table: usize, query: T) -> (usize, usize) {
        let mut number = [0];
        buckets.functions[table].number_knots(&[query.key()], &mut number);
        let start = table * (buckets.buckets() + 1) + number[0] as usize;
        (buckets.starts[start] as usize, buckets.starts[start + 1] as usize)
    }

    fn holds_what_a_plain_search_finds<T: Float>(xp: &[T], knots: usize, expected: Bucketing) {
        let keys = keys_of(xp, knots).unwrap();
        let fine = Buckets::<T>::cheapest(&keys, knots, 2 * knots).unwrap();
        assert_eq!(fine.bucketing(), expected);
        for buckets in [Buckets::<T>::cheapest(&keys, knots, 2 * knots).unwrap().coarsen().unwrap(), fine] {
            for (number, table) in xp.chunks_exact(knots).enumerate() {
                for pair in table.windows(2) {
                    let half = T::narrow(0.5);
                    for query in [pair[0], pair[1], pair[0] * half + pair[1] * half] {
                        let plain = table.partition_point(|&x| x <= query);
                        let (low, high) = bounds(&buckets, number, query);
                        assert!((low..=high).contains(&plain), "{query} in {number}: {plain}, not {low} to {high}");
                    }
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
        let ties: Vec<f64> = (0..1000).map(|i| f64::from(i / 10)).collect();
        holds_what_a_plain_search_finds(&ties, 1000, Bucketing::Linear);
        let infinite: Vec<f64> = [f64::NEG_INFINITY].into_iter().chain((0..20).map(f64::from)).collect();
        holds_what_a_plain_search_finds(&infinite, 21, Bucketing::ByKey);
        holds_what_a_plain_search_finds(&[7.0_f32; 30], 30, Bucketing::ByKey);
        let two: Vec<f64> = even.iter().map(|&x| f64::from(x)).chain((0..1000).map(|i| f64::from(i * i))).collect();
        holds_what_a_plain_search_finds(&two, 1000, Bucketing::Linear);
        assert_eq!(WindowIndex::new(&[-1.0, 0.0, 0.0, 2.5_f64], 4, false).unwrap().bucketing, Bucketing::None);
    }

    #[test]
    fn unsorted_knots_never_lead_outside() {
        let mut knots: Vec<f32> = (0..500).map(|i| ((i * 7919) % 500) as f32).collect();
        knots[250] = f32::NAN;
        let buckets = Buckets::<f32>::cheapest(&keys_of(&knots, 500).unwrap(), 500, 1000).unwrap();
        for query in [-1.0, 0.0, 250.5, 499.0, 1e30, f32::INFINITY] {
            let (low, high) = bounds(&buckets, 0, query);
            assert!(low <= high && high <= 500);
        }
    }

    /// Every candidate of a query that is taken for one of a neighbouring bucket is within the steps that are written
    /// out.
    fn reaches_what_it_must<T: Float>(xp: &[T]) {
        let fine = Buckets::<T>::cheapest(&keys_of(xp, xp.len()).unwrap(), xp.len(), 2 * xp.len()).unwrap();
        let index = WindowIndex::new(xp, xp.len(), false).unwrap();
        let bounds = SearchBounds::of(&index);
        assert!(index.buckets <= fine.buckets());
        let Some(steps) = bounds.bucket_depth else { return };
        assert_eq!(steps, fine.steps(), "coarser buckets make no search longer");
        for bucket in 0..index.buckets {
            for taken_for in bucket.saturating_sub(1)..=(bucket + 1).min(index.buckets - 1) {
                let from = index.starts[taken_for.max(1) - 1].max(1) - 1;
                let (first, end) = (index.starts[bucket].max(1) - 1, index.starts[bucket + 1].max(1));
                assert!(from <= first && end <= from + (1 << steps), "{bucket} taken for {taken_for}");
            }
        }
    }

    #[test]
    fn a_search_reaches_past_the_neighbouring_buckets() {
        for n in [8_u32, 9, 100, 1000, 4097] {
            let even: Vec<f32> = (0..n).map(|i| i as f32 * 0.1 - 20.0).collect();
            reaches_what_it_must(&even);
            let logarithmic: Vec<f64> = (0..n).map(|i| 10_f64.powf(f64::from(i) * 0.05 - 20.0)).collect();
            reaches_what_it_must(&logarithmic);
            let ties: Vec<f64> = (0..n).map(|i| f64::from(i / 7)).collect();
            reaches_what_it_must(&ties);
            let clustered: Vec<f32> = (0..n).map(|i| if i < n / 2 { i as f32 * 1e-6 } else { i as f32 }).collect();
            reaches_what_it_must(&clustered);
        }
    }

    #[test]
    fn what_is_beyond_the_range_of_floats_is_not_called_finite() {
        let bounds = |xp: &[f32]| SearchBounds::of(&WindowIndex::new(xp, xp.len(), false).unwrap());
        let finite = |xp: &[f32]| bounds(xp).finite;
        assert!(finite(&[-1e38, 1e38]) && finite(&[7.0]));
        assert!(!finite(&[-3e38, 3e38]) && !finite(&[0.0, f32::INFINITY]) && !finite(&[0.0, f32::NAN]));
        let steep: Vec<f32> = (0..32).map(|i| i as f32 * f32::MIN_POSITIVE / 8.0).collect();
        let is_linear = WindowIndex::new(&steep, 32, false).unwrap().bucketing == Bucketing::Linear;
        assert_eq!(bounds(&steep).bucket_depth.is_some(), !is_linear);
    }

    /// How many loads a query takes that walks: the start, its segment, and one for each knot that it passes.
    fn loads_of_walks(xp: &[f32], queries: impl Iterator<Item = f32>) -> f64 {
        let index = WindowIndex::new(xp, xp.len(), true).unwrap();
        let (mut loads, mut asked) = (0, 0);
        for query in queries {
            let segment = xp.partition_point(|&x| x <= query).max(1) - 1;
            let start = match index.even {
                Some(Even { origin, scale }) => (((query - origin) * scale).max(0.0) as usize).min(xp.len() - 1),
                None => {
                    loads += 1;
                    let [origin, scale] = [index.origins[0], index.origins[1]];
                    let bucket = match index.bucketing {
                        Bucketing::Linear => {
                            ((query - f32::from_bits(origin)) * f32::from_bits(scale)).max(0.0) as usize
                        }
                        _ => (query.key().max(origin) - origin) as usize >> scale,
                    };
                    (index.starts[bucket.min(index.buckets - 1)] as usize).max(1) - 1
                }
            };
            loads += 1 + segment.abs_diff(start);
            asked += 1;
        }
        f64::from(loads as u32) / f64::from(asked)
    }

    #[test]
    fn a_query_that_walks_takes_two_loads_and_a_bit() {
        let mut state = 20_u32;
        // A linear congruential generator (Numerical Recipes), of 24 bits.
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        for knots in [1 << 10, 1 << 16, 1_000_000] {
            let mut anywhere: Vec<f32> = (0..knots).map(|_| random()).collect();
            anywhere.sort_by(f32::total_cmp);
            let mut decades: Vec<f32> = (0..knots).map(|_| 10_f32.powf(6.0 * random() - 3.0)).collect();
            decades.sort_by(f32::total_cmp);
            let even: Vec<f32> = (0..knots).map(|place| place as f32 / knots as f32).collect();
            let asked = 100_000;
            let loads = loads_of_walks(&anywhere, (0..asked).map(|_| random()));
            assert!(loads <= 2.4, "{knots} knots anywhere: {loads}");
            let loads = loads_of_walks(&decades, (0..asked).map(|_| 10_f32.powf(6.0 * random() - 3.0)));
            assert!(loads <= 2.6, "{knots} knots over six decades: {loads}");
            let loads = loads_of_walks(&even, (0..asked).map(|_| random()));
            assert!(loads <= 1.1, "{knots} even knots: {loads}");
        }
    }
}
