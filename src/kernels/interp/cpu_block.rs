//! The CPU engine's search and interpolation, many queries at once, by the rules of `shaders/interp`.
//!
//! A block of queries goes through three stages: the number of each one's bucket (arithmetic alone), the knot to begin
//! from (a load a query; where there are no buckets a bisection stands for both), and then, a vector of queries at a time,
//! four neighbouring knots with their values from there on. Two comparisons choose one of the three segments between them;
//! what lies outside of the knots takes its value from the edges. What lies further on is searched for alone, and so are
//! segments that reach to infinity.
//!
//! A table of up to [`FEW_KNOTS`] is not searched: every query is compared with every knot.

use crate::element::Float;
use crate::index::cpu_index::{BLOCK, Buckets, bisect, count_from};
use crate::kernels::interp::op::{Method, Rules};
use crate::simd::{Kernel, Vector};

/// Pairs after the last knot: a search may look that far.
pub(crate) const PADDING: usize = 4;
/// Up to so many knots a comparison with each of them is faster than a search.
pub(crate) const FEW_KNOTS: usize = 16;

/// A table as the CPU engine keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a, T: Float> {
    /// Knots and values; after the last knot, NaN.
    pub pairs: &'a [[T; 2]],
    /// Where to begin to look, if that is known.
    pub buckets: Option<&'a Buckets<T>>,
}

/// A table with the rules by which it is asked.
pub(crate) struct Lookup<'a, T: Float> {
    pairs: &'a [[T; 2]],
    buckets: Option<&'a Buckets<T>>,
    knots: usize,
    left: T,
    right: T,
    method: Method,
    extended: (bool, bool),
}

impl<'a, T: Float> Lookup<'a, T> {
    pub fn new(table: Table<'a, T>, rules: &Rules<T>) -> Self {
        let Table { pairs, buckets } = table;
        let places = pairs.len() - PADDING;
        let knots = if rules.ragged { knots_of(&pairs[..places]) } else { places };
        Self {
            pairs,
            buckets,
            knots,
            left: rules.left.unwrap_or(pairs[0][1]),
            right: rules.right.unwrap_or(pairs[knots.saturating_sub(1)][1]),
            method: rules.method,
            extended: rules.extended(),
        }
    }

    /// One query, by every rule, in a table that has a knot. The search goes up from a knot, in steps twice as long each time, if that is not above
    /// the query.
    #[inline(never)]
    fn alone(&self, x: T, from: usize) -> T {
        let last = self.knots - 1;
        if x.is_nan() {
            return x;
        }
        if x > self.pairs[last][0] {
            return if self.extended.1 { self.beyond(x, last.saturating_sub(1), last) } else { self.right };
        }
        if x < self.pairs[0][0] {
            return if self.extended.0 { self.beyond(x, 0, 0) } else { self.left };
        }
        let knot = count_from(&self.pairs[..self.knots], |pair| pair[0], x, from).saturating_sub(1);
        let [x0, y0] = self.pairs[knot];
        if knot == last || x0 == x {
            return y0;
        }
        self.between(x, [x0, y0], self.pairs[knot + 1])
    }

    /// On the line of a segment, drawn through one of its knots, outside the table.
    fn beyond(&self, x: T, segment: usize, knot: usize) -> T {
        let ([x0, y0], [x1, y1], [x_of_knot, y_of_knot]) =
            (self.pairs[segment], self.pairs[segment + 1], self.pairs[knot]);
        if self.knots == 1 { y_of_knot } else { (y1 - y0) / (x1 - x0) * (x - x_of_knot) + y_of_knot }
    }

    /// Between two knots, on neither of them.
    #[inline(always)]
    fn between(&self, x: T, [x0, y0]: [T; 2], [x1, y1]: [T; 2]) -> T {
        match self.method {
            Method::Linear => {
                let slope = (y1 - y0) / (x1 - x0);
                let y = slope * (x - x0) + y0;
                if !y.is_nan() {
                    return y;
                }
                // NumPy's second try, which saves segments that reach to infinity.
                let y = slope * (x - x1) + y1;
                if y.is_nan() && y0 == y1 { y0 } else { y }
            }
            Method::Next => y1,
            Method::Nearest if x - x0 > x1 - x => y1,
            _ => y0,
        }
    }
}

/// How many knots come before the NaN that fills the places of others: a few steps for all the queries of a row. The first
/// knot may be NaN for itself, that before an infinite period.
fn knots_of<T: Float>(pairs: &[[T; 2]]) -> usize {
    let [[first, _], others @ ..] = pairs else { return 0 };
    let others = others.partition_point(|pair| !pair[0].is_nan());
    if others == 0 && first.is_nan() { 0 } else { 1 + others }
}

