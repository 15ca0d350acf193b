//! Derivatives of interpolation: slopes, and products with the Jacobian in either direction.

use std::ops::{BitOr, BitOrAssign};

use ndarray::{Dimension, Ix0, Ix1, Ix2};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::Checks;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::float::scalar::Scalar;
use crate::kernels::interp::op::{Interp, InterpArgs, Rules};
use crate::kernels::slope::op::Slope;
use crate::table::located::Located;
use crate::table::shape::TableShape;
use crate::table::{InterpTable, assemble};

/// Which cotangents [`InterpTable::interp_vjp`] computes: `Wanted::X | Wanted::FP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wanted(u8);

impl Wanted {
    /// That of the queries.
    pub const X: Self = Self(1);
    /// That of the knots.
    pub const XP: Self = Self(2);
    /// That of the values.
    pub const FP: Self = Self(4);
    /// That of the value to the left of the table.
    pub const LEFT: Self = Self(8);
    /// That of the value to the right of the table.
    pub const RIGHT: Self = Self(16);
    /// All of them.
    pub const ALL: Self = Self(31);

    /// Whether all of these are wanted.
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl BitOr for Wanted {
    type Output = Self;

    fn bitor(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl BitOrAssign for Wanted {
    fn bitor_assign(&mut self, others: Self) {
        *self = *self | others;
    }
}

/// The cotangents of what an interpolation was computed from, those that were [`Wanted`].
#[derive(Clone, Debug)]
pub struct InterpCotangents<T: Float, D: Dimension> {
    /// Of the queries: in their shape.
    pub x: Option<DeviceArray<T, D>>,
    /// Of the knots: `[n]`, in the order in which they were given.
    pub xp: Option<DeviceArray<T, Ix1>>,
    /// Of the values: `[n]`, likewise.
    pub fp: Option<DeviceArray<T, Ix1>>,
    /// Of the value to the left; 0 for a table that has none.
    pub left: Option<DeviceArray<T, Ix0>>,
    /// Of the value to the right; 0 for a table that has none.
    pub right: Option<DeviceArray<T, Ix0>>,
}

/// Directions in which [`InterpTable::interp_jvp`] differentiates; one that is `None` is zero.
#[derive(Clone, Debug)]
pub struct Tangents<'a, T: Float, D: Dimension> {
    /// Of the queries: in their shape.
    pub x: Option<&'a DeviceArray<T, D>>,
    /// Of the knots: `[n]`.
    pub xp: Option<&'a DeviceArray<T, Ix1>>,
    /// Of the values: `[n]`.
    pub fp: Option<&'a DeviceArray<T, Ix1>>,
}

impl<T: Float, D: Dimension> Default for Tangents<'_, T, D> {
    fn default() -> Self {
        Self { x: None, xp: None, fp: None }
    }
}

impl<T: Float> InterpTable<T> {
    /// The derivative of [`interp`](Self::interp) in its queries: the slope of the table at every element of `x`.
    ///
    /// At a knot it is the slope of the segment to the right, as NumPy's search decides, at the last knot that of the
    /// last segment. Outside it is 0, or the slope of the end segment where that goes on
    /// ([`extrapolate`](crate::InterpTableBuilder::extrapolate)). A segment of width 0 and methods that take a knot's
    /// value as it is have slope 0; the slope at NaN is NaN. It is the true slope however close the knots are: nothing
    /// is added to a distance.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use ndgpu::{Device, InterpTable};
    ///
    /// let device = Device::cpu();
    /// let table = InterpTable::new(&device, &[0.0_f32, 1.0, 4.0], &[0.0_f32, 10.0, 4.0])?;
    /// let x = device.upload(&arr1(&[-1.0_f32, 0.0, 0.5, 1.0, 4.0, 5.0]))?;
    /// let slopes = table.derivative(&x)?;
    /// assert_eq!(slopes.readback().wait()?.view(), arr1(&[0.0, 10.0, 10.0, -2.0, -2.0, 0.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs one pass, as [`interp`](Self::interp).
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp).
    pub fn derivative<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<DeviceArray<T, D>> {
        self.expect_one_table("derivative")?;
        let device = self.device.common_device(x.device(), "x")?;
        let args = self.args(x, 1, x.len(), false);
        let checks = Checks::union([&self.checks, x.checks()]);
        self.slopes(device, args, [None; 3], x.raw_dim(), checks)
    }

