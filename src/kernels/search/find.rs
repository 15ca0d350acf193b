//! Finding on the CPU engine: for each query of a block how many sorted knots are not above it. `searchsorted` finds
//! among the keys of knots, interpolation among knots with their values beside them; what to make of the result is up
//! to either.
//!
//! Queries are processed in blocks:
//!
//! 1. bucket numbers, arithmetic only;
//! 2. the knot to start from, one load each (without an index a bisection of the whole block stands for both);
//! 3. the next few knots, compared without a branch.
//!
//! Queries that stage 3 does not resolve are searched for one by one, in steps that double.

use std::hint::select_unpredictable;
use std::marker::PhantomData;

use crate::element::Float;
use crate::index::bucket_fn::BLOCK;
use crate::index::cpu_index::ByteIndex;
use crate::simd::{SimdKernel, Vector};

/// Knots that stage 3 compares.
const NEAR: usize = 4;
/// The first step of a search for one query: as far as stage 3 has looked.
const FIRST_STEP: usize = 4;

/// What is compared when knots are searched. A type and not a closure: everything a kernel calls has to be inlined into
/// the function that is compiled for the instruction set.
pub(crate) trait Order<T: Float>: Copy {
    /// A knot as it lies in memory.
    type Knot;
    /// What decides its place.
    type Rank: PartialOrd + Copy;
    /// Whether a knot that compares with nothing may come first, before others that are not above the query.
    const MAY_BEGIN_WITH_NAN: bool;
    /// Of a knot.
    fn of_knot(knot: &Self::Knot) -> Self::Rank;
    /// Of a query: of the last knot that counts as not above it, at the most.
    fn of_query(self, x: T) -> Self::Rank;
}

/// Among keys: NaN after everything.
#[derive(Clone, Copy)]
pub(crate) struct ByKey<T> {
    /// Knots that equal the query count as above it.
    left: bool,
    floats: PhantomData<T>,
}

impl<T> ByKey<T> {
    pub fn new(left: bool) -> Self {
        Self { left, floats: PhantomData }
    }
}

impl<T: Float> Order<T> for ByKey<T> {
    type Knot = T::Key;
    type Rank = T::Key;
    const MAY_BEGIN_WITH_NAN: bool = false;

    #[inline(always)]
    fn of_knot(knot: &T::Key) -> T::Key {
        *knot
    }

    #[inline(always)]
    fn of_query(self, x: T) -> T::Key {
        // Less than a key is at most the key before it.
        if self.left { T::key_before(x.key()) } else { x.key() }
    }
}

/// Among pairs of a knot and its value: NaN compares with nothing.
#[derive(Clone, Copy)]
pub(crate) struct ByX;

impl<T: Float> Order<T> for ByX {
    type Knot = [T; 2];
    type Rank = T;
    const MAY_BEGIN_WITH_NAN: bool = true;

    #[inline(always)]
    fn of_knot(knot: &[T; 2]) -> T {
        knot[0]
    }

    #[inline(always)]
    fn of_query(self, x: T) -> T {
        x
    }
}

/// Stages 1 and 2 for the first `count` queries of a block: a knot that is not above the query, if any is. NaN may get
/// any knot.
#[inline(always)]
pub(crate) fn starts<T: Float, O: Order<T>>(
    index: Option<&ByteIndex<T>>,
    knots: &[O::Knot],
    x: &[T; BLOCK],
    ranks: &[O::Rank; BLOCK],
    count: usize,
    numbers: &mut [u32; BLOCK],
    starts: &mut [usize; BLOCK],
) {
    match index {
        Some(index) => index.starts(x, numbers, starts),
        None => bisect::<T, O>(knots, &ranks[..count], &mut starts[..count]),
    }
}

/// For each query the last knot that is not above it, or the first: all queries a step at a time, so that they wait for
/// memory together and not one after another.
#[inline(always)]
fn bisect<T: Float, O: Order<T>>(knots: &[O::Knot], ranks: &[O::Rank], starts: &mut [usize]) {
    starts.fill(0);
    let mut len = knots.len();
    while len > 1 {
        let half = len / 2;
        for (start, &rank) in starts.iter_mut().zip(ranks) {
            let middle = *start + half;
            *start = select_unpredictable(O::of_knot(&knots[middle]) <= rank, middle, *start);
        }
        len -= half;
    }
}

/// Stage 3: how many knots are not above a query, if those before the start are not; and whether or not the start was
/// right.
#[inline(always)]
fn count_near<T: Float, O: Order<T>>(knots: &[O::Knot], rank: O::Rank, start: usize) -> usize {
    if let Some(near) = knots[start..].first_chunk::<NEAR>() {
        let mut count = 0;
        for knot in near {
            count += usize::from(O::of_knot(knot) <= rank);
        }
        // The knot before an infinite period is NaN, which is not below the query but before knots that are. Where that
        // cannot be, the count alone tells.
        let is_right = match O::MAY_BEGIN_WITH_NAN {
            true => O::of_knot(&near[0]) <= rank || (start == 0 && count == 0),
            false => count > 0 || start == 0,
        };
        if count < NEAR && is_right {
            return start + count;
        }
    }
    count_far::<T, O>(knots, rank, start)
}