/// The segments that a vector of queries lies in.
struct Segments<V> {
    x0: V,
    y0: V,
    x1: V,
    y1: V,
}

/// Queries of one table, to be looked up.
pub(crate) struct Queries<'a, T: Float> {
    pub lookup: &'a Lookup<'a, T>,
    pub x: &'a [T],
    pub output: &'a mut [T],
}

impl<T: Float> Kernel<T> for Queries<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Vector<T>>(self, simd: S) {
        let Self { lookup, x, output } = self;
        if lookup.knots == 0 {
            return output.fill(T::nan());
        }
        if lookup.method == Method::Linear && (2..=FEW_KNOTS).contains(&lookup.knots) {
            return compare_with_each(simd, lookup, x, output);
        }
        if lookup.knots == 1 {
            for (output, &x) in output.iter_mut().zip(x) {
                *output = lookup.alone(x, 0);
            }
            return;
        }
        let edges = Edges::of(simd, lookup);
        let mut numbers = [0; BLOCK];
        let (mut padded, mut results) = ([T::zero(); BLOCK], [T::zero(); BLOCK]);
        let mut starts = [0; BLOCK];
        for (x, output) in x.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
            if let (Ok(x), Ok(output)) = (<&[T; BLOCK]>::try_from(x), <&mut [T; BLOCK]>::try_from(&mut *output)) {
                find(lookup, x, BLOCK, &mut numbers, &mut starts);
                interpolate(simd, lookup, &edges, x, &starts, output);
            } else {
                padded[..x.len()].copy_from_slice(x);
                let full = x.len().next_multiple_of(S::LANES);
                find(lookup, &padded, full, &mut numbers, &mut starts);
                interpolate(simd, lookup, &edges, &padded[..full], &starts[..full], &mut results[..full]);
                output.copy_from_slice(&results[..x.len()]);
            }
        }
    }
}

/// The first two stages. Not a closure: those are compiled apart, without the vectors that the kernel is compiled for.
#[inline(always)]
fn find<T: Float>(
    lookup: &Lookup<'_, T>,
    x: &[T; BLOCK],
    count: usize,
    numbers: &mut [u32; BLOCK],
    starts: &mut [usize; BLOCK],
) {
    match lookup.buckets {
        Some(buckets) => buckets.starts(x, numbers, starts),
        None => bisect(&lookup.pairs[..lookup.knots], |pair| pair[0], &x[..count], &mut starts[..count]),
    }
}

/// The last stage: segments, and values on them. Whole vectors only.
#[inline(always)]
fn interpolate<T: Float, S: Vector<T>>(
    simd: S,
    lookup: &Lookup<'_, T>,
    edges: &Edges<S::V>,
    x: &[T],
    starts: &[usize],
    output: &mut [T],
) {
    let vectors = x.chunks_exact(S::LANES).zip(starts.chunks_exact(S::LANES));
    for ((x, starts), output) in vectors.zip(output.chunks_exact_mut(S::LANES)) {
        let query = simd.load(x);
        let [x0, y0, x1, y1, x2, y2, x3, y3] = simd.rows(lookup.pairs, starts);
        let second = simd.ge(query, x1);
        let third = simd.ge(query, x2);
        let segments = Segments {
            x0: simd.select(third, x2, simd.select(second, x1, x0)),
            y0: simd.select(third, y2, simd.select(second, y1, y0)),
            x1: simd.select(third, x3, simd.select(second, x2, x1)),
            y1: simd.select(third, y3, simd.select(second, y2, y1)),
        };
        // Neither NaN, nor outside, nor on the last knot, nor further on than was looked.
        let inside = simd.and(simd.ge(query, edges.first), simd.lt(query, edges.last));
        let usual = simd.and(inside, simd.lt(query, segments.x1));
        finish(simd, lookup, edges, x, starts, &segments, usual, output);
    }
}

