//! The CPU engine's half. Queries are cut into parts; each has sums of its own, to which one task adds in the order of
//! the queries, and the sums of the parts are added up in their order. How many parts there are follows from the shape
//! alone, so results do not depend on the number of cores.

use std::hint::select_unpredictable;

use crate::element::Float;
use crate::engine::host::memory::Values;
use crate::engine::host::parallel::parallel_for;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::index::bucket_fn::BLOCK;
use crate::kernels::adjoint::op::{Adjoint, Cotangents};
use crate::kernels::adjoint::shares::{OUTSIDE, Outside, Share, Shares};
use crate::kernels::interp::cpu::{LocatedRun, PreparedQueries};
use crate::kernels::interp::lookup::Lookup;
use crate::kernels::interp::op::InterpArgs;
use crate::kernels::reduce::op::Weights;
use crate::simd::{SimdKernel, Vector};

/// The most parts of the queries of a set.
const MOST_PARTS: usize = 64;
/// Fewer queries are not worth a part.
const QUERIES_PER_PART: usize = 16 << 10;
/// Nor are fewer than this for each slot, whose sums have to be cleared and added up.
const QUERIES_PER_SLOT: usize = 16;
/// The most memory for sums, in f64, if one set fits: sets are taken one after another.
const MOST_SUMS: usize = 8 << 20;
/// Slots that one task adds up.
const SLOTS_PER_TASK: usize = 1024;

/// The sums of a slot: for the knot at the left and for the one at the right.
type Slot<T> = [Sum<T>; 2];
const LEFT: usize = 0;
const RIGHT: usize = 1;

/// How the sums of some sets lie in memory: `[sets, parts, slots]`.
#[derive(Clone, Copy)]
struct Layout {
    slots: usize,
    /// Of the queries of a set.
    parts: usize,
    /// Results of a set.
    results: usize,
    /// Sets that are summed together.
    sets: usize,
}

impl Layout {
    fn of(knots: usize, sets: usize, results: usize, numbers_per_sum: usize) -> Self {
        let slots = knots + OUTSIDE;
        let parts = (results / (QUERIES_PER_SLOT * slots).max(QUERIES_PER_PART)).clamp(1, MOST_PARTS);
        let together = MOST_SUMS / (2 * numbers_per_sum * slots * parts);
        Self { slots, parts, results, sets: together.clamp(1, sets.max(1)) }
    }

    fn sums(self) -> usize {
        self.sets * self.parts * self.slots
    }

    /// Results of a part, the last one aside.
    fn results_per_part(self) -> usize {
        self.results.div_ceil(self.parts)
    }
}

const fn numbers_per_sum<T: Float>() -> usize {
    size_of::<Sum<T>>() / size_of::<f64>()
}

/// How many f64 the sums take.
pub(crate) fn scratch_len<T: Float>(args: &InterpArgs, sets: usize) -> usize {
    let results = args.results() / sets.max(1);
    2 * numbers_per_sum::<T>() * Layout::of(args.table.axis.knots, sets, results, numbers_per_sum::<T>()).sums()
}

pub(crate) fn adjoint<T: Float>(op: &Adjoint) -> Result<()> {
    let Some(scratch) = &op.scratch else { return Ok(()) };
    let queries = PreparedQueries::<T>::new(&op.args)?;
    let cotangents = PreparedCotangents::<T>::new(&op.cotangents)?;
    let results = op.results_per_set();
    let layout = Layout::of(op.args.table.axis.knots, op.sets, results, numbers_per_sum::<T>());
    scratch.host::<f64>()?.write(|numbers| -> Result<()> {
        let sums: &mut [Slot<T>] = bytemuck::cast_slice_mut(numbers);
        for first in (0..op.sets).step_by(layout.sets) {
            let sets = layout.sets.min(op.sets - first);
            let sums = &mut sums[..sets * layout.parts * layout.slots];
            parallel_for(sums.chunks_mut(layout.slots).enumerate(), |(task, sums)| {
                let (set, part) = (first + task / layout.parts, task % layout.parts);
                let begin = (part * layout.results_per_part()).min(results);
                let end = (begin + layout.results_per_part()).min(results);
                sums.fill(Default::default());
                sum_shares(op, &queries, &cotangents, set * results + begin, end - begin, sums);
            });
            for (set, sums) in sums.chunks_mut(layout.parts * layout.slots).enumerate() {
                add_up::<T>(sums, layout.slots);
                write_totals(op, &queries.lookup(first + set), first + set, &sums[..layout.slots])?;
            }
        }
        Ok(())
    })?
}

/// The cotangents of results, as snapshots.
enum PreparedCotangents<T> {
    Elements(Values<T>),
    Rows { factors: Values<T>, len: usize, weights: Weights<Values<T>> },
}

