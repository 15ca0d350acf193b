//! The matrix of an interpolation on the CPU engine: the shares of each result, as columns and weights.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;
use crate::kernels::adjoint::op::Csr;
use crate::kernels::adjoint::shares::{Difference, Outside, Share, Shares};
use crate::kernels::interp::cpu::{LocatedRun, PreparedQueries};

pub(crate) fn csr<T: Float>(op: &Csr) -> Result<()> {
    let table = &op.args.table;
    let queries = PreparedQueries::<T>::new(&op.args)?;
    let order = table.order.as_ref().map(|order| Ok(order.host::<u32>()?.snapshot())).transpose()?;
    let (each, at_once) = (Csr::entries_per_result(&op.args), queries.results_per_task());
    let filled = (table.rules.left.is_some(), table.rules.right.is_some());
    op.indptr.host::<u32>()?.write(|indptr| {
        (0..).zip(indptr).for_each(|(row, begin)| *begin = row * each as u32);
    })?;
    op.indices.host::<u32>()?.write(|indices| {
        op.data.host::<T>()?.write(|data| {
            let tasks = indices.chunks_mut(at_once * each).zip(data.chunks_mut(at_once * each)).enumerate();
            parallel_for(tasks, |(task, (indices, data))| {
                let start = task * at_once;
                queries.for_each_run(start, indices.len() / each, |run| {
                    let LocatedRun { lookup, row, first, x, segments } = run;
                    let shares = Shares { table: &lookup.evaluator, outside: table.axis.knots, filled };
                    let row_of_knots = if table.axis.tables > 1 { row * table.axis.knots } else { 0 };
                    let order = order.as_deref().map(|order| &order[row_of_knots..][..table.axis.knots]);
                    let columns = Columns { order, given: table.given_knots };
                    let first_column = if table.tables > 1 { row * table.given_knots } else { 0 };
                    let entries = (first - start) * each..;
                    let (indices, data) = (&mut indices[entries.clone()], &mut data[entries]);
                    for ((&x, &segment), (indices, data)) in
                        x.iter().zip(segments).zip(indices.chunks_mut(each).zip(data.chunks_mut(each)))
                    {
                        let [left, right] = columns.of(&shares, shares.of(x, segment));
                        let pair = if left.0 <= right.0 { [left, right] } else { [right, left] };
                        for ((index, weight), (column, value)) in indices.iter_mut().zip(data).zip(pair) {
                            (*index, *weight) = ((first_column + column) as u32, value);
                        }
                        if each == 1 {
                            indices[0] = first_column as u32;
                        }
                    }
                });
            });
        })
    })?
}

/// The columns of knots: their places as the caller gave them.
struct Columns<'a> {
    order: Option<&'a [u32]>,
    given: usize,
}

impl Columns<'_> {
    fn of_knot(&self, knot: usize) -> usize {
        self.order.map_or(knot, |order| order[knot] as usize)
    }

    /// The two columns of a result and their weights; where it depends on one knot or none, another stands beside it
    /// with a weight of zero.
    fn of<T: Float>(&self, shares: &Shares<'_, T>, of: Share<T>) -> [(usize, T); 2] {
        let knots = shares.table.knots;
        let Share { slot, left, right, .. } = of;
        let (left_knot, factor) = match slot.checked_sub(shares.outside) {
            None => (slot, T::one()),
            Some(place) if place == Outside::FirstKnot as usize => (0, T::one()),
            Some(place) if place == Outside::LastKnot as usize => (knots - 1, T::one()),
            Some(_) => (0, T::zero()),
        };
        let first = self.of_knot(left_knot);
        let weight = |part: Difference<T>| weight(part, shares.divisor(slot));
        let second = match slot + 1 < knots && slot < shares.outside {
            true => self.of_knot(slot + 1),
            false if first + 1 < self.given => first + 1,
            false => first.saturating_sub(1),
        };
        let (left, right) = (factor * weight(left), weight(right));
        if self.given == 1 {
            return [(0, left + right), (0, T::zero())];
        }
        if first == second {
            // Two copies of the only knot that closes a period.
            let other = if first + 1 < self.given { first + 1 } else { first - 1 };
            return [(first, left + right), (other, T::zero())];
        }
        [(first, left), (second, right)]
    }
}

/// A part of a width.
fn weight<T: Float>(part: Difference<T>, width: Difference<T>) -> T {
    let scale = Sum::<T>::scale_of(width[0] - width[1]);
    let mut sum = Sum::<T>::default();
    sum.add_times_difference(T::one(), part[0], part[1], scale);
    sum.divide_by_difference(width[0], width[1], scale).round()
}
