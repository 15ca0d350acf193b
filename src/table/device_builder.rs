//! Tables from arrays on the device: options and validation.

use std::sync::Arc;

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::element::Float;
use crate::error::Result;
use crate::table::axis::axis_from_device;
use crate::table::options::{TableOptions, option_methods};
use crate::table::shape::TableShape;
use crate::table::{InterpTable, assemble, expect_table_bindable};

/// Builds an [`InterpTable`] with options from knots and values that are on a device: they stay there, and nothing
/// waits. The options are those of [`InterpTableBuilder`](crate::InterpTableBuilder).
///
/// ```
/// use ndarray::arr1;
/// use ndgpu::{Device, InterpTable, Order};
///
/// let device = Device::cpu();
/// let depth = device.upload(&arr1(&[40.0_f32, 20.0, 10.0]))?;
/// let salinity = device.upload(&arr1(&[35.5_f32, 35.0, 33.0]))?;
/// let table = InterpTable::device_builder(&depth, &salinity).order(Order::Descending).left(f32::NAN).build()?;
/// let x = device.upload(&arr1(&[15.0_f32, 30.0, 99.0, 0.0]))?;
/// let y = table.interp(&x)?.readback().wait()?;
/// assert_eq!(y.view().to_vec()[..3], [34.0, 35.25, 35.5]);
/// assert!(y.view()[3].is_nan());
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[must_use = "a builder does nothing before build"]
pub struct DeviceTableBuilder<'a, T: Float, D: Dimension, E: Dimension> {
    xp: &'a DeviceArray<T, D>,
    fp: &'a DeviceArray<T, E>,
    options: TableOptions<T>,
}

impl<T: Float, D: Dimension, E: Dimension> Clone for DeviceTableBuilder<'_, T, D, E> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T: Float> InterpTable<T> {
    /// Starts a table over knots and values that are on a device, of the shapes that [`InterpTable::new`] takes: `xp`
    /// is `[n]` or `[tables, n]`, `fp` `[n]` or `[tables, n]`. [`DeviceTableBuilder::build`] says what it costs.
    ///
    /// ```
    /// use ndarray::{arr1, arr2};
    /// use ndgpu::{Device, InterpTable};
    ///
    /// let device = Device::cpu();
    /// let angle = device.upload(&arr1(&[350.0_f32, 10.0, 180.0]))?;
    /// let values = device.upload(&arr2(&[[1.0_f32, 3.0, 7.0], [10.0, 30.0, 70.0]]))?;
    /// let tables = InterpTable::device_builder(&angle, &values).period(360.0).build()?;
    /// let x = device.upload(&arr1(&[0.0_f32, -180.0]))?;
    /// assert_eq!(tables.interp_rows(&x)?.readback().wait()?.view(), arr2(&[[2.0, 7.0], [20.0, 70.0]]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    pub fn device_builder<'a, D: Dimension, E: Dimension>(
        xp: &'a DeviceArray<T, D>,
        fp: &'a DeviceArray<T, E>,
    ) -> DeviceTableBuilder<'a, T, D, E> {
        DeviceTableBuilder { xp, fp, options: TableOptions::default() }
    }
}

impl<T: Float, D: Dimension, E: Dimension> DeviceTableBuilder<'_, T, D, E> {
    option_methods!();

    /// Builds the table, on the device of its arrays. In a closure that is being captured it becomes part of the plan,
    /// and is built again in every replay.
    ///
    /// The order of `xp` is checked on the device. If it is wrong, reading back any result of this table returns
    /// [`NotSorted`](crate::ErrorKind::NotSorted); nothing waits for the check before that.
    ///
    /// Costs a pass over the knots and one over knots and values, and takes 20 bytes a knot in f32 on a GPU (40 in
    /// f64). There larger tables get a search index, in four passes more: 4 to 8 bytes a knot. The CPU engine indexes
    /// its tables after enough queries to pay for it, unless a plan computes their knots.
    ///
    /// [`Order::Sort`](crate::Order::Sort), a period and `skip_missing` sort on the device: on a GPU log2(n) passes
    /// over the n knots of a table, and 4 bytes more a knot, with 16 for as long as it takes (24 in f64). How many
    /// knots are missing nobody knows there, so room for all remains; with `skip_missing` each table has knots of its
    /// own.
    ///
    /// # Errors
    ///
    /// Those of [`InterpTable::new`] that follow from the shapes, [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch)
    /// and [`ZeroPeriod`](crate::ErrorKind::ZeroPeriod).
    pub fn build(self) -> Result<InterpTable<T>> {
        let Self { xp, fp, .. } = self;
        let device = xp.device().common_device(fp.device(), "fp")?;
        let options = self.options.validated()?;
        let shape = TableShape::of(xp.shape(), fp.shape())?;
        expect_table_bindable(&device, T::FLOAT, shape.tables * shape.given_knots)?;
        let (axis, order) = axis_from_device(&device, xp, fp, shape, &options)?;
        let mut rules = options.applied();
        // Whatever is missing went behind the knots.
        rules.ragged = options.arrangement().depends_on_knots();
        rules.skips_missing = options.skip_missing;
        let data = assemble(&device, Arc::new(axis), order, rules.erased(), shape, fp.storage())?;
        Ok(InterpTable::from_parts(&device, data, fp.checks().clone()))
    }
}