impl<T: Float> PreparedCotangents<T> {
    fn new(cotangents: &Cotangents) -> Result<Self> {
        let snapshot = |storage: &Storage| Ok(storage.host::<T>()?.snapshot());
        Ok(match cotangents {
            Cotangents::Elements(values) => Self::Elements(snapshot(values)?),
            Cotangents::Rows { factors, len, weights } => {
                Self::Rows { factors: snapshot(factors)?, len: *len, weights: weights.try_map(snapshot)? }
            }
        })
    }

    /// Those of the results from this one on, as many as there is room for: where they lie, or computed.
    fn get<'a>(&'a self, first: usize, room: &'a mut [T]) -> &'a [T] {
        match self {
            Self::Elements(values) => &values[first..first + room.len()],
            Self::Rows { factors, len, weights } => {
                for (result, to) in (first..).zip(&mut *room) {
                    let factor = factors[result / len];
                    *to = match weights {
                        Weights::None => factor,
                        Weights::Shared(weights) => factor * weights[result % len],
                        Weights::PerElement(weights) => factor * weights[result],
                    };
                }
                room
            }
        }
    }
}

/// Adds the shares of some results to the sums of a set.
fn sum_shares<T: Float>(
    op: &Adjoint,
    queries: &PreparedQueries<'_, T>,
    cotangents: &PreparedCotangents<T>,
    first: usize,
    len: usize,
    sums: &mut [Slot<T>],
) {
    let mut room = [T::zero(); BLOCK];
    queries.for_each_run(first, len, |run| {
        let LocatedRun { lookup, first, x, segments, .. } = run;
        let cotangents = cotangents.get(first, &mut room[..x.len()]);
        T::vectorize(SumShares { shares: &shares(op, lookup), x, segments, cotangents, sums: &mut *sums });
    });
}

/// The rules of a table.
fn shares<'a, T: Float>(op: &Adjoint, lookup: &'a Lookup<'_, T>) -> Shares<'a, T> {
    let table = &op.args.table;
    let filled = (table.rules.left.is_some(), table.rules.right.is_some());
    Shares { table: &lookup.evaluator, outside: table.axis.knots, filled }
}

struct SumShares<'a, 'b, T: Float> {
    shares: &'a Shares<'b, T>,
    x: &'a [T],
    segments: &'a [u32],
    cotangents: &'a [T],
    sums: &'a mut [Slot<T>],
}

impl<T: Float> SimdKernel<T> for SumShares<'_, '_, T> {
    type Output = ();

    /// Two queries at a time. If they have the same slot their shares are added before they go to memory, so that
    /// queries which all lie in one segment do not wait for each other's sums; what the first adds to the slot of
    /// nothing instead is never read. Selects, not branches: neighbours may or may not be alike.
    #[inline(always)]
    fn run<S: Vector<T>>(self, _: S) {
        let Self { shares, x, segments, cotangents, sums } = self;
        let nowhere = shares.outside + Outside::Nowhere as usize;
        let (x_pairs, segment_pairs) = (x.as_chunks::<2>(), segments.as_chunks::<2>());
        let g_pairs = cotangents.as_chunks::<2>();
        for ((x, segment), g) in x_pairs.0.iter().zip(segment_pairs.0).zip(g_pairs.0) {
            let (first, first_shares) = shares_of(shares, x[0], segment[0], g[0]);
            let (second, second_shares) = shares_of(shares, x[1], segment[1], g[1]);
            let is_same = first == second;
            let both = added::<T>(second_shares, first_shares);
            let slot = &mut sums[select_unpredictable(is_same, nowhere, first)];
            *slot = added::<T>(*slot, first_shares);
            let slot = &mut sums[second];
            *slot = added::<T>(*slot, select_unpredictable(is_same, both, second_shares));
        }
        for ((&x, &segment), &g) in x_pairs.1.iter().zip(segment_pairs.1).zip(g_pairs.1) {
            let (slot, shares) = shares_of(shares, x, segment, g);
            sums[slot] = added::<T>(sums[slot], shares);
        }
    }
}

/// The slot of a query, and its two shares.
#[inline(always)]
fn shares_of<T: Float>(shares: &Shares<'_, T>, x: T, segment: u32, g: T) -> (usize, Slot<T>) {
    let Share { slot, left, right, width } = shares.of(x, segment);
    let scale = Sum::<T>::scale_of(width);
    let mut parts = Slot::<T>::default();
    parts[LEFT].add_times_difference(g, left[0], left[1], scale);
    parts[RIGHT].add_times_difference(g, right[0], right[1], scale);
    (slot, parts)
}

#[inline(always)]
fn added<T: Float>(mut sums: Slot<T>, others: Slot<T>) -> Slot<T> {
    sums[LEFT].merge(others[LEFT]);
    sums[RIGHT].merge(others[RIGHT]);
    sums
}

