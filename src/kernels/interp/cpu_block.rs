//! Interpolation on the CPU engine, many queries at once, by the rules of `shaders/interp`: finding and evaluating
//! fused.
//!
//! Queries are processed in blocks of [`BLOCK`]. The first two stages of [`find`](crate::kernels::search::find) give
//! each the knot to start from; then, a vector at a time, four consecutive pairs are gathered from there on, the
//! segment is chosen with two comparisons and [evaluated](crate::kernels::interp::evaluate) while its ends are in
//! registers. Lanes that this does not resolve, since their segment lies further on or reaches to infinity, fall back
//! to a scalar search.
//!
//! The [halves](crate::kernels::interp::halves) apart give the same bits, which the tests here compare; between them
//! numbers of segments go through memory.

use crate::element::Float;
use crate::index::bucket_fn::BLOCK;
use crate::kernels::interp::evaluate::{OutOfRange, evaluate_and_store};
use crate::kernels::interp::few_knots::{FEW_KNOTS, compare_with_each};
use crate::kernels::interp::lookup::{FromStarts, Lookup};
use crate::kernels::interp::op::Method;
use crate::simd::{SimdKernel, Vector};

/// Queries of one table, to be looked up.
pub(crate) struct Queries<'a, T: Float> {
    pub lookup: &'a Lookup<'a, T>,
    pub x: &'a [T],
    pub output: &'a mut [T],
}

impl<T: Float> SimdKernel<T> for Queries<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { lookup, x, output } = self;
        let Lookup { finder, evaluator } = lookup;
        if finder.knots == 0 {
            return output.fill(T::nan());
        }
        if evaluator.method == Method::Linear && (2..=FEW_KNOTS).contains(&finder.knots) {
            return compare_with_each(simd, lookup, x, output);
        }
        if finder.knots == 1 {
            for (output, &x) in output.iter_mut().zip(x) {
                *output = lookup.eval_scalar(x, 0);
            }
            return;
        }
        let out_of_range = OutOfRange::of(simd, evaluator);
        let mut numbers = [0; BLOCK];
        let (mut padded, mut results) = ([T::zero(); BLOCK], [T::zero(); BLOCK]);
        let mut starts = [0; BLOCK];
        for (x, output) in x.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
            if let (Ok(x), Ok(output)) = (<&[T; BLOCK]>::try_from(x), <&mut [T; BLOCK]>::try_from(&mut *output)) {
                finder.starts(x, BLOCK, &mut numbers, &mut starts);
                interpolate(simd, lookup, &out_of_range, x, &starts, output);
            } else {
                padded[..x.len()].copy_from_slice(x);
                let full = x.len().next_multiple_of(S::LANES);
                finder.starts(&padded, full, &mut numbers, &mut starts);
                interpolate(simd, lookup, &out_of_range, &padded[..full], &starts[..full], &mut results[..full]);
                output.copy_from_slice(&results[..x.len()]);
            }
        }
    }
}

