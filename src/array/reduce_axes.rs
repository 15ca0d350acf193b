//! Reductions over several axes, or over all elements.

use ndarray::{Axis, Dimension, IxDyn};

use crate::array::DeviceArray;
use crate::array::arrange::{arrange, arrange_back};
use crate::array::operands::Operands;
use crate::device::Device;
use crate::element::Float;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::reduce::op::{AxisSplit, Weights};

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    /// Standardizes over several axes: `(a - mean) / std`, in the same shape, with mean and standard deviation taken
    /// over all elements along these axes; see [`standardize_axis`](Self::standardize_axis).
    ///
    /// Costs as much as [`standardize_axis`](Self::standardize_axis) if the axes are neighbours; else array and result
    /// are rearranged, with one read-and-write pass for each group of axes that moves. With no axes at all every
    /// element is a row by itself, and the result is NaN.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](ErrorKind::AxisOutOfRange), [`RepeatedAxis`](ErrorKind::RepeatedAxis).
    /// [`TooLarge`](ErrorKind::TooLarge) if the axes are not neighbours and an array to be rearranged exceeds a
    /// binding.
    pub fn standardize_axes(&self, axes: &[Axis], ddof: T) -> Result<Self> {
        let (plan, _) = self.plan_over(axes)?;
        let values = self.in_order(&plan.order, self.device())?;
        let arranged = Operands { values, view: plan.view, ..self.whole() }.standardized(ddof.widen())?;
        let output = arrange_back(self.device(), T::FLOAT, &arranged, self.shape(), &plan.order)?;
        Ok(DeviceArray::new(self.device().clone(), output, self.raw_dim(), self.checks().clone()))
    }

    /// The array as one row.
    pub(crate) fn whole(&self) -> Operands {
        Operands::new(self, AxisSplit { outer: 1, len: self.len(), inner: 1 })
    }

    pub(crate) fn weighted_whole<E: Dimension>(&self, weights: &DeviceArray<T, E>) -> Result<Operands> {
        if weights.shape() != self.shape() {
            return Err(Error::shape(format!(
                "an average over everything takes a weight for each element, but weights have shape {:?} and the array \
                 {:?}; name an axis (average_axis) if these are the weights along it",
                weights.shape(),
                self.shape()
            )));
        }
        self.whole().with_weights(weights, Weights::PerElement(weights.storage().clone()))
    }

    /// The array with the reduced axes side by side, and the shape that remains.
    pub(crate) fn over(&self, axes: &[Axis]) -> Result<(Operands, IxDyn)> {
        let Arranged { operands, shape, .. } = self.over_on(axes, self.device())?;
        Ok((operands, shape))
    }

    pub(crate) fn weighted_over<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, IxDyn)> {
        let device = self.device().common_device(weights.device(), "the weights");
        let Arranged { operands, shape, .. } = self.weighted_over_on(axes, weights, &device?)?;
        Ok((operands, shape))
    }

    /// [`over`](Self::over) for a computation on another handle of the device.
    pub(crate) fn over_on(&self, axes: &[Axis], device: &Device) -> Result<Arranged> {
        let (plan, shape) = self.plan_over(axes)?;
        let values = self.in_order(&plan.order, device)?;
        let operands = Operands { values, view: plan.view, ..self.whole() };
        Ok(Arranged { operands, shape, order: plan.order, weight_order: Vec::new() })
    }

    /// [`weighted_over`](Self::weighted_over) for a computation on another handle of the device.
    pub(crate) fn weighted_over_on<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        device: &Device,
    ) -> Result<Arranged> {
        let (plan, _) = self.plan_over(axes)?;
        let named: Vec<usize> = axes.iter().map(|axis| self.shape()[axis.index()]).collect();
        let (fitting, weight_order) = if weights.shape() == self.shape() {
            (Weights::PerElement(weights.in_order(&plan.order, device)?), plan.order)
        } else if weights.shape() == named {
            // They are in the order in which the axes were named, and the kernels need the array's order.
            let mut order: Vec<usize> = (0..axes.len()).collect();
            order.sort_by_key(|&place| axes[place].index());
            (Weights::Shared(weights.in_order(&order, device)?), order)
        } else {
            return Err(Error::shape(format!(
                "weights of shape {:?} do not fit axes {:?} of an array of shape {:?}; give {named:?}, the lengths of \
                 the axes in that order, or {:?}, a weight for each element",
                weights.shape(),
                axes.iter().map(|axis| axis.index()).collect::<Vec<_>>(),
                self.shape(),
                self.shape()
            )));
        };
        let arranged = self.over_on(axes, device)?;
        Ok(Arranged { operands: arranged.operands.with_weights(weights, fitting)?, weight_order, ..arranged })
    }

    /// The array with its axes in another order, for a computation on `device`.
    pub(crate) fn in_order(&self, order: &[usize], device: &Device) -> Result<Storage> {
        arrange(self.device_to_arrange_on(device), T::FLOAT, self.storage(), self.shape(), order)
    }

    /// The handle on which to rearrange the axes for a computation on `device`: the array's own, which computes at
    /// once, unless the array is an output of a plan; a plan that is being captured reads those anew at each replay.
    fn device_to_arrange_on<'a>(&'a self, device: &'a Device) -> &'a Device {
        if self.checks().latest().is_empty() { self.device() } else { device }
    }

    fn plan_over(&self, axes: &[Axis]) -> Result<(OverPlan, IxDyn)> {
        let mut reduced = vec![false; self.ndim()];
        for axis in axes {
            match reduced.get_mut(axis.index()) {
                None => return Err(Error::axis_out_of_range(axis.index(), self.shape())),
                Some(true) => {
                    return Err(Error::new(
                        ErrorKind::RepeatedAxis { axis: axis.index() },
                        format!("axis {} is named twice; name each axis once", axis.index()),
                    ));
                }
                Some(seen) => *seen = true,
            }
        }
        let kept = |&axis: &usize| !reduced[axis];
        let shape: Vec<usize> = (0..self.ndim()).filter(kept).map(|axis| self.shape()[axis]).collect();
        Ok((OverPlan::new(self.shape(), &reduced), IxDyn(&shape)))
    }
}

