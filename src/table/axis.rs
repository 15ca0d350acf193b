//! Sorted axes of tables from arrays on the device, and the check of a table's size against the device's limits.

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Float;
use crate::engine::check::CheckKind;
use crate::error::{Error, Result};
use crate::kernels::search::axis::SortedAxis;
use crate::kernels::search::op::PrepareKnots;

/// Prepares knots that are on the device, `knots` of them per table. Their order is checked there; the outcome arrives
/// with the first data that depend on it. `device` is the handle of the knots, or of the plan that they become part of.
pub(crate) fn axis_from_device<T: Float, D: Dimension>(
    device: &Device,
    xp: &DeviceArray<T, D>,
    knots: usize,
) -> Result<SortedAxis> {
    let check = device.check(CheckKind::Sorted { knots })?;
    let keys = device.allocate::<T::Key>(xp.len())?;
    device.run(PrepareKnots {
        dtype: T::FLOAT,
        xp: xp.storage().clone(),
        keys: keys.clone(),
        knots,
        total: xp.len(),
        check: check.clone(),
    })?;
    let is_recorded = device.recorder().is_some();
    let checks = xp.checks().with(check).of_result(is_recorded);
    Ok(SortedAxis::unindexed(T::FLOAT, keys, knots, xp.len() / knots, checks, !is_recorded))
}

/// An error unless an array fits into one binding, as tables have to.
pub(crate) fn expect_bindable(device: &Device, what: &str, bytes: u64) -> Result<()> {
    let limit = device.info().limits.max_binding_bytes;
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::too_large(what, bytes, limit, &device.info().name))
}
