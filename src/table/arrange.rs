//! Selects and orders the knots of a table: drops missing ones, sorts or reverses the rest, and closes the table if it
//! is periodic.
//!
//! Rows may keep different numbers of knots. All are padded to the longest: the padding is NaN, behind the knots, where
//! no search goes.

use crate::element::Float;
use crate::engine::check::{not_descending, not_sorted};
use crate::engine::host::alloc::{try_collect, try_with_capacity};
use crate::error::Result;
use crate::kernels::interp::op::modulo;
use crate::kernels::search::axis::first_not_descending;
use crate::table::shape::TableShape;

/// What to do about knots out of order.
pub(crate) const SORT_OR_ASSUME: &str = "sort it, or build the table with Order::Sort (or Order::Assume)";

/// How to treat the order of the knots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Decreasing or NaN knots are an error. (NumPy silently returns meaningless results.)
    #[default]
    Check,
    /// Sorts the knots, and the values with them. Equal knots keep their order.
    ///
    /// NaN knots go last, where no query reaches them, so the table is that of its other knots. Beyond the last of
    /// those it gives `right`, or continues as [`extrapolate`](crate::InterpTableBuilder::extrapolate) says. A table,
    /// or a row of several, whose knots are all NaN gives NaN for every query. (In `numpy.interp` a query between the
    /// last knot and NaN gives NaN.)
    Sort,
    /// Decreasing knots: taken in reverse, and their values with them, as in `numpy.interp(x, xp[::-1], fp[::-1])`. Of
    /// equal knots the first one given is therefore the last of the table, and the one whose value counts there.
    /// Increasing or NaN knots are an error.
    ///
    /// Indices in errors, and the values given to [`with_values`](crate::InterpTable::with_values) later, are in the
    /// order in which the knots were given. Costs a copy of the knots and 4 bytes a knot on the device.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use ndgpu::{Device, InterpTable, Order};
    ///
    /// let device = Device::cpu();
    /// let (wavenumber, intensity) = ([3000.0_f32, 2000.0, 1000.0], [1.0_f32, 5.0, 9.0]);
    /// let table = InterpTable::builder(&wavenumber, &intensity).order(Order::Descending).build(&device)?;
    /// let x = device.upload(&arr1(&[1500.0_f32, 500.0, 9999.0]))?;
    /// assert_eq!(table.interp(&x)?.readback().wait()?.view(), arr1(&[7.0, 9.0, 1.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    Descending,
    /// Trusts the caller. If the knots are not sorted the results are unspecified, but nothing worse happens.
    Assume,
}

/// Knots in order, and for each the index of its value among those of its table.
pub(crate) struct SortedKnots<T> {
    pub xp: Vec<T>,
    pub order: Vec<u32>,
    /// Knots of one table, padding included.
    pub knots: usize,
    /// Whether any table is padded with NaN.
    pub ragged: bool,
}

/// How to sort the knots.
pub(crate) struct SortOptions<T> {
    pub order: Order,
    /// Positive, or NaN.
    pub period: Option<T>,
    /// Whether NaN values drop their knots, as NaN knots are dropped.
    pub skip_missing: bool,
}

impl<T: Float> SortOptions<T> {
    /// Returns `None` if knots and values can stay as they are.
    pub fn of(&self, xp: &[T], fp: &[T], shape: TableShape) -> Result<Option<SortedKnots<T>>> {
        let wrapped = self.period.map(|period| try_collect(xp.iter().map(|&x| modulo(x, period)), xp.len()));
        let wrapped = wrapped.transpose()?;
        let misses = |values: &[T]| self.skip_missing && values.iter().any(|value| value.is_nan());
        let values_missing = misses(fp);
        let descends = self.period.is_none() && self.order == Order::Descending;
        // Of those that are left, if any is to be left out, this is checked where that is known.
        if descends
            && !self.skip_missing
            && let Some(index) = first_not_descending(xp, shape.given_knots)
        {
            return Err(not_descending(index, shape.given_knots, SORT_OR_ASSUME));
        }
        let sorts = self.period.is_some() || self.order == Order::Sort || descends;
        if !sorts && !values_missing && !misses(xp) {
            return Ok(None);
        }
        let xp = wrapped.as_deref().unwrap_or(xp);
        // With missing values each table keeps different knots.
        let rows = if values_missing { shape.tables } else { xp.len() / shape.given_knots };
        Rows { xp, fp: values_missing.then_some(fp), given_knots: shape.given_knots, rows }.sort(self).map(Some)
    }
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

    fn sort(&self, options: &SortOptions<T>) -> Result<SortedKnots<T>> {
        let counts = || (0..self.rows).map(|row| self.kept(row).count());
        let (most, fewest) = counts().fold((0, usize::MAX), |(most, fewest), n| (n.max(most), n.min(fewest)));
        let around = if options.period.is_some() && most > 0 { 2 } else { 0 };
        let knots = most.max(1) + around;
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
        } else if options.order == Order::Descending {
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