    /// [`derivative`](Self::derivative) row by row: row `i` of the result has slopes of table `i`, as
    /// [`interp_rows`](Self::interp_rows) has its values.
    ///
    /// `x` is `[m]`, the same queries for every table, or `[tables, m]`; one table serves all rows of an `x` of
    /// `[rows, m]`.
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// use ndgpu::{Device, InterpTable};
    ///
    /// let device = Device::cpu();
    /// let fields = arr2(&[[0.0_f32, 1.0, 5.0], [3.0, 2.0, 2.0]]);
    /// let tables = InterpTable::new(&device, &[0.0_f32, 1.0, 2.0], &fields)?;
    /// let slopes = tables.derivative_rows(&device.upload(&arr1(&[0.5_f32, 1.5]))?)?;
    /// assert_eq!(slopes.readback().wait()?.view(), arr2(&[[1.0, 4.0], [-1.0, 0.0]]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// Those of [`interp_rows`](Self::interp_rows).
    pub fn derivative_rows<D: Dimension>(&self, x: &DeviceArray<T, D>) -> Result<DeviceArray<T, Ix2>> {
        let (shape, rows, columns, shared_queries) = self.rows_of(x)?;
        let device = self.device.common_device(x.device(), "x")?;
        if shape.size_checked().is_none() {
            return Err(Error::too_large("the result", u64::MAX, isize::MAX as u64, &device.info().name));
        }
        let args = self.args(x, rows, columns, shared_queries);
        let checks = Checks::union([&self.checks, x.checks()]);
        self.slopes(device, args, [None; 3], shape, checks)
    }

