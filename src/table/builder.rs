//! Tables from host data: options and validation.

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::{ArrayView, CowArray, IxDyn};

use crate::array::host_data::HostData;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::{Checks, not_sorted};
use crate::engine::host::clock::Instant;
use crate::engine::host::gather::gathered;
use crate::error::{Error, ErrorKind, Result};
use crate::float::scalar::{FloatSlice, Scalar};
use crate::kernels::arrange::cpu::SortedKnots;
use crate::kernels::arrange::op::{Order, SORT_OR_ASSUME};
use crate::kernels::door;
use crate::kernels::interp::op::TableData;
use crate::kernels::search::axis::first_out_of_order;
use crate::table::options::{TableOptions, option_methods};
use crate::table::shape::TableShape;
use crate::table::{self, InterpTable};

/// Builds an [`InterpTable`] with options.
///
/// ```
/// use ndarray::arr1;
/// use ndgpu::{Device, InterpTable, Order};
///
/// let device = Device::cpu();
/// let angle = [350.0_f32, 10.0, 180.0];
/// let value = [1.0_f32, 3.0, 7.0];
/// let table = InterpTable::builder(&angle, &value).period(360.0).build(&device)?;
/// let x = device.upload(&arr1(&[0.0_f32, 360.0, -180.0]))?;
/// assert_eq!(table.interp(&x)?.readback().wait()?.view(), arr1(&[2.0, 2.0, 7.0]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing before build"]
pub struct InterpTableBuilder<'a, T: Float> {
    xp: CowArray<'a, T, IxDyn>,
    fp: CowArray<'a, T, IxDyn>,
    options: TableOptions<T>,
}

impl<T: Float> InterpTable<T> {
    /// Starts a table over host data. See [`InterpTable::new`] for the shapes, and [`InterpTable::device_builder`] for
    /// knots and values that are on the device.
    pub fn builder<'a, X, F>(xp: X, fp: F) -> InterpTableBuilder<'a, T>
    where
        X: HostData<'a, Elem = T>,
        F: HostData<'a, Elem = T>,
    {
        InterpTableBuilder { xp: xp.into_cow(), fp: fp.into_cow(), options: TableOptions::default() }
    }
}

impl<T: Float> InterpTableBuilder<'_, T> {
    option_methods!();

    /// Uploads the table.
    ///
    /// # Errors
    ///
    /// Those of [`InterpTable::new`], and [`ZeroPeriod`](ErrorKind::ZeroPeriod).
    pub fn build(self, device: &Device) -> Result<InterpTable<T>> {
        device.supports::<T>()?;
        // Host data are the same in every replay of a plan.
        let device = &device.eager();
        let options = self.options.validated()?;
        let shape = TableShape::of(self.xp.shape(), self.fp.shape())?;
        let (xp, fp) = (in_order(&self.xp)?, in_order(&self.fp)?);
        let data = upload(device, FloatSlice::of(&xp), FloatSlice::of(&fp), shape, options.erased())?;
        Ok(InterpTable::from_parts(device, data, Checks::default()))
    }
}

/// Builds a table from host values. Not generic, so that sorting and indexing are compiled in this crate.
fn upload(
    device: &Device,
    xp: FloatSlice<'_>,
    fp: FloatSlice<'_>,
    shape: TableShape,
    options: TableOptions<Scalar>,
) -> Result<TableData> {
    match (xp, fp) {
        (FloatSlice::F32(xp), FloatSlice::F32(fp)) => upload_floats(device, xp, fp, shape, options),
        (FloatSlice::F64(xp), FloatSlice::F64(fp)) => upload_floats(device, xp, fp, shape, options),
        _ => Err(Error::new(ErrorKind::UnsupportedElement, "xp and fp are of different types; convert one of them")),
    }
}

fn upload_floats<T: Float>(
    device: &Device,
    xp: &[T],
    fp: &[T],
    shape: TableShape,
    options: TableOptions<Scalar>,
) -> Result<TableData> {
    let options = options.of::<T>();
    let TableOptions { order, skip_missing, .. } = options;
    let mut rules = options.applied();
    let sorted = options.arrangement().of(xp, fp, shape.given_knots)?;
    if sorted.is_none()
        && order == Order::Check
        && let Some(index) = first_out_of_order(xp, shape.given_knots)
    {
        return Err(not_sorted(index, shape.given_knots, SORT_OR_ASSUME));
    }
    rules.skips_missing = skip_missing;
    let (engine, start, mut moved) = (device.engine(), Instant::now(), 0);
    let (axis, order) = match sorted {
        Some(SortedKnots { xp, order, knots, ragged }) => {
            rules.ragged = ragged;
            let axis = door::sorted_axis(engine, FloatSlice::of(&xp), knots, true, &mut moved)?;
            moved += size_of_val(&order[..]) as u64;
            (axis, Some(engine.store(ArrayView::from(&order[..]).into_dyn())?))
        }
        None => (door::sorted_axis(engine, FloatSlice::of(xp), shape.given_knots, true, &mut moved)?, None),
    };
    moved += size_of_val(fp) as u64;
    let values = engine.store(ArrayView::from(fp).into_dyn())?;
    device.ledger().count_upload(moved, start.elapsed());
    table::assemble(device, Arc::new(axis), order, rules.erased(), shape, &values)
}

/// The values in standard order: borrowed if they are, else copied.
fn in_order<'a, T: Float>(values: &'a CowArray<'_, T, IxDyn>) -> Result<Cow<'a, [T]>> {
    match values.as_slice() {
        Some(values) => Ok(Cow::Borrowed(values)),
        None => Ok(Cow::Owned(gathered(&values.view())?)),
    }
}
