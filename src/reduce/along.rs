//! Reductions along one axis.

use ndarray::{Axis, Dimension, RemoveAxis};

use super::operation::{Finish, Operands, View, Weights};
use crate::array::DeviceArray;
use crate::element::Float;
use crate::error::{Error, Result};

impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
    /// The weighted average along an axis, `Σ w·a / Σ w`, as `numpy.average(a, axis, weights)`.
    ///
    /// `weights` has the length of the axis, or the array's own shape; it is never broadcast. The result has the array's
    /// shape without the axis.
    ///
    /// Costs one pass: the array and the weights are read once, the result is written.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let a = device.upload(&arr2(&[[1.0_f32, 2.0], [3.0, 5.0]]))?;
    /// let weights = device.upload(&arr1(&[1.0_f32, 3.0]))?;
    /// let averages = a.average_axis(Axis(1), &weights)?;
    /// assert_eq!(averages.readback().wait()?.view(), arr1(&[1.75, 4.5]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// In the call: [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange),
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch). With the
    /// data: [`ZeroWeights`](crate::ErrorKind::ZeroWeights) if any of the sums of weights is zero (also that of an axis of
    /// length 0), at the readback of the result or of anything computed from it.
    pub fn average_axis<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let shape = self.shape_without(axis)?;
        Ok(self.weighted(axis, weights)?.reduce(Finish::Average, false, shape)?.result)
    }

    /// The weighted average and the sum of the weights of each, as `numpy.average(..., returned=True)`: both have the
    /// array's shape without the axis.
    ///
    /// Costs one pass, as [`average_axis`](Self::average_axis).
    ///
    /// # Errors
    ///
    /// Those of [`average_axis`](Self::average_axis).
    #[expect(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
    pub fn average_axis_returned<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<(DeviceArray<T, D::Smaller>, DeviceArray<T, D::Smaller>)> {
        let shape = self.shape_without(axis)?;
        self.weighted(axis, weights)?.reduce(Finish::Average, true, shape)?.pair()
    }

    /// The weighted sum along an axis, `Σ w·a`. Weights as for [`average_axis`](Self::average_axis); their sum may be
    /// zero.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch),
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn weighted_sum_axis<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let shape = self.shape_without(axis)?;
        Ok(self.weighted(axis, weights)?.reduce(Finish::Sum, false, shape)?.result)
    }

    /// The sum along an axis; 0 along an axis of length 0.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn sum_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let shape = self.shape_without(axis)?;
        Ok(self.unweighted(axis).reduce(Finish::Sum, false, shape)?.result)
    }

    /// The mean along an axis; NaN along an axis of length 0.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn mean_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let shape = self.shape_without(axis)?;
        Ok(self.unweighted(axis).reduce(Finish::Mean, false, shape)?.result)
    }

    fn shape_without(&self, axis: Axis) -> Result<D::Smaller> {
        if axis.index() >= self.ndim() {
            return Err(Error::axis_out_of_range(axis.index(), self.shape()));
        }
        Ok(self.raw_dim().remove_axis(axis))
    }

    fn unweighted(&self, axis: Axis) -> Operands<'_, T> {
        Operands {
            device: self.device(),
            view: view_along(self.shape(), axis),
            values: self.storage().clone(),
            weights: Weights::None,
            checks: self.checks().clone(),
        }
    }

    fn weighted<E: Dimension>(&self, axis: Axis, weights: &DeviceArray<T, E>) -> Result<Operands<'_, T>> {
        let operands = self.unweighted(axis);
        let len = self.shape()[axis.index()];
        let fitting = if weights.shape() == self.shape() {
            Weights::Full(weights.storage().clone())
        } else if weights.shape() == [len] {
            Weights::Along(weights.storage().clone())
        } else {
            return Err(Error::shape(format!(
                "weights of shape {:?} do not fit axis {} of an array of shape {:?}; give [{len}], a weight for each \
                 place along the axis, or {:?}, a weight for each element",
                weights.shape(),
                axis.index(),
                self.shape(),
                self.shape()
            )));
        };
        operands.with_weights(weights, fitting)
    }
}

/// An array seen from one of its axes.
fn view_along(shape: &[usize], axis: Axis) -> View {
    let (before, rest) = shape.split_at(axis.index());
    View { outer: before.iter().product(), len: rest[0], inner: rest[1..].iter().product() }
}