#[inline(never)]
fn count_far<T: Float, O: Order<T>>(knots: &[O::Knot], rank: O::Rank, start: usize) -> usize {
    count_from::<T, O>(knots, rank, start)
}

/// How many knots are not above a query, looked for from one on, in steps twice as long each time; from the first, if
/// that one is above it.
#[inline(always)]
pub(crate) fn count_from<T: Float, O: Order<T>>(knots: &[O::Knot], rank: O::Rank, from: usize) -> usize {
    let is_before = knots.get(from).is_some_and(|first| O::of_knot(first) <= rank);
    let (mut low, mut step) = (if is_before { from } else { 0 }, FIRST_STEP);
    while low + step < knots.len() && O::of_knot(&knots[low + step]) <= rank {
        low += step;
        step *= 2;
    }
    let near = &knots[low..knots.len().min(low + step)];
    low + near.partition_point(|other| O::of_knot(other) <= rank)
}

/// Counts for each query the knots that are not above it.
pub(crate) struct Count<'a, T: Float, O: Order<T>> {
    pub order: O,
    pub knots: &'a [O::Knot],
    pub index: Option<&'a ByteIndex<T>>,
    pub x: &'a [T],
    pub counts: &'a mut [u32],
}

impl<T: Float, O: Order<T>> SimdKernel<T> for Count<'_, T, O> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, _: S) {
        let Self { order, knots, index, x, counts } = self;
        let (mut padded, mut ranks) = ([T::zero(); BLOCK], [order.of_query(T::zero()); BLOCK]);
        let (mut numbers, mut from) = ([0; BLOCK], [0; BLOCK]);
        for (x, counts) in x.chunks(BLOCK).zip(counts.chunks_mut(BLOCK)) {
            padded[..x.len()].copy_from_slice(x);
            for (rank, &x) in ranks.iter_mut().zip(&padded) {
                *rank = order.of_query(x);
            }
            starts::<T, O>(index, knots, &padded, &ranks, x.len(), &mut numbers, &mut from);
            for (count, (&rank, &start)) in counts.iter_mut().zip(ranks.iter().zip(&from)) {
                *count = count_near::<T, O>(knots, rank, start) as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Answers<'a, T: Float, O: Order<T>>(O, &'a [O::Knot], Option<&'a ByteIndex<T>>, &'a [T]);

    impl<T: Float, O: Order<T>> SimdKernel<T> for Answers<'_, T, O> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<u32> {
            let Self(order, knots, index, x) = self;
            let mut counts = vec![0; x.len()];
            Count { order, knots, index, x, counts: &mut counts }.run(simd);
            counts
        }
    }

    fn agrees<T: Float>(xp: &[f64]) {
        let xp: Vec<T> = xp.iter().map(|&x| T::narrow(x)).collect();
        let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
        let special = [T::nan(), T::infinity(), T::neg_infinity(), -T::zero(), T::narrow(1e30)];
        let near = xp.iter().flat_map(|&x| [x, x + T::narrow(0.01), x - T::narrow(1e-5)]);
        let x: Vec<T> = near.chain(special).collect();
        let index = ByteIndex::new(&keys).unwrap();
        for left in [false, true] {
            let is_before = |knot: T, x: T| if left { knot.key() < x.key() } else { knot.key() <= x.key() };
            let expected: Vec<_> = x.iter().map(|&x| xp.partition_point(|&knot| is_before(knot, x)) as u32).collect();
            for index in [None, Some(&index)] {
                for (set, counts) in T::with_every_isa(Answers(ByKey::new(left), &keys, index, &x)) {
                    assert_eq!(counts, expected, "{set}, {} knots, left {left}", xp.len());
                }
            }
        }
    }

    #[test]
    fn a_start_may_be_wrong() {
        let keys: Vec<u32> = (0..200).map(|i| i / 3 * 10).collect();
        for key in 0..700 {
            let expected = keys.partition_point(|&other| other <= key);
            for start in 0..keys.len() {
                assert_eq!(count_near::<f32, ByKey<f32>>(&keys, key, start), expected, "{key} from {start}");
            }
        }
    }

    #[test]
    fn counts_are_those_of_a_plain_search() {
        let even = |n: i32| (0..n).map(|i| f64::from(i) * 0.5 - 3.0).collect::<Vec<_>>();
        let mut tables: Vec<_> = [0, 1, 2, 3, 4, 5, 17, 257, 3000].map(even).to_vec();
        tables.push((0..900).map(|i| 10_f64.powf(f64::from(i) * 0.01 - 4.0)).collect());
        tables.push((0..900).map(|i| f64::from(i / 100)).collect());
        tables.push((0..2000).map(|i| if i < 1500 { 1.0 + f64::from(i) * 1e-4 } else { f64::from(i) }).collect());
        tables.push([vec![f64::NEG_INFINITY], even(40), vec![f64::INFINITY; 3]].concat());
        tables.push([even(300), vec![f64::NAN; 20]].concat());
        tables.push(vec![f64::NAN; 9]);
        for xp in tables {
            agrees::<f32>(&xp);
            agrees::<f64>(&xp);
        }
    }
}
