//! Reductions along one axis.

use ndarray::{Axis, Dimension, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::operands::Operands;
use crate::element::Float;
use crate::error::{Error, Result};
use crate::kernels::reduce::op::{Finish, View, Weights};

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
        let (operands, shape) = self.weighted_along(axis, weights)?;
        operands.reduce(Finish::Average, shape)
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
        let (operands, shape) = self.weighted_along(axis, weights)?;
        operands.reduce_with_sums(Finish::Average, true, shape)?.pair()
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
        let (operands, shape) = self.weighted_along(axis, weights)?;
        operands.reduce(Finish::Sum, shape)
    }

    /// The sum along an axis; 0 along an axis of length 0.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn sum_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.reduce(Finish::Sum, shape)
    }

    /// The mean along an axis; NaN along an axis of length 0.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn mean_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.reduce(Finish::Mean, shape)
    }

    /// The variance along an axis, `Σ (a - mean)² / (n - ddof)`; `ddof` is 0 for a population and 1 for a sample.
    ///
    /// NaN along an axis of length 0. Where `n - ddof` is not positive, NaN if all deviations are zero, else infinity. An
    /// infinite value makes it NaN; a sum or squares beyond the range of the type make it infinite.
    ///
    /// Costs two passes: the array is read for the means and again for the deviations from them, so that a large offset
    /// does no harm.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn var_axis(&self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.spread(Finish::Var, ddof.widen(), shape)
    }

    /// The standard deviation along an axis: the square root of [`var_axis`](Self::var_axis).
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn std_axis(&self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.spread(Finish::Std, ddof.widen(), shape)
    }

    /// The smallest value along an axis; NaN if any is NaN. Of zeros it is `+0.0`.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`EmptyReduction`](crate::ErrorKind::EmptyReduction) along
    /// an axis of length 0 (unless the result is empty too).
    pub fn min_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.reduce(Finish::Min, shape)
    }

    /// The largest value along an axis; NaN if any is NaN. Of zeros it is `+0.0`.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// Those of [`min_axis`](Self::min_axis).
    pub fn max_axis(&self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.reduce(Finish::Max, shape)
    }

    /// Where along an axis the smallest value is: the first of equals, and the first NaN if there is one.
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// Those of [`min_axis`](Self::min_axis).
    pub fn argmin_axis(&self, axis: Axis) -> Result<DeviceArray<u32, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.locate(Finish::ArgMin, shape)
    }

    /// Where along an axis the largest value is: the first of equals, and the first NaN if there is one.
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let probabilities = device.upload(&arr2(&[[0.1_f32, 0.7, 0.2], [0.4, 0.2, 0.4]]))?;
    /// let classes = probabilities.argmax_axis(Axis(1))?;
    /// assert_eq!(classes.readback().wait()?.view(), arr1(&[1, 0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs one pass.
    ///
    /// # Errors
    ///
    /// Those of [`min_axis`](Self::min_axis).
    pub fn argmax_axis(&self, axis: Axis) -> Result<DeviceArray<u32, D::Smaller>> {
        let (operands, shape) = self.along(axis)?;
        operands.locate(Finish::ArgMax, shape)
    }

    /// Standardizes along an axis: `(a - mean) / std`, of the same shape.
    ///
    /// Where all values along the axis are the same the result is NaN (0/0), as `scipy.stats.zscore` has it: a constant
    /// has no scale to be measured by, and a silent 0 would pass for an average value.
    ///
    /// Costs one pass that reads the array and writes the result where a row fits into a GPU's workgroup memory (along the
    /// last axis, up to 3,072 elements in f32, 1,536 in f64) or a cache of the CPU engine's (32,768 elements); else three
    /// passes that read the array, and one that writes.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn standardize_axis(&self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D>> {
        let (operands, _) = self.along(axis)?;
        let output = operands.standardized(ddof.widen())?;
        Ok(DeviceArray::new(self.device().clone(), output, self.raw_dim(), self.checks().clone()))
    }

    /// The array seen along an axis, and the shape without it.
    pub(crate) fn along(&self, axis: Axis) -> Result<(Operands, D::Smaller)> {
        if axis.index() >= self.ndim() {
            return Err(Error::axis_out_of_range(axis.index(), self.shape()));
        }
        Ok((Operands::new(self, view_along(self.shape(), axis)), self.raw_dim().remove_axis(axis)))
    }

    /// The same with weights, if they fit.
    pub(crate) fn weighted_along<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, D::Smaller)> {
        let (operands, shape) = self.along(axis)?;
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
        Ok((operands.with_weights(weights, fitting)?, shape))
    }
}

/// An array seen from one of its axes.
fn view_along(shape: &[usize], axis: Axis) -> View {
    let (before, rest) = shape.split_at(axis.index());
    View { outer: before.iter().product(), len: rest[0], inner: rest[1..].iter().product() }
}