/// Segments, and values on them. Whole vectors only.
#[inline(always)]
fn interpolate<T: Float, S: Vector<T>>(
    simd: S,
    lookup: &Lookup<'_, T>,
    out_of_range: &OutOfRange<S::V>,
    x: &[T],
    starts: &[usize],
    output: &mut [T],
) {
    let vectors = x.chunks_exact(S::LANES).zip(starts.chunks_exact(S::LANES));
    for ((x, starts), output) in vectors.zip(output.chunks_exact_mut(S::LANES)) {
        let query = simd.load(x);
        let ends = lookup.finder.ends_near(simd, query, starts);
        // Neither NaN, nor outside, nor on the last knot, nor further on than was looked.
        let in_segment = simd.and(out_of_range.is_inside(simd, query), simd.lt(query, ends.x1));
        let lanes = FromStarts { lookup, starts };
        evaluate_and_store(simd, &lookup.evaluator, out_of_range, x, &ends, in_segment, &lanes, output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::cpu_index::ByteIndex;
    use crate::kernels::interp::halves::{Evaluate, FindSegments, evaluate};
    use crate::kernels::interp::op::{Rules, modulo};
    use crate::kernels::search::axis::PADDING;

    #[derive(Clone, Copy)]
    struct Fused<'a, T: Float>(&'a Lookup<'a, T>, &'a [T]);

    impl<T: Float> SimdKernel<T> for Fused<'_, T> {
        type Output = Vec<T>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
            let mut output = vec![T::zero(); self.1.len()];
            Queries { lookup: self.0, x: self.1, output: &mut output }.run(simd);
            output
        }
    }

    /// Finds segments.
    #[derive(Clone, Copy)]
    struct Found<'a, T: Float>(&'a Lookup<'a, T>, &'a [T], Option<&'a [T]>);

    impl<T: Float> SimdKernel<T> for Found<'_, T> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<u32> {
            let Self(lookup, x, positions) = self;
            let mut segments = vec![u32::MAX; x.len()];
            FindSegments { finder: &lookup.finder, positions, x, segments: &mut segments }.run(simd);
            segments
        }
    }

    /// Evaluates on segments that were found before.
    #[derive(Clone, Copy)]
    struct Apart<'a, T: Float>(&'a Lookup<'a, T>, &'a [T], &'a [u32]);

    impl<T: Float> SimdKernel<T> for Apart<'_, T> {
        type Output = Vec<T>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
            let Self(lookup, x, segments) = self;
            let mut output = vec![T::zero(); x.len()];
            Evaluate { table: &lookup.evaluator, x, segments, output: &mut output }.run(simd);
            output
        }
    }

    fn tables<T: Float>() -> Vec<Vec<T>> {
        let even = |n: usize| (0..n).map(|i| T::narrow(i as f64 * 0.5 - 3.0)).collect::<Vec<_>>();
        let mut tables: Vec<Vec<T>> = [1, 2, 3, 15, 16, 17, 18, 257, 3000].map(even).to_vec();
        tables.push((0..900).map(|i| T::narrow(10_f64.powf(f64::from(i) * 0.01 - 4.0))).collect());
        tables.push((0..900).map(|i| T::narrow(f64::from(i / 100))).collect());
        // So many knots in one bucket that a byte does not count them.
        tables.push(
            (0..2000).map(|i| T::narrow(if i < 1500 { 1.0 + f64::from(i) * 1e-4 } else { f64::from(i) })).collect(),
        );
        let ends = [T::neg_infinity(), T::infinity()];
        tables.push([&ends[..1], &even(40)[..], &ends[1..]].concat());
        tables
    }

    fn queries<T: Float>(xp: &[T]) -> Vec<T> {
        let near = xp.iter().flat_map(|&x| [x, x + T::narrow(0.01), x - T::narrow(1e-5)]);
        let special = [T::nan(), T::infinity(), T::neg_infinity(), T::zero(), -T::zero(), T::narrow(1e30)];
        near.chain(special).collect()
    }

    fn value<T: Float>(i: usize) -> T {
        match i % 50 {
            7 => T::infinity(),
            23 => T::nan(),
            31 => -T::zero(),
            _ => T::narrow((i as f64 * 0.7).sin()),
        }
    }

    /// Knots and values, and after them NaN: `missing` places of a ragged table, and the padding.
    fn pairs_of<T: Float>(xp: &[T], missing: usize) -> Vec<[T; 2]> {
        let mut pairs: Vec<[T; 2]> = xp.iter().enumerate().map(|(i, &x)| [x, value(i)]).collect();
        pairs.extend(vec![[T::nan(), value(xp.len().saturating_sub(1))]; missing + PADDING]);
        pairs
    }

    /// NaN with NaN, anything else bit for bit.
    fn assert_same<T: Float>(got: &[T], expected: &[T], x: &[T], what: &str) {
        assert_eq!(got.len(), expected.len());
        for ((got, expected), x) in got.iter().zip(expected).zip(x) {
            let same = got.bits() == expected.bits() || (got.is_nan() && expected.is_nan());
            assert!(same, "{what}: {got} instead of {expected} at {x}");
        }
    }

    /// One query at a time, fused in vectors, and finding before evaluating.
    fn every_way_agrees<T: Float>(lookup: &Lookup<'_, T>, x: &[T], what: &str) {
        let knots = lookup.finder.knots;
        let expected: Vec<_> =
            x.iter().map(|&x| if knots == 0 { T::nan() } else { lookup.eval_scalar(x, 0) }).collect();
        for (set, fused) in T::with_every_isa(Fused(lookup, x)) {
            assert_same(&fused, &expected, x, &format!("{set}, fused, {what}"));
        }
        let pairs = &lookup.finder.pairs[..knots];
        let positions: Vec<T> = lookup.finder.pairs.iter().map(|pair| pair[0]).collect();
        let segments: Vec<u32> =
            x.iter().map(|&x| pairs.iter().rposition(|pair| pair[0] <= x).unwrap_or(0) as u32).collect();
        for positions in [Some(&positions[..]), None] {
            for (set, found) in T::with_every_isa(Found(lookup, x, positions)) {
                for ((found, segment), x) in found.iter().zip(&segments).zip(x) {
                    assert_eq!(found, segment, "the segment of {x}, {set}, {what}");
                }
            }
        }
        let one_by_one = x.iter().zip(&segments).map(|(&x, &segment)| match knots {
            0 => T::nan(),
            _ => evaluate(&lookup.evaluator, x, segment),
        });
        assert_same(&one_by_one.collect::<Vec<_>>(), &expected, x, &format!("one by one, {what}"));
        for (set, apart) in T::with_every_isa(Apart(lookup, x, &segments)) {
            assert_same(&apart, &expected, x, &format!("{set}, apart, {what}"));
        }
    }

    fn rules<T: Float>() -> Vec<Rules<T>> {
        [
            (Method::Linear, false, None),
            (Method::Linear, true, None),
            (Method::Linear, false, Some(T::nan())),
            (Method::Nearest, false, None),
            (Method::Previous, false, None),
            (Method::Next, false, Some(T::one())),
        ]
        .map(|(method, extrapolate, left)| Rules { method, extrapolate, left, ..Rules::default() })
        .into()
    }

    fn agrees<T: Float>() {
        for xp in tables::<T>() {
            let pairs = pairs_of(&xp, 0);
            let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            let index = ByteIndex::new(&keys).unwrap();
            for rules in rules::<T>() {
                let x = queries(&xp);
                let lengths = [0, 1, 15, 16, 17, 255, 256, 257, x.len()];
                for (length, index) in lengths.iter().flat_map(|&length| [(length, Some(&index)), (length, None)]) {
                    let lookup = Lookup::new(&pairs, index, &rules);
                    let what = format!("{} knots, {:?}, index {}", xp.len(), rules.method, index.is_some());
                    every_way_agrees(&lookup, &x[..length.min(x.len())], &what);
                }
            }
        }
    }

    #[test]
    fn fused_apart_and_one_by_one_queries_get_the_same_bits() {
        agrees::<f32>();
        agrees::<f64>();
    }

    fn agrees_on_ragged_tables<T: Float>() {
        for xp in tables::<T>().into_iter().chain([vec![]]) {
            let pairs = pairs_of(&xp, 9);
            let keys: Vec<_> = pairs[..pairs.len() - PADDING].iter().map(|pair| pair[0].key()).collect();
            let index = ByteIndex::new(&keys).unwrap();
            for rules in rules::<T>() {
                let rules = Rules { ragged: true, ..rules };
                for index in [Some(&index), None] {
                    let lookup = Lookup::new(&pairs, index, &rules);
                    assert_eq!(lookup.finder.knots, xp.len());
                    every_way_agrees(&lookup, &queries(&xp), &format!("{} knots, ragged", xp.len()));
                }
            }
        }
    }

    #[test]
    fn so_they_do_in_ragged_tables() {
        agrees_on_ragged_tables::<f32>();
        agrees_on_ragged_tables::<f64>();
    }

    /// Closed by a knot on either side, as tables with a period are; that before an infinite period is NaN.
    fn agrees_in_periods<T: Float>() {
        for (n, period) in
            [(1, 7.0), (2, 7.0), (12, 7.0), (15, 7.0), (700, 360.0), (3, f64::INFINITY), (700, f64::INFINITY)]
        {
            let period = T::narrow(period);
            let mut xp: Vec<T> = (0..n).map(|i| T::narrow(f64::from(i) * 0.5)).collect();
            if period.is_infinite() {
                xp.push(period);
            }
            let xp = [vec![xp[xp.len() - 1] - period], xp.clone(), vec![xp[0] + period]].concat();
            let pairs = pairs_of(&xp, 0);
            let mut keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            if xp[0].is_nan() {
                keys[0] = T::key_from_u32(0);
            }
            let index = ByteIndex::new(&keys).unwrap();
            let x = queries(&xp).into_iter().chain((-40..40).map(|i| T::narrow(f64::from(i) * 3.7)));
            let wrapped: Vec<T> = x.map(|x| modulo(x, period)).collect();
            for rules in rules::<T>() {
                for index in [Some(&index), None] {
                    let what = format!("{n} knots in a period of {period}, {:?}", rules.method);
                    every_way_agrees(&Lookup::new(&pairs, index, &rules), &wrapped, &what);
                }
            }
        }
    }

    #[test]
    fn so_they_do_in_periods() {
        agrees_in_periods::<f32>();
        agrees_in_periods::<f64>();
    }
}
