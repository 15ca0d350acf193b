//! How knots are arranged, as plain data.

use std::sync::Arc;

use crate::element::Float;
use crate::engine::check::Check;
use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::float::scalar::Scalar;
use crate::kernels::footprint::Footprint;

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

/// How to arrange the knots.
#[derive(Clone, Copy)]
pub(crate) struct SortOptions<T> {
    pub order: Order,
    /// Positive, or NaN.
    pub period: Option<T>,
    /// Whether NaN values drop their knots, as NaN knots are dropped.
    pub skip_missing: bool,
}

impl<T> SortOptions<T> {
    /// Whether knots decrease and are taken in reverse: with a period they are sorted, whatever their order.
    pub fn descends(&self) -> bool {
        self.period.is_none() && self.order == Order::Descending
    }

    /// Whether the order of the knots is looked at.
    pub fn checks(&self) -> bool {
        self.period.is_none() && matches!(self.order, Order::Check | Order::Descending)
    }

    /// Whether it takes the knots themselves to know which go where.
    pub fn depends_on_knots(&self) -> bool {
        self.period.is_some() || self.skip_missing || self.order == Order::Sort
    }
}

impl SortOptions<Scalar> {
    /// The options in the type that they were made from.
    pub fn of<T: Float>(&self) -> SortOptions<T> {
        let Self { order, period, skip_missing } = *self;
        SortOptions { order, period: period.map(Scalar::get), skip_missing }
    }
}

/// Arranges knots that are on the device, where nobody knows how many are missing: those that are left, and the two
/// that close a period, come before NaN in all other places.
pub(crate) struct ArrangeKnots {
    pub dtype: FloatType,
    /// Those of each table, or of all.
    pub xp: Storage,
    pub xp_len: usize,
    /// A value for each knot of each table, if missing ones are to be left out.
    pub values: Option<Storage>,
    pub given_knots: usize,
    /// Tables with knots of their own when they are arranged.
    pub tables: usize,
    pub options: SortOptions<Scalar>,
    pub keys: Storage,
    /// The index of each knot's value among those of its table.
    pub order: Storage,
    pub check: Option<Arc<Check>>,
}

impl ArrangeKnots {
    /// Places for the knots of one table when they are arranged.
    pub fn knots(&self) -> usize {
        self.given_knots + if self.options.period.is_some() { 2 } else { 0 }
    }

    pub fn footprint(&self) -> Footprint {
        let Self { dtype, xp, xp_len, values, given_knots, tables, keys, order, .. } = self;
        let cells = tables * self.knots();
        let values = values.iter().map(|values| values.access(dtype.bytes(tables * given_knots)));
        Footprint {
            name: format!("arrangement of {tables} x {given_knots} knots"),
            reads: std::iter::once(xp.access(dtype.bytes(*xp_len))).chain(values).collect(),
            writes: vec![keys.access(dtype.bytes(cells)), order.access(4 * cells as u64)],
        }
    }
}
