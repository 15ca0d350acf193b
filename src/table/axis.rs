//! Sorted axes of tables from arrays on the device, and the check of a table's size against the device's limits.

use std::sync::Arc;

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::{Float, bytes_of};
use crate::engine::check::{Check, CheckKind};
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::kernels::arrange::op::ArrangeKnots;
use crate::kernels::door;
use crate::kernels::search::axis::{DeviceIndex, SortedAxis};
use crate::kernels::search::op::{IndexKnots, PrepareKnots};
use crate::table::options::TableOptions;
use crate::table::shape::TableShape;

/// Prepares knots that are on the device. Their order is checked there; the outcome arrives with the first data that
/// depend on it. `device` is the handle of the arrays, or of the plan that they become part of. With the knots comes
/// the index of each one's value, where they are not as they were given.
pub(crate) fn axis_from_device<T: Float, D: Dimension, E: Dimension>(
    device: &Device,
    xp: &DeviceArray<T, D>,
    fp: &DeviceArray<T, E>,
    shape: TableShape,
    options: &TableOptions<T>,
) -> Result<(SortedAxis, Option<Storage>)> {
    let knots = shape.given_knots;
    let arrangement = options.arrangement();
    let kind = if arrangement.descends() { CheckKind::Descending { knots } } else { CheckKind::Sorted { knots } };
    let check = arrangement.checks().then(|| device.check(kind)).transpose()?;
    let prepared = match arrangement.depends_on_knots() {
        true => arranged(device, xp, fp, shape, options, check.clone())?,
        false => in_order(device, xp, knots, arrangement.descends(), check.clone())?,
    };
    let Prepared { keys, order, tables, knots } = prepared;
    let index = indexed::<T>(device, &keys, [tables, knots], shape.tables * knots)?;
    let is_recorded = device.recorder().is_some();
    let checks = check.into_iter().fold(xp.checks().clone(), |checks, check| checks.with(check));
    let checks = checks.of_result(is_recorded);
    Ok((SortedAxis::on_device(T::FLOAT, keys, [tables, knots], index, checks, !is_recorded), order))
}

/// The keys of knots in order, and which values are theirs.
struct Prepared {
    keys: Storage,
    order: Option<Storage>,
    tables: usize,
    /// Of one table.
    knots: usize,
}

/// Knots that are in order, or in the opposite one.
fn in_order<T: Float, D: Dimension>(
    device: &Device,
    xp: &DeviceArray<T, D>,
    knots: usize,
    descends: bool,
    check: Option<Arc<Check>>,
) -> Result<Prepared> {
    let keys = device.allocate::<T::Key>(xp.len())?;
    let order = descends.then(|| device.allocate::<u32>(xp.len())).transpose()?;
    device.run(PrepareKnots {
        dtype: T::FLOAT,
        xp: xp.storage().clone(),
        keys: keys.clone(),
        knots,
        total: xp.len(),
        check,
        order: order.clone(),
    })?;
    Ok(Prepared { keys, order, tables: xp.len() / knots, knots })
}

/// Knots that are sorted, or some of them left out.
fn arranged<T: Float, D: Dimension, E: Dimension>(
    device: &Device,
    xp: &DeviceArray<T, D>,
    fp: &DeviceArray<T, E>,
    shape: TableShape,
    options: &TableOptions<T>,
    check: Option<Arc<Check>>,
) -> Result<Prepared> {
    let TableShape { given_knots, tables } = shape;
    // Where values are missing each table keeps different knots.
    let tables = if options.skip_missing { tables } else { xp.len() / given_knots };
    let knots = given_knots + if options.rules.period.is_some() { 2 } else { 0 };
    let cells = tables * knots;
    expect_bindable(device, "an axis of knots", bytes_of::<T>(cells))?;
    let (keys, order) = (device.allocate::<T::Key>(cells)?, device.allocate::<u32>(cells)?);
    device.run(ArrangeKnots {
        dtype: T::FLOAT,
        xp: xp.storage().clone(),
        xp_len: xp.len(),
        values: options.skip_missing.then(|| fp.storage().clone()),
        given_knots,
        tables,
        options: options.erased().arrangement(),
        keys: keys.clone(),
        order: order.clone(),
        check,
    })?;
    Ok(Prepared { keys, order: Some(order), tables, knots })
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
