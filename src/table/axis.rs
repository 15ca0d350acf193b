//! Sorted axes of tables from arrays on the device, and the check of a table's size against the device's limits.

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::CheckKind;
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::kernels::door;
use crate::kernels::search::axis::{DeviceIndex, SortedAxis};
use crate::kernels::search::op::{IndexKnots, PrepareKnots};
use crate::table::arrange::Order;
use crate::table::shape::TableShape;

/// Prepares knots that are on the device. Their order is checked there; the outcome arrives with the first data that
/// depend on it. `device` is the handle of the knots, or of the plan that they become part of. Descending knots come
/// with the index of each one's value.
pub(crate) fn axis_from_device<T: Float, D: Dimension>(
    device: &Device,
    xp: &DeviceArray<T, D>,
    shape: TableShape,
    order: Order,
) -> Result<(SortedAxis, Option<Storage>)> {
    let knots = shape.given_knots;
    let tables = xp.len() / knots;
    let descends = order == Order::Descending;
    let kind = if descends { CheckKind::Descending { knots } } else { CheckKind::Sorted { knots } };
    let check = (order != Order::Assume).then(|| device.check(kind)).transpose()?;
    let keys = device.allocate::<T::Key>(xp.len())?;
    let order = descends.then(|| device.allocate::<u32>(xp.len())).transpose()?;
    device.run(PrepareKnots {
        dtype: T::FLOAT,
        xp: xp.storage().clone(),
        keys: keys.clone(),
        knots,
        total: xp.len(),
        check: check.clone(),
        order: order.clone(),
    })?;
    let index = indexed::<T>(device, &keys, [tables, knots], shape.tables * knots)?;
    let is_recorded = device.recorder().is_some();
    let checks = check.into_iter().fold(xp.checks().clone(), |checks, check| checks.with(check));
    let checks = checks.of_result(is_recorded);
    Ok((SortedAxis::on_device(T::FLOAT, keys, [tables, knots], index, checks, !is_recorded), order))
}

/// The index that the device makes of the knots of tables of so many cells, where it is to make one.
fn indexed<T: Float>(
    device: &Device,
    keys: &Storage,
    [tables, knots]: [usize; 2],
    cells: usize,
) -> Result<Option<DeviceIndex>> {
    let Some(buckets) = door::buckets_on_device(device.engine(), T::FLOAT, [tables, knots], cells) else {
        return Ok(None);
    };
    let index = DeviceIndex {
        buckets,
        starts: device.allocate::<u32>(DeviceIndex::starts_len(tables, buckets))?,
        functions: device.allocate::<T::Key>(DeviceIndex::functions_len(tables))?,
    };
    device.run(IndexKnots { dtype: T::FLOAT, keys: keys.clone(), knots, tables, index: index.clone() })?;
    Ok(Some(index))
}

/// An error unless an array fits into one binding, as tables have to.
pub(crate) fn expect_bindable(device: &Device, what: &str, bytes: u64) -> Result<()> {
    let limit = device.info().limits.max_binding_bytes;
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::too_large(what, bytes, limit, &device.info().name))
}