/// The values on the segments, then those outside; what is not usual, alone.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the end of a loop that knows all this")]
fn finish<T: Float, S: Vector<T>>(
    simd: S,
    lookup: &Lookup<'_, T>,
    edges: &Edges<S::V>,
    x: &[T],
    starts: &[usize],
    segments: &Segments<S::V>,
    usual: S::M,
    output: &mut [T],
) {
    let Segments { x0, y0, x1, y1 } = *segments;
    let query = simd.load(x);
    let mut done = usual;
    if lookup.method == Method::Linear {
        let slope = simd.div(simd.sub(y1, y0), simd.sub(x1, x0));
        let y = simd.add(simd.mul(slope, simd.sub(query, x0)), y0);
        let y = simd.select(simd.eq(query, x0), y0, y);
        simd.store(output, y);
        done = simd.and(done, simd.eq(y, y));
    } else {
        // A few operations more or less do not matter beside the search.
        let (mut lefts, mut rights) = ([[T::zero(); 16]; 2], [[T::zero(); 16]; 2]);
        simd.store(&mut lefts[0], x0);
        simd.store(&mut lefts[1], y0);
        simd.store(&mut rights[0], x1);
        simd.store(&mut rights[1], y1);
        for (lane, (output, &x)) in output.iter_mut().zip(x).enumerate() {
            let (left, right) = ([lefts[0][lane], lefts[1][lane]], [rights[0][lane], rights[1][lane]]);
            *output = if x == left[0] { left[1] } else { lookup.between(x, left, right) };
        }
    }
    if !simd.all(done) {
        let (y, outside) = edges.beyond(simd, query, simd.load(output));
        simd.store(output, y);
        done = simd.or(done, outside);
        if !simd.all(done) {
            fix(simd, lookup, x, starts, done, output);
        }
    }
}

/// What is known of the queries that have no segment: those outside of the knots, those on the last one, and NaN.
struct Edges<V> {
    first: V,
    last: V,
    last_value: V,
    left: Side<V>,
    right: Side<V>,
}

/// On one side of the knots.
enum Side<V> {
    Value(V),
    /// Through a knot.
    Line {
        slope: V,
        x: V,
        y: V,
    },
}

impl<V: Copy> Edges<V> {
    #[inline(always)]
    fn of<T: Float, S: Vector<T, V = V>>(simd: S, lookup: &Lookup<'_, T>) -> Self {
        let last = lookup.knots - 1;
        Self {
            first: simd.splat(lookup.pairs[0][0]),
            last: simd.splat(lookup.pairs[last][0]),
            last_value: simd.splat(lookup.pairs[last][1]),
            left: Side::of(simd, lookup, lookup.extended.0, lookup.left, 0, 0),
            right: Side::of(simd, lookup, lookup.extended.1, lookup.right, last.saturating_sub(1), last),
        }
    }

    /// The values with theirs among them, and where that is.
    #[inline(always)]
    fn beyond<T: Float, S: Vector<T, V = V>>(&self, simd: S, query: V, y: V) -> (V, S::M) {
        let (before, after) = (simd.lt(query, self.first), simd.lt(self.last, query));
        let (on_last, missing) = (simd.eq(query, self.last), simd.not(simd.eq(query, query)));
        let y = simd.select(before, self.left.at(simd, query), y);
        let y = simd.select(after, self.right.at(simd, query), y);
        let y = simd.select(on_last, self.last_value, y);
        let y = simd.select(missing, query, y);
        (y, simd.or(simd.or(before, after), simd.or(on_last, missing)))
    }
}

impl<V: Copy> Side<V> {
    /// The line of a segment through a knot, or else a value.
    #[inline(always)]
    fn of<T: Float, S: Vector<T, V = V>>(
        simd: S,
        lookup: &Lookup<'_, T>,
        is_line: bool,
        value: T,
        segment: usize,
        knot: usize,
    ) -> Self {
        let [x, y] = lookup.pairs[knot];
        if !is_line {
            return Self::Value(simd.splat(value));
        }
        if lookup.knots == 1 {
            return Self::Value(simd.splat(y));
        }
        let ([x0, y0], [x1, y1]) = (lookup.pairs[segment], lookup.pairs[segment + 1]);
        Self::Line { slope: simd.splat((y1 - y0) / (x1 - x0)), x: simd.splat(x), y: simd.splat(y) }
    }

    #[inline(always)]
    fn at<T: Float, S: Vector<T, V = V>>(&self, simd: S, query: V) -> V {
        match *self {
            Self::Value(value) => value,
            Self::Line { slope, x, y } => simd.add(simd.mul(slope, simd.sub(query, x)), y),
        }
    }
}