    /// Values and slopes at every element of `x`: `(interp(x), derivative(x))`, searched for once.
    ///
    /// Costs three passes: one that finds the segments, and one for either result.
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp).
    #[allow(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
    pub fn interp_with_derivative<D: Dimension>(
        &self,
        x: &DeviceArray<T, D>,
    ) -> Result<(DeviceArray<T, D>, DeviceArray<T, D>)> {
        self.expect_one_table("interp_with_derivative")?;
        let at = self.locate(x)?;
        let device = at.device().clone();
        let checks = Checks::union([&self.checks, at.checks()]);
        let values = device.allocate::<T>(x.len())?;
        if !x.is_empty() {
            device.run(Interp { args: at.args().clone(), output: values.clone() })?;
        }
        let slopes = self.slopes(device.clone(), at.args().clone(), [None; 3], x.raw_dim(), checks.clone())?;
        Ok((DeviceArray::new(device, values, x.raw_dim(), checks), slopes))
    }

    /// The vector-Jacobian product of [`interp`](Self::interp): from cotangents `g` of the results, in the shape of
    /// `x`, those of what they were computed from. For reverse-mode differentiation.
    ///
    /// With `y = y0 + s (x - x0)` on a segment of slope `s` between knots 0 and 1, and `t` the part of the way to knot
    /// 1, a query adds `g s` to the cotangent of `x`, `g (1 - t)` and `g t` to those of the two values, and `-g s
    /// (1 - t)` and `-g s t` to those of the two knots. Slopes are those of [`derivative`](Self::derivative), sums
    /// those of [`Located::transpose_apply`]. Outside, `g` goes to the end value, or to `left` or `right` where they
    /// have values, or along the line of the end segment. Knots that close a period give to those that they copy; knots
    /// that were left out get 0.
    ///
    /// ```
    /// use ndarray::{arr0, arr1};
    /// use ndgpu::{Device, InterpTable, Wanted};
    ///
    /// let device = Device::cpu();
    /// let table = InterpTable::builder(&[0.0_f32, 1.0, 3.0], &[0.0_f32, 2.0, 6.0]).left(-1.0).build(&device)?;
    /// let x = device.upload(&arr1(&[-5.0_f32, 0.25, 2.0]))?;
    /// let g = device.upload(&arr1(&[1.0_f32, 1.0, 10.0]))?;
    /// let found = table.interp_vjp(&x, &g, Wanted::X | Wanted::FP | Wanted::LEFT)?;
    /// let (dx, dfp, dleft) = (found.x.unwrap(), found.fp.unwrap(), found.left.unwrap());
    /// assert_eq!(dx.readback().wait()?.view(), arr1(&[0.0, 2.0, 20.0]));
    /// assert_eq!(dfp.readback().wait()?.view(), arr1(&[0.75, 5.25, 5.0]));
    /// assert_eq!(dleft.readback().wait()?.view(), arr0(1.0));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs one pass for the cotangent of `x`, and for all others together the two of [`locate`](Self::locate) and
    /// [`Located::transpose_apply`].
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp), and [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) unless `g` has the
    /// shape of `x`; [`TooLarge`](crate::ErrorKind::TooLarge) as [`Located::transpose_apply`].
    pub fn interp_vjp<D: Dimension>(
        &self,
        x: &DeviceArray<T, D>,
        g: &DeviceArray<T, D>,
        wanted: Wanted,
    ) -> Result<InterpCotangents<T, D>> {
        self.expect_one_table("interp_vjp")?;
        let device = self.device.common_device(x.device(), "x")?.common_device(g.device(), "g")?;
        expect_shape("g, the cotangents of the results,", g.shape(), "the queries", x.shape())?;
        let checks = Checks::union([&self.checks, x.checks(), g.checks()]);
        let sums = [Wanted::XP, Wanted::FP, Wanted::LEFT, Wanted::RIGHT];
        let at = if sums.iter().any(|&sum| wanted.contains(sum)) { Some(self.locate_on(&device, x)?) } else { None };
        let slopes = match wanted.contains(Wanted::X) {
            true => {
                let args = at.as_ref().map_or_else(|| self.args(x, 1, x.len(), false), |at| at.args().clone());
                let factor = [Some(g.storage()), None, None];
                Some(self.slopes(device.clone(), args, factor, x.raw_dim(), checks.clone())?)
            }
            false => None,
        };
        let mut found = InterpCotangents { x: slopes, xp: None, fp: None, left: None, right: None };
        let Some(at) = at else { return Ok(found) };
        let knots = self.data.given_knots;
        let mut memory = [None, None, None, None];
        for ((memory, part), len) in
            memory.iter_mut().zip([Wanted::FP, Wanted::XP, Wanted::LEFT, Wanted::RIGHT]).zip([knots, knots, 1, 1])
        {
            if wanted.contains(part) {
                *memory = Some(device.allocate::<T>(len)?);
            }
        }
        at.run_adjoint(&device, g, 1, memory.clone())?;
        let [fp, xp, left, right] = memory;
        let array = |storage: Option<Storage>| {
            storage.map(|storage| DeviceArray::new(device.clone(), storage, Ix1(knots), checks.clone()))
        };
        let number = |storage: Option<Storage>| {
            storage.map(|storage| DeviceArray::new(device.clone(), storage, Ix0(), checks.clone()))
        };
        (found.fp, found.xp, found.left, found.right) = (array(fp), array(xp), number(left), number(right));
        Ok(found)
    }

    /// The Jacobian-vector product of [`interp`](Self::interp): the change of the results, in the shape of `x`, when
    /// queries, knots and values change in the direction of `tangents`. For forward-mode differentiation.
    ///
    /// `dy = A dfp + s (dx - A dxp)`, with `A` of [`Located`] and the slopes `s` of [`derivative`](Self::derivative):
    /// the transpose of what [`interp_vjp`](Self::interp_vjp) computes. `left` and `right` stay as they are.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use ndgpu::{Device, InterpTable, Tangents};
    ///
    /// let device = Device::cpu();
    /// let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 8.0])?;
    /// let x = device.upload(&arr1(&[0.25_f32]))?;
    /// let (dx, dfp) = (device.upload(&arr1(&[1.0_f32]))?, device.upload(&arr1(&[4.0_f32, 0.0]))?);
    /// let dy = table.interp_jvp(&x, Tangents { x: Some(&dx), fp: Some(&dfp), ..Tangents::default() })?;
    /// assert_eq!(dy.readback().wait()?.view(), arr1(&[11.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs a pass to locate the queries, one for each tangent of knots or values, and one for the slopes.
    ///
    /// # Errors
    ///
    /// Those of [`interp`](Self::interp), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) of a tangent that has not
    /// the shape of what it belongs to, and [`InvalidOption`](crate::ErrorKind::InvalidOption) without any tangent.
    pub fn interp_jvp<D: Dimension>(
        &self,
        x: &DeviceArray<T, D>,
        tangents: Tangents<'_, T, D>,
    ) -> Result<DeviceArray<T, D>> {
        self.expect_one_table("interp_jvp")?;
        if tangents.x.is_none() && tangents.xp.is_none() && tangents.fp.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidOption,
                "interp_jvp differentiates in a direction, but none of x, xp and fp has a tangent; give at least one",
            ));
        }
        let mut device = self.device.common_device(x.device(), "x")?;
        let mut checks = Checks::union([&self.checks, x.checks()]);
        if let Some(tangent) = tangents.x {
            device = device.common_device(tangent.device(), "the tangent of x")?;
            expect_shape("the tangent of x", tangent.shape(), "the queries", x.shape())?;
            checks = Checks::union([&checks, tangent.checks()]);
        }
        for (tangent, what) in [(tangents.xp, "the tangent of xp"), (tangents.fp, "the tangent of fp")] {
            if let Some(tangent) = tangent {
                device = device.common_device(tangent.device(), what)?;
                expect_shape(what, tangent.shape(), "the knots", &[self.data.given_knots])?;
                checks = Checks::union([&checks, tangent.checks()]);
            }
        }
        let at = self.locate_on(&device, x)?;
        let applied = |tangent: Option<&DeviceArray<T, Ix1>>| match tangent {
            Some(tangent) => self.apply_linear(&device, &at, tangent).map(Some),
            None => Ok(None),
        };
        let (base, shift) = (applied(tangents.fp)?, applied(tangents.xp)?);
        match (tangents.x, shift, base) {
            // Without a direction for the slopes what is left is linear in the values.
            (None, None, Some(base)) => Ok(DeviceArray::new(device, base, x.raw_dim(), checks)),
            (factor, shift, base) => {
                let operands = [factor.map(DeviceArray::storage), shift.as_ref(), base.as_ref()];
                self.slopes(device, at.args().clone(), operands, x.raw_dim(), checks)
            }
        }
    }

    /// `A v` alone, without what fills add.
    fn apply_linear<D: Dimension>(
        &self,
        device: &Device,
        at: &Located<T, D>,
        values: &DeviceArray<T, Ix1>,
    ) -> Result<Storage> {
        let data = &self.data;
        let zero = |fill: Option<Scalar>| fill.map(|_| Scalar::of(T::zero()));
        let rules = Rules { left: zero(data.rules.left), right: zero(data.rules.right), ..data.rules };
        let shape = TableShape { given_knots: data.given_knots, tables: 1 };
        let table = assemble(device, data.axis.clone(), data.order.clone(), rules, shape, values.storage())?;
        let args = InterpArgs { table: table.into(), ..at.args().clone() };
        let output = device.allocate::<T>(args.results())?;
        if args.results() > 0 {
            device.run(Interp { args, output: output.clone() })?;
        }
        Ok(output)
    }

    /// `base + slope * (factor - shift)` at queries.
    fn slopes<D: Dimension>(
        &self,
        device: Device,
        args: InterpArgs,
        [factor, shift, base]: [Option<&Storage>; 3],
        shape: D,
        checks: Checks,
    ) -> Result<DeviceArray<T, D>> {
        let output = device.allocate::<T>(args.results())?;
        if args.results() > 0 {
            let [factor, shift, base] = [factor, shift, base].map(Option::<&Storage>::cloned);
            device.run(Slope { args, factor, shift, base, output: output.clone() })?;
        }
        Ok(DeviceArray::new(device, output, shape, checks))
    }
}

fn expect_shape(what: &str, shape: &[usize], of: &str, expected: &[usize]) -> Result<()> {
    if shape == expected {
        return Ok(());
    }
    Err(Error::shape(format!("{what} has shape {shape:?}, but {of} have shape {expected:?}; give {expected:?}")))
}
