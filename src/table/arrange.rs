//! Which knots of a table count, and in which order: what is missing is left out, the rest sorted, and the table closed
//! where it is periodic.
//!
//! Rows may be left with different numbers of knots. All get as many places as the longest; what a shorter one does not
//! need holds NaN, behind its knots, where no search goes.

use crate::element::Float;
use crate::engine::check::not_sorted;
use crate::engine::host::alloc::{collected, room_for};
use crate::error::Result;
use crate::kernels::interp::op::modulo;
use crate::table::shape::TableShape;

/// What to make of the order of the knots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Knots that decrease somewhere, or are NaN, are an error. (NumPy returns nonsense in silence.)
    #[default]
    Check,
    /// Sorts the knots, and the values with them. Knots that are equal keep their order.
    ///
    /// Knots that are NaN have no place in it: they go last, where no query is, so a table is that of its other knots.
    /// Beyond the last of those it gives `right`, or goes on as [`extrapolate`](crate::InterpTableBuilder::extrapolate) says. A
    /// table, or row of several, whose knots are all NaN gives NaN for every query. (For `numpy.interp` a value between the
    /// last knot and NaN is NaN.)
    Sort,
    /// Trusts the caller. If the knots are not sorted the results are anything, but nothing worse happens.
    Assume,
}

/// Knots in order, and for each the place of its value among those of its table.
pub(crate) struct Arranged<T> {
    pub xp: Vec<T>,
    pub order: Vec<u32>,
    /// Places for knots, of one table.
    pub knots: usize,
    /// Whether a table has fewer knots than places, NaN being in the others.
    pub ragged: bool,
}

/// What is to be done.
pub(crate) struct Arrangement<T> {
    pub order: Order,
    /// Positive, or NaN.
    pub period: Option<T>,
    /// NaN among the values takes its knot with it, as NaN among the knots does.
    pub skip_missing: bool,
}

impl<T: Float> Arrangement<T> {
    /// Knots that may stay where they are, with their values, are not arranged: `None`.
    pub fn of(&self, xp: &[T], fp: &[T], shape: TableShape) -> Result<Option<Arranged<T>>> {
        let wrapped = self.period.map(|period| collected(xp.iter().map(|&x| modulo(x, period)), xp.len()));
        let wrapped = wrapped.transpose()?;
        let misses = |values: &[T]| self.skip_missing && values.iter().any(|value| value.is_nan());
        let values_missing = misses(fp);
        let sorts = self.period.is_some() || self.order == Order::Sort;
        if !sorts && !values_missing && !misses(xp) {
            return Ok(None);
        }
        let xp = wrapped.as_deref().unwrap_or(xp);
        // Values of their own leave each table knots of its own.
        let rows = if values_missing { shape.tables } else { xp.len() / shape.points };
        Rows { xp, fp: values_missing.then_some(fp), points: shape.points, rows }.arranged(self).map(Some)
    }
}

/// Tables, by their knots.
struct Rows<'a, T> {
    /// Of one table if all share them.
    xp: &'a [T],
    /// Where some are missing.
    fp: Option<&'a [T]>,
    points: usize,
    rows: usize,
}

impl<T: Float> Rows<'_, T> {
    /// Where in `xp` the knots of a table begin.
    fn start(&self, row: usize) -> usize {
        if self.xp.len() == self.points { 0 } else { row * self.points }
    }

    fn knots(&self, row: usize) -> &[T] {
        &self.xp[self.start(row)..][..self.points]
    }

    /// The places of the knots that count.
    fn kept(&self, row: usize) -> impl Iterator<Item = u32> {
        let knots = self.knots(row);
        let values = self.fp.map(|fp| &fp[row * self.points..][..self.points]);
        let is_missing = move |place: usize| knots[place].is_nan() || values.is_some_and(|fp| fp[place].is_nan());
        (0..self.points).filter(move |&place| !is_missing(place)).map(|place| place as u32)
    }

    fn arranged(&self, wanted: &Arrangement<T>) -> Result<Arranged<T>> {
        let counts = || (0..self.rows).map(|row| self.kept(row).count());
        let (most, fewest) = counts().fold((0, usize::MAX), |(most, fewest), n| (n.max(most), n.min(fewest)));
        let around = if wanted.period.is_some() && most > 0 { 2 } else { 0 };
        let knots = most.max(1) + around;
        let mut arranged = Arranged {
            xp: room_for(self.rows * knots)?,
            order: room_for(self.rows * knots)?,
            knots,
            ragged: fewest < most || most == 0,
        };
        for row in 0..self.rows {
            let end = (row + 1) * knots;
            self.arrange(row, wanted, &mut arranged)?;
            arranged.xp.resize(end, T::nan());
            arranged.order.resize(end, 0);
        }
        Ok(arranged)
    }

    /// Equal knots stay in their order: sorted by their places too, which takes no memory beside.
    fn arrange(&self, row: usize, wanted: &Arrangement<T>, arranged: &mut Arranged<T>) -> Result<()> {
        let knots = self.knots(row);
        let knot = |place: u32| knots[place as usize];
        let (xp, order) = (&mut arranged.xp, &mut arranged.order);
        // The place of the knot that goes in front, which is the last, is known when they are sorted.
        let front = order.len();
        order.extend(wanted.period.map(|_| 0));
        let first = order.len();
        order.extend(self.kept(row));
        let kept = &mut order[first..];
        if wanted.period.is_some() || wanted.order == Order::Sort {
            kept.sort_unstable_by_key(|&place| (knot(place).key(), place));
        } else if wanted.order == Order::Check
            && let Some(pair) = kept.windows(2).find(|pair| knot(pair[0]) > knot(pair[1]))
        {
            return Err(not_sorted(self.start(row) + pair[1] as usize, self.points));
        }
        let (Some(&lowest), Some(&highest)) = (kept.first(), kept.last()) else {
            order.truncate(front);
            return Ok(());
        };
        match wanted.period {
            None => xp.extend(kept.iter().map(|&place| knot(place))),
            Some(period) => {
                xp.push(knot(highest) - period);
                xp.extend(kept.iter().map(|&place| knot(place)));
                xp.push(knot(lowest) + period);
                order[front] = highest;
                order.push(lowest);
            }
        }
        Ok(())
    }
}