/// Small tables: the segment of a query is that of the last knot it is not below.
#[inline(always)]
fn compare_with_each<T: Float, S: Vector<T>>(simd: S, lookup: &Lookup<'_, T>, x: &[T], output: &mut [T]) {
    let pairs = &lookup.pairs[..lookup.knots];
    let mut slopes = [T::zero(); FEW_KNOTS];
    for (slope, pair) in slopes.iter_mut().zip(pairs.windows(2)) {
        *slope = (pair[1][1] - pair[0][1]) / (pair[1][0] - pair[0][0]);
    }
    let (first, first_value) = (simd.splat(pairs[0][0]), simd.splat(pairs[0][1]));
    let edges = Edges::of(simd, lookup);
    let mut vectors = output.chunks_exact_mut(S::LANES);
    for (x, output) in x.chunks_exact(S::LANES).zip(&mut vectors) {
        let query = simd.load(x);
        let (mut x0, mut y0, mut slope) = (first, first_value, simd.splat(slopes[0]));
        for knot in 1..lookup.knots - 1 {
            let here = simd.splat(pairs[knot][0]);
            let after = simd.ge(query, here);
            x0 = simd.select(after, here, x0);
            y0 = simd.select(after, simd.splat(pairs[knot][1]), y0);
            slope = simd.select(after, simd.splat(slopes[knot]), slope);
        }
        let y = simd.add(simd.mul(slope, simd.sub(query, x0)), y0);
        let y = simd.select(simd.eq(query, x0), y0, y);
        let is_number = simd.eq(y, y);
        let (y, outside) = edges.beyond(simd, query, y);
        simd.store(output, y);
        let done = simd.or(is_number, outside);
        if !simd.all(done) {
            fix(simd, lookup, x, &[0; 16], done, output);
        }
    }
    let rest = vectors.into_remainder();
    let done = x.len() - rest.len();
    for (output, &x) in rest.iter_mut().zip(&x[done..]) {
        *output = lookup.alone(x, 0);
    }
}

/// Looks up alone what is not done.
#[inline(always)]
fn fix<T: Float, S: Vector<T>>(
    simd: S,
    lookup: &Lookup<'_, T>,
    x: &[T],
    starts: &[usize],
    done: S::M,
    output: &mut [T],
) {
    let mut is_done = [T::zero(); 16];
    simd.store(&mut is_done, simd.select(done, simd.splat(T::one()), simd.splat(T::zero())));
    for (lane, (output, (&x, &start))) in output.iter_mut().zip(x.iter().zip(starts)).enumerate() {
        if is_done[lane] == T::zero() {
            *output = lookup.alone(x, start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Answers<'a, T: Float>(&'a Lookup<'a, T>, &'a [T]);

    impl<T: Float> Kernel<T> for Answers<'_, T> {
        type Output = Vec<T>;

        #[inline(always)]
        fn run<S: Vector<T>>(self, simd: S) -> Vec<T> {
            let mut output = vec![T::zero(); self.1.len()];
            Queries { lookup: self.0, x: self.1, output: &mut output }.run(simd);
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

    fn agrees<T: Float>() {
        for xp in tables::<T>() {
            let value = |i: usize| match i % 50 {
                7 => T::infinity(),
                23 => T::nan(),
                31 => -T::zero(),
                _ => T::narrow((i as f64 * 0.7).sin()),
            };
            let mut pairs: Vec<[T; 2]> = xp.iter().enumerate().map(|(i, &x)| [x, value(i)]).collect();
            pairs.extend([[T::nan(), value(xp.len() - 1)]; PADDING]);
            let keys: Vec<_> = xp.iter().map(|x| x.key()).collect();
            let buckets = Buckets::new(&keys).unwrap();
            for (method, extrapolate, left) in [
                (Method::Linear, false, None),
                (Method::Linear, true, None),
                (Method::Linear, false, Some(T::nan())),
                (Method::Nearest, false, None),
                (Method::Previous, false, None),
                (Method::Next, false, Some(T::one())),
            ] {
                let rules = Rules { method, extrapolate, left, ..Rules::default() };
                let x = queries(&xp);
                let lengths = [0, 1, 15, 16, 17, 255, 256, 257, x.len()];
                for (length, buckets) in lengths.iter().flat_map(|&length| [(length, Some(&buckets)), (length, None)]) {
                    let lookup = Lookup::new(Table { pairs: &pairs, buckets }, &rules);
                    let x = &x[..length.min(x.len())];
                    let expected: Vec<_> = x.iter().map(|&x| lookup.alone(x, 0)).collect();
                    for (set, answers) in T::with_every_set(Answers(&lookup, x)) {
                        for ((x, answer), expected) in x.iter().zip(answers).zip(&expected) {
                            assert!(
                                answer.bits() == expected.bits() || (answer.is_nan() && expected.is_nan()),
                                "{set}, {} knots, {method:?}: {answer} instead of {expected} at {x}",
                                xp.len(),
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_vector_gives_what_a_query_alone_gives_bit_for_bit() {
        agrees::<f32>();
        agrees::<f64>();
    }
}
