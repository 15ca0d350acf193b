//! The options of a table, which builders from host data and from arrays on the device have in common.

use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::float::scalar::Scalar;
use crate::kernels::arrange::op::{Order, SortOptions};
use crate::kernels::interp::op::Rules;

/// What is asked for beside knots and values.
#[derive(Clone, Copy)]
pub(crate) struct TableOptions<T> {
    pub rules: Rules<T>,
    pub order: Order,
    pub skip_missing: bool,
}

impl<T> Default for TableOptions<T> {
    fn default() -> Self {
        Self { rules: Rules::default(), order: Order::default(), skip_missing: false }
    }
}

impl<T: Copy> TableOptions<T> {
    /// How the knots are arranged.
    pub fn arrangement(&self) -> SortOptions<T> {
        SortOptions { order: self.order, period: self.rules.period, skip_missing: self.skip_missing }
    }
}

impl<T: Float> TableOptions<T> {
    /// An error for options that no table has.
    pub fn validated(self) -> Result<Self> {
        if self.rules.period.is_some_and(|period| period.is_zero()) {
            return Err(Error::new(
                ErrorKind::ZeroPeriod,
                "the period is 0, but it must be another number; leave it out for a table that does not repeat",
            ));
        }
        Ok(self)
    }

    /// The rules, as they apply: a period leaves nothing outside of the table.
    pub fn applied(&self) -> Rules<T> {
        match self.rules.period {
            Some(_) => Rules { left: None, right: None, extrapolate: false, ..self.rules },
            None => self.rules,
        }
    }

    /// The options without their type parameter.
    pub fn erased(&self) -> TableOptions<Scalar> {
        TableOptions { rules: self.rules.erased(), order: self.order, skip_missing: self.skip_missing }
    }
}

impl TableOptions<Scalar> {
    /// The options in the type that they were made from.
    pub fn of<T: Float>(&self) -> TableOptions<T> {
        TableOptions { rules: self.rules.of(), order: self.order, skip_missing: self.skip_missing }
    }
}

/// The methods of a builder with a field `options`, that set those which mean the same wherever the data are.
macro_rules! option_methods {
    () => {
        /// The value left of the first knot; by default that of the first knot.
        pub fn left(mut self, value: T) -> Self {
            self.options.rules.left = Some(value);
            self
        }

        /// The value right of the last knot; by default that of the last knot.
        pub fn right(mut self, value: T) -> Self {
            self.options.rules.right = Some(value);
            self
        }

        /// Makes the table periodic: queries and knots are taken modulo the period (its sign does not matter), the
        /// knots are sorted, and the table is closed from its last knot to its first. `left`, `right` and the order are
        /// then ignored, as in NumPy.
        ///
        /// NaN and infinite knots are left out, as NaN is by [`Order::Sort`](crate::Order::Sort). With an infinite
        /// period, negative knots and queries are at its end; with a NaN period every query gives NaN.
        pub fn period(mut self, period: T) -> Self {
            self.options.rules.period = Some(period.abs());
            self
        }

        /// Drops each knot that is NaN or has a NaN value, before any other check: the line across a gap connects the
        /// knots on both sides, as in `numpy.interp(x, xp[ok], fp[ok])` with `ok = ~(isnan(xp) | isnan(fp))`.
        ///
        /// Each row of several tables has its own gaps. A row without any knot left gives NaN for every query, so a
        /// mask is preserved. Such a table takes no other values later, see
        /// [`InterpTable::with_values`](crate::InterpTable::with_values).
        ///
        /// Costs a scan of all knots and values of the host's, and a sort of indices if any is missing; if several
        /// tables share their knots and values are missing, each table gets separate knots on the device. Data of the
        /// device are always sorted.
        ///
        /// ```
        /// use ndarray::arr1;
        /// use ndgpu::{Device, InterpTable};
        ///
        /// let device = Device::cpu();
        /// let hours = [0.0_f32, 1.0, 2.0, 3.0];
        /// let measured = [10.0_f32, f32::NAN, 14.0, f32::NAN];
        /// let table = InterpTable::builder(&hours, &measured).skip_missing().build(&device)?;
        /// let x = device.upload(&arr1(&[0.5_f32, 1.0, 2.5]))?;
        /// assert_eq!(table.interp(&x)?.readback().wait()?.view(), arr1(&[11.0, 12.0, 14.0]));
        /// # Ok::<(), ndgpu::Error>(())
        /// ```
        pub fn skip_missing(mut self) -> Self {
            self.options.skip_missing = true;
            self
        }

        /// The method of interpolation between two knots.
        pub fn method(mut self, method: $crate::kernels::interp::op::Method) -> Self {
            self.options.rules.method = method;
            self
        }

        /// Extends the line of the first segment to the left and that of the last to the right, except on a side for
        /// which [`left`](Self::left) or [`right`](Self::right) sets a value. With methods other than linear, and for a
        /// table with one knot, the end values continue. Ignored with a period.
        pub fn extrapolate(mut self) -> Self {
            self.options.rules.extrapolate = true;
            self
        }

        /// How to treat the order of the knots.
        pub fn order(mut self, order: $crate::kernels::arrange::op::Order) -> Self {
            self.options.order = order;
            self
        }
    };
}
pub(crate) use option_methods;