/// Operands whose reduced axes lie side by side.
pub(crate) struct Arranged {
    pub operands: Operands,
    /// Of what remains of the array.
    pub shape: IxDyn,
    /// Which axis of the array lies at each position.
    pub order: Vec<usize>,
    /// The same of the weights.
    pub weight_order: Vec<usize>,
}

/// The order that the axes need, and the split of the array in that order.
struct OverPlan {
    order: Vec<usize>,
    view: AxisSplit,
}

impl OverPlan {
    fn new(shape: &[usize], reduced: &[bool]) -> Self {
        let product = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product();
        let all: Vec<usize> = (0..shape.len()).collect();
        // An axis of length 1 does not affect the memory order.
        let first = all.iter().position(|&axis| reduced[axis] && shape[axis] != 1);
        let last = all.iter().rposition(|&axis| reduced[axis] && shape[axis] != 1);
        let (Some(first), Some(last)) = (first, last) else {
            return Self { view: AxisSplit { outer: product(&all), len: 1, inner: 1 }, order: all };
        };
        if all[first..=last].iter().all(|&axis| reduced[axis] || shape[axis] == 1) {
            let view = AxisSplit {
                outer: product(&all[..first]),
                len: product(&all[first..=last]),
                inner: product(&all[last + 1..]),
            };
            return Self { order: all, view };
        }
        let (gone, kept): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&axis| reduced[axis]);
        let view = AxisSplit { outer: product(&kept), len: product(&gone), inner: 1 };
        Self { order: [kept, gone].concat(), view }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_need_no_rearranging() {
        let plan = OverPlan::new(&[2, 3, 4, 5], &[false, true, true, false]);
        assert_eq!((plan.order, plan.view), (vec![0, 1, 2, 3], AxisSplit { outer: 2, len: 12, inner: 5 }));
        let plan = OverPlan::new(&[2, 1, 4, 1], &[true, false, true, false]);
        assert_eq!((plan.order, plan.view), (vec![0, 1, 2, 3], AxisSplit { outer: 1, len: 8, inner: 1 }));
        let plan = OverPlan::new(&[2, 3, 4], &[true, false, true]);
        assert_eq!((plan.order, plan.view), (vec![1, 0, 2], AxisSplit { outer: 3, len: 8, inner: 1 }));
        let plan = OverPlan::new(&[2, 3], &[false, false]);
        assert_eq!(plan.view, AxisSplit { outer: 6, len: 1, inner: 1 });
    }
}
