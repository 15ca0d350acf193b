//! Selects and orders the knots of a table: drops missing ones, sorts or reverses the rest, and closes the table if it
//! is periodic.
//!
//! For host data, whose engine does not matter, and for data of the CPU engine.
//!
//! Rows may keep different numbers of knots. All are padded to the longest: the padding is NaN, behind the knots, where
//! no search goes.

use crate::element::Float;
use crate::engine::check::{not_descending, not_sorted};
use crate::engine::host::alloc::{try_collect, try_with_capacity};
use crate::error::{ErrorKind, Result};
use crate::index::gpu_index::keys_of;
use crate::kernels::arrange::op::{ArrangeKnots, Order, SORT_OR_ASSUME, SortOptions};
use crate::kernels::interp::op::modulo;
use crate::kernels::search::axis::first_not_descending;

/// Knots in order, and for each the index of its value among those of its table.
pub(crate) struct SortedKnots<T> {
    pub xp: Vec<T>,
    pub order: Vec<u32>,
    /// Knots of one table, padding included.
    pub knots: usize,
    /// Whether any table is padded with NaN.
    pub ragged: bool,
}

impl<T: Float> SortOptions<T> {
    /// Arranges the knots of tables from the host. Returns `None` if knots and values can stay as they are.
    pub fn of(&self, xp: &[T], fp: &[T], given_knots: usize) -> Result<Option<SortedKnots<T>>> {
        let wrapped = self.wrapped(xp)?;
        let misses = |values: &[T]| self.skip_missing && values.iter().any(|value| value.is_nan());
        let values_missing = misses(fp);
        // Of those that are left, if any is to be left out, this is checked where that is known.
        if self.descends()
            && !self.skip_missing
            && let Some(index) = first_not_descending(xp, given_knots)
        {
            return Err(not_descending(index, given_knots, SORT_OR_ASSUME));
        }
        let sorts = self.period.is_some() || self.order == Order::Sort || self.descends();
        if !sorts && !values_missing && !misses(xp) {
            return Ok(None);
        }
        let xp = wrapped.as_deref().unwrap_or(xp);
        // With missing values each table keeps different knots.
        let rows = if values_missing { fp.len() / given_knots } else { xp.len() / given_knots };
        Rows { xp, fp: values_missing.then_some(fp), given_knots, rows }.sort(self, None).map(Some)
    }

    /// The knots modulo the period, if there is one.
    fn wrapped(&self, xp: &[T]) -> Result<Option<Vec<T>>> {
        self.period.map(|period| try_collect(xp.iter().map(|&x| modulo(x, period)), xp.len())).transpose()
    }
}

/// Arranges knots that the device has; there are as many places as there could be knots.
pub(crate) fn arrange_knots<T: Float>(op: &ArrangeKnots) -> Result<()> {
    let options = op.options.of::<T>();
    let xp = op.xp.host::<T>()?.snapshot();
    let values = op.values.as_ref().map(|values| Ok(values.host::<T>()?.snapshot())).transpose()?;
    let wrapped = options.wrapped(&xp)?;
    let (xp, fp) = (wrapped.as_deref().unwrap_or(&xp), values.as_deref());
    let rows = Rows { xp, fp, given_knots: op.given_knots, rows: op.tables };
    let sorted = match rows.sort(&options, Some(op.knots())) {
        Ok(sorted) => Some(sorted),
        Err(error) => {
            let (ErrorKind::NotSorted { index }, Some(check)) = (error.kind(), &op.check) else { return Err(error) };
            check.flag(index);
            None
        }
    };
    let keys = sorted.as_ref().map(|sorted| keys_of(&sorted.xp, op.knots())).transpose()?;
    op.keys.host::<T::Key>()?.write(|into| match &keys {
        Some(keys) => into.copy_from_slice(keys),
        None => into.fill(T::NAN_KEY),
    })?;
    op.order.host::<u32>()?.write(|into| match &sorted {
        Some(sorted) => into.copy_from_slice(&sorted.order),
        None => into.fill(0),
    })
}

/// The knots of each table.
struct Rows<'a, T> {
    /// Those of one table if all share them.
    xp: &'a [T],
    /// The values, if any of them is missing.
    fp: Option<&'a [T]>,
    given_knots: usize,
    rows: usize,
}

impl<T: Float> Rows<'_, T> {
    /// The index in `xp` of a table's first knot.
    fn start(&self, row: usize) -> usize {
        if self.xp.len() == self.given_knots { 0 } else { row * self.given_knots }
    }

    fn knots(&self, row: usize) -> &[T] {
        &self.xp[self.start(row)..][..self.given_knots]
    }

    /// The indices of the knots that are kept.
    fn kept(&self, row: usize) -> impl Iterator<Item = u32> {
        let knots = self.knots(row);
        let values = self.fp.map(|fp| &fp[row * self.given_knots..][..self.given_knots]);
        let is_missing = move |place: usize| knots[place].is_nan() || values.is_some_and(|fp| fp[place].is_nan());
        (0..self.given_knots).filter(move |&place| !is_missing(place)).map(|place| place as u32)
    }

    /// In as many places a row as are given, or as the longest row needs.
    fn sort(&self, options: &SortOptions<T>, places_a_row: Option<usize>) -> Result<SortedKnots<T>> {
        let counts = || (0..self.rows).map(|row| self.kept(row).count());
        let (most, fewest) = counts().fold((0, usize::MAX), |(most, fewest), n| (n.max(most), n.min(fewest)));
        let around = if options.period.is_some() && most > 0 { 2 } else { 0 };
        let knots = places_a_row.unwrap_or(most.max(1) + around);
        let mut sorted = SortedKnots {
            xp: try_with_capacity(self.rows * knots)?,
            order: try_with_capacity(self.rows * knots)?,
            knots,
            ragged: fewest < most || most == 0,
        };
        for row in 0..self.rows {
            let end = (row + 1) * knots;
            self.sort_row(row, options, &mut sorted)?;
            sorted.xp.resize(end, T::nan());
            sorted.order.resize(end, 0);
        }
        Ok(sorted)
    }

    /// Sorts by knot and then by index, which keeps the order of equal knots without the memory of a stable sort.
    fn sort_row(&self, row: usize, options: &SortOptions<T>, sorted: &mut SortedKnots<T>) -> Result<()> {
        let knots = self.knots(row);
        let knot = |place: u32| knots[place as usize];
        let (xp, order) = (&mut sorted.xp, &mut sorted.order);
        // The first entry is the last knot, which is known only after sorting.
        let front = order.len();
        order.extend(options.period.map(|_| 0));
        let first = order.len();
        order.extend(self.kept(row));
        let kept = &mut order[first..];
        if options.period.is_some() || options.order == Order::Sort {
            kept.sort_unstable_by_key(|&place| (knot(place).key(), place));
        } else if options.order == Order::Check
            && let Some(pair) = kept.windows(2).find(|pair| knot(pair[0]) > knot(pair[1]))
        {
            return Err(not_sorted(self.start(row) + pair[1] as usize, self.given_knots, SORT_OR_ASSUME));
        } else if options.descends() {
            if let Some(pair) = kept.windows(2).find(|pair| knot(pair[0]) < knot(pair[1])) {
                return Err(not_descending(self.start(row) + pair[1] as usize, self.given_knots, SORT_OR_ASSUME));
            }
            kept.reverse();
        }
        let (Some(&lowest), Some(&highest)) = (kept.first(), kept.last()) else {
            order.truncate(front);
            return Ok(());
        };
        match options.period {
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