/// Adds the sums of all parts to those of the first.
fn add_up<T: Float>(sums: &mut [Slot<T>], slots: usize) {
    let (first, others) = sums.split_at_mut(slots);
    if others.is_empty() {
        return;
    }
    parallel_for(first.chunks_mut(SLOTS_PER_TASK).enumerate(), |(task, first)| {
        for part in others.chunks(slots) {
            for (sums, &others) in first.iter_mut().zip(&part[task * SLOTS_PER_TASK..]) {
                *sums = added::<T>(*sums, others);
            }
        }
    });
}

/// The sums of a set, and what they mean for the knots of its table, in the order of the search.
struct Totals<'a, T: Float> {
    shares: Shares<'a, T>,
    sums: &'a [Slot<T>],
}

impl<T: Float> Totals<'_, T> {
    /// One of the two sums of a slot, divided by its width.
    fn divided(&self, slot: usize, side: usize) -> Sum<T> {
        let [a, b] = self.shares.divisor(slot);
        self.sums[slot][side].divide_by_difference(a, b, Sum::<T>::scale_of(a - b))
    }

    fn of_outside(&self, place: Outside) -> Sum<T> {
        self.divided(self.shares.outside + place as usize, LEFT)
    }

    /// The cotangent of the value at a knot.
    fn of_value(&self, knot: usize) -> Sum<T> {
        let mut total = self.divided(knot, LEFT);
        if knot > 0 {
            total.merge(self.divided(knot - 1, RIGHT));
        } else {
            total.merge(self.of_outside(Outside::FirstKnot));
        }
        if knot + 1 == self.shares.table.knots {
            total.merge(self.of_outside(Outside::LastKnot));
        }
        total
    }

    /// The cotangent of a knot: where it moves to the right, results fall by the slope.
    fn of_knot(&self, knot: usize) -> Sum<T> {
        let mut total = Sum::<T>::default();
        let mut add = |segment: usize, sum: Sum<T>| {
            // Where nothing was summed the slope does not matter, be it infinite or NaN.
            if let (Some([[x0, y0], [x1, y1]]), false) = (self.shares.line(segment), sum.is_zero()) {
                total.add_product((y0 - y1) / (x1 - x0), sum.round());
            }
        };
        add(knot, self.divided(knot, LEFT));
        if knot > 0 {
            add(knot - 1, self.divided(knot - 1, RIGHT));
            // A query on the last knot is on the line of the last segment.
            if knot + 1 == self.shares.table.knots {
                add(knot - 1, self.divided(knot, LEFT));
            }
        }
        total
    }

    /// Writes what each knot gets, in the order in which the caller gave them. The knots that close a period give to
    /// those that they copy; those that were left out get nothing.
    fn write(&self, order: Option<&[u32]>, closed: bool, of: impl Fn(usize) -> Sum<T> + Sync, target: &mut [T]) {
        let knots = self.shares.table.knots;
        let Some(order) = order else {
            parallel_for(target.chunks_mut(SLOTS_PER_TASK).enumerate(), |(task, target)| {
                for (knot, target) in (task * SLOTS_PER_TASK..).zip(target) {
                    *target = of(knot).round();
                }
            });
            return;
        };
        target.fill(T::zero());
        let copies = if closed && knots > 0 { [Some(0), Some(knots - 1)] } else { [None; 2] };
        for knot in (0..knots).filter(|&knot| !copies.contains(&Some(knot))) {
            let mut total = of(knot);
            for copy in copies.into_iter().flatten().filter(|&copy| order[copy] == order[knot]) {
                total.merge(of(copy));
            }
            target[order[knot] as usize] = total.round();
        }
    }
}

/// Writes what the sums of a set mean.
fn write_totals<T: Float>(op: &Adjoint, lookup: &Lookup<'_, T>, set: usize, sums: &[Slot<T>]) -> Result<()> {
    let totals = Totals { shares: shares(op, lookup), sums };
    let table = &op.args.table;
    let order = table.order.as_ref().map(|order| Ok(order.host::<u32>()?.snapshot())).transpose()?;
    let first = if table.axis.tables > 1 { set * table.axis.knots } else { 0 };
    let order = order.as_deref().map(|order| &order[first..first + table.axis.knots]);
    let closed = table.rules.period.is_some();
    let knots = table.given_knots;
    if let Some(fp) = &op.fp {
        let of = |knot| totals.of_value(knot);
        fp.host::<T>()?.write(|fp| totals.write(order, closed, of, &mut fp[set * knots..][..knots]))?;
    }
    if let Some(xp) = &op.xp {
        let of = |knot| totals.of_knot(knot);
        xp.host::<T>()?.write(|xp| totals.write(order, closed, of, xp))?;
    }
    for (fill, place) in [(&op.left, Outside::LeftFill), (&op.right, Outside::RightFill)] {
        if let Some(fill) = fill {
            fill.host::<T>()?.write(|fill| fill.fill(totals.of_outside(place).round()))?;
        }
    }
    Ok(())
}
