//! The CPU engine's search: the places of a block of values at a time, as interpolation finds its segments.
//!
//! The number of each one's bucket, the knot to begin from, and then the next few knots, compared without a branch. What is
//! further on is searched for alone. Without an index a bisection finds where to begin, a step of all values at a time.

use crate::element::Float;
use crate::engine::host::parallel::share;
use crate::error::Result;
use crate::index::cpu_index::{BLOCK, Buckets, bisect, count_from};
use crate::kernels::search::axis::first_out_of_order;
use crate::kernels::search::op::{PrepareKnots, Search};
use crate::simd::{Kernel, Vector};

/// Values that one task looks up.
const QUERIES_PER_TASK: usize = 16 << 10;
/// Knots that are compared from where a search begins.
const NEAR: usize = 4;

pub(crate) fn search<T: Float>(search: &Search) -> Result<()> {
    let axis = &search.axis;
    let (keys, x) = (axis.keys.host::<T::Key>()?.snapshot(), search.x.host::<T>()?.snapshot());
    let buckets = axis.buckets_for::<T>(search.total, &keys).and_then(|tables| tables.first());
    search.output.host::<u32>()?.write(|output| {
        share(output.chunks_mut(QUERIES_PER_TASK).zip(x.chunks(QUERIES_PER_TASK)), |(output, x)| {
            T::vectorize(Places { keys: &keys[..], buckets, left: search.left, x, output: &mut *output });
            if search.flip {
                output.iter_mut().for_each(|place| *place = axis.knots as u32 - *place);
            }
        });
    })
}

/// Keys of knots, and whether they are in order.
pub(crate) fn prepare_knots<T: Float>(op: &PrepareKnots) -> Result<()> {
    let xp = op.xp.host::<T>()?.snapshot();
    if let Some(index) = first_out_of_order(&xp, op.knots) {
        op.check.offend(index);
    }
    op.keys.host::<T::Key>()?.write(|keys| {
        share(keys.chunks_mut(QUERIES_PER_TASK).zip(xp.chunks(QUERIES_PER_TASK)), |(keys, xp)| {
            keys.iter_mut().zip(xp).for_each(|(key, &x)| *key = x.key());
        });
    })
}

/// Finds how many knots are less than each value, or less than or equal to it.
struct Places<'a, T: Float> {
    keys: &'a [T::Key],
    buckets: Option<&'a Buckets<T>>,
    left: bool,
    x: &'a [T],
    output: &'a mut [u32],
}

impl<T: Float> Kernel<T> for Places<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, _: S) {
        let Self { keys, buckets, left, x, output } = self;
        let (mut values, mut sought) = ([T::zero(); BLOCK], [T::NAN_KEY; BLOCK]);
        let (mut numbers, mut starts) = ([0; BLOCK], [0; BLOCK]);
        for (x, output) in x.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
            values[..x.len()].copy_from_slice(x);
            for (sought, &value) in sought.iter_mut().zip(&values) {
                // Less than a key is at most the key before it.
                *sought = if left { T::key_before(value.key()) } else { value.key() };
            }
            match buckets {
                Some(buckets) => buckets.starts(&values, &mut numbers, &mut starts),
                None => bisect(keys, |&key| key, &sought[..x.len()], &mut starts[..x.len()]),
            }
            for (output, (&key, &start)) in output.iter_mut().zip(sought.iter().zip(&starts)) {
                *output = place(keys, key, start) as u32;
            }
        }
    }
}

/// How many keys are at most this one, if those before the start are.
#[inline(always)]
fn place<K: Ord + Copy>(keys: &[K], key: K, start: usize) -> usize {
    if let Some(near) = keys[start..].first_chunk::<NEAR>() {
        let mut count = 0;
        for &other in near {
            count += usize::from(other <= key);
        }
        if count < NEAR && (count > 0 || start == 0) {
            return start + count;
        }
    }
    far(keys, key, start)
}

/// The same, however far it is, and whether or not the start was right.
#[inline(never)]
fn far<K: Ord + Copy>(keys: &[K], key: K, start: usize) -> usize {
    count_from(keys, |&other| other, key, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Answers<'a, T: Float>(&'a [T::Key], Option<&'a Buckets<T>>, bool, &'a [T]);

    impl<T: Float> Kernel<T> for Answers<'_, T> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<u32> {
            let Self(keys, buckets, left, x) = self;
            let mut output = vec![0; x.len()];
            Places { keys, buckets, left, x, output: &mut output }.run(simd);
            output
        }
    }

    fn agrees<T: Float>(xp: &[f64]) {
        let xp: Vec<T> = xp.iter().map(|&x| T::narrow(x)).collect();
        let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
        let special = [T::nan(), T::infinity(), T::neg_infinity(), -T::zero(), T::narrow(1e30)];
        let near = xp.iter().flat_map(|&x| [x, x + T::narrow(0.01), x - T::narrow(1e-5)]);
        let x: Vec<T> = near.chain(special).collect();
        let buckets = Buckets::new(&keys).unwrap();
        for left in [false, true] {
            let is_before = |knot: T, x: T| if left { knot.key() < x.key() } else { knot.key() <= x.key() };
            let expected: Vec<_> = x.iter().map(|&x| xp.partition_point(|&knot| is_before(knot, x)) as u32).collect();
            for buckets in [None, Some(&buckets)] {
                for (set, places) in T::with_every_set(Answers(&keys, buckets, left, &x)) {
                    assert_eq!(places, expected, "{set}, {} knots, left {left}", xp.len());
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
                assert_eq!(place(&keys, key, start), expected, "{key} from {start}");
            }
        }
    }

    #[test]
    fn places_are_those_of_a_plain_search() {
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
