//! Several axes of an array, or all of it, seen for a reduction.

use ndarray::{Axis, Dimension, IxDyn};

use crate::array::DeviceArray;
use crate::array::arrange::arrange;
use crate::array::operands::Operands;
use crate::device::Device;
use crate::element::Float;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::reduce::op::{View, Weights};

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    /// Standardizes over several axes: `(a - mean) / std`, of the same shape, where mean and standard deviation are those of
    /// all elements along these axes; see [`standardize_axis`](Self::standardize_axis).
    ///
    /// Costs as [`standardize_axis`](Self::standardize_axis) if the axes are neighbours; else array and result are rearranged,
    /// a pass that reads and writes them, for each group of axes that has to move. Over no axes at all every element stands
    /// alone, and becomes NaN.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](ErrorKind::AxisOutOfRange), [`RepeatedAxis`](ErrorKind::RepeatedAxis).
    /// [`TooLarge`](ErrorKind::TooLarge) if the axes are not neighbours and what has to be rearranged exceeds a binding.
    pub fn standardize_axes(&self, axes: &[Axis], ddof: T) -> Result<Self> {
        let (plan, _) = self.plan_over(axes)?;
        let values = arrange(self.device(), T::FLOAT, self.storage(), self.shape(), &plan.order)?;
        let arranged = Operands { values, view: plan.view, ..self.whole() }.standardized(ddof.widen())?;
        let shape: Vec<usize> = plan.order.iter().map(|&axis| self.shape()[axis]).collect();
        let mut back: Vec<usize> = (0..shape.len()).collect();
        back.sort_by_key(|&place| plan.order[place]);
        let output = arrange(self.device(), T::FLOAT, &arranged, &shape, &back)?;
        Ok(DeviceArray::new(self.device().clone(), output, self.raw_dim(), self.checks().clone()))
    }

    /// The array seen as one line.
    pub(crate) fn whole(&self) -> Operands {
        Operands::new(self, View { outer: 1, len: self.len(), inner: 1 })
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
        self.whole().with_weights(weights, Weights::Full(weights.storage().clone()))
    }

    /// The array with the axes that are reduced side by side, and the shape of what is left.
    pub(crate) fn over(&self, axes: &[Axis]) -> Result<(Operands, IxDyn)> {
        self.over_for(axes, self.device())
    }

    /// The same for what is computed on another handle of the device.
    fn over_for(&self, axes: &[Axis], device: &Device) -> Result<(Operands, IxDyn)> {
        let (plan, shape) = self.plan_over(axes)?;
        let values = arrange(self.device_to_arrange_on(device), T::FLOAT, self.storage(), self.shape(), &plan.order)?;
        let operands = Operands { values, view: plan.view, ..self.whole() };
        Ok((operands, shape))
    }

    pub(crate) fn weighted_over<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, IxDyn)> {
        let (plan, _) = self.plan_over(axes)?;
        let device = &self.device().joint(weights.device(), "the weights")?;
        let arranging = weights.device_to_arrange_on(device);
        let named: Vec<usize> = axes.iter().map(|axis| self.shape()[axis.index()]).collect();
        let weights_fit = if weights.shape() == self.shape() {
            Weights::Full(arrange(arranging, T::FLOAT, weights.storage(), self.shape(), &plan.order)?)
        } else if weights.shape() == named {
            // They come in the order in which the axes were named, and are needed in the array's.
            let mut order: Vec<usize> = (0..axes.len()).collect();
            order.sort_by_key(|&place| axes[place].index());
            Weights::Along(arrange(arranging, T::FLOAT, weights.storage(), &named, &order)?)
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
        let (operands, shape) = self.over_for(axes, device)?;
        Ok((operands.with_weights(weights, weights_fit)?, shape))
    }

    /// Where its axes are rearranged for something that is computed on `device`: at once, unless it is memory of a plan, whose
    /// values a plan that is being captured takes at each replay.
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

/// In which order the axes have to lie, and how the array is seen then.
struct OverPlan {
    order: Vec<usize>,
    view: View,
}

impl OverPlan {
    fn new(shape: &[usize], reduced: &[bool]) -> Self {
        let product = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product();
        let all: Vec<usize> = (0..shape.len()).collect();
        // An axis of length 1 is wherever one likes.
        let first = all.iter().position(|&axis| reduced[axis] && shape[axis] != 1);
        let last = all.iter().rposition(|&axis| reduced[axis] && shape[axis] != 1);
        let (Some(first), Some(last)) = (first, last) else {
            return Self { view: View { outer: product(&all), len: 1, inner: 1 }, order: all };
        };
        if all[first..=last].iter().all(|&axis| reduced[axis] || shape[axis] == 1) {
            let view = View {
                outer: product(&all[..first]),
                len: product(&all[first..=last]),
                inner: product(&all[last + 1..]),
            };
            return Self { order: all, view };
        }
        let (gone, kept): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&axis| reduced[axis]);
        let view = View { outer: product(&kept), len: product(&gone), inner: 1 };
        Self { order: [kept, gone].concat(), view }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_need_no_rearranging() {
        let plan = OverPlan::new(&[2, 3, 4, 5], &[false, true, true, false]);
        assert_eq!((plan.order, plan.view), (vec![0, 1, 2, 3], View { outer: 2, len: 12, inner: 5 }));
        let plan = OverPlan::new(&[2, 1, 4, 1], &[true, false, true, false]);
        assert_eq!((plan.order, plan.view), (vec![0, 1, 2, 3], View { outer: 1, len: 8, inner: 1 }));
        let plan = OverPlan::new(&[2, 3, 4], &[true, false, true]);
        assert_eq!((plan.order, plan.view), (vec![1, 0, 2], View { outer: 3, len: 8, inner: 1 }));
        let plan = OverPlan::new(&[2, 3], &[false, false]);
        assert_eq!(plan.view, View { outer: 6, len: 1, inner: 1 });
    }
}
