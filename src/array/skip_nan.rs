//! [`SkipNan`]: reductions as if NaN were not there, on the same kernels. [`skip_nan_axes`](crate::array::skip_nan_axes) has those
//! over several axes and over everything.

use ndarray::{Axis, Dimension, RemoveAxis};

use crate::array::DeviceArray;
use crate::element::Float;
use crate::error::Result;
use crate::kernels::reduce::op::Finish;

/// An array whose NaN values are left out of reductions: NumPy's `nansum`, `nanmean`, and so on, and a weighted average
/// that leaves out the weights of NaN values with them.
///
/// ```
/// use ndarray::{Axis, arr1, arr2};
/// use ndgpu::Device;
///
/// let device = Device::cpu();
/// let readings = device.upload(&arr2(&[[1.0_f32, f32::NAN, 3.0], [4.0, 5.0, f32::NAN]]))?;
/// let weights = device.upload(&arr1(&[1.0_f32, 1.0, 3.0]))?;
/// let averages = readings.skip_nan().average_axis(Axis(1), &weights)?;
/// assert_eq!(averages.readback().wait()?.view(), arr1(&[2.5, 4.5]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct SkipNan<'a, T: Float, D: Dimension>(pub(crate) &'a DeviceArray<T, D>);

// Derived, both would ask for a dimension that can be copied, which dynamic ones cannot.
impl<T: Float, D: Dimension> Clone for SkipNan<'_, T, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Float, D: Dimension> Copy for SkipNan<'_, T, D> {}

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    /// The array with its NaN values left out of reductions. Costs nothing by itself.
    pub fn skip_nan(&self) -> SkipNan<'_, T, D> {
        SkipNan(self)
    }
}

impl<T: Float, D: RemoveAxis> SkipNan<'_, T, D> {
    /// The sum along an axis; 0 where there is nothing but NaN. As [`DeviceArray::sum_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::sum_axis`].
    pub fn sum_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().reduce(Finish::Sum, shape)
    }

    /// The mean along an axis; NaN where there is nothing else. As [`DeviceArray::mean_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::mean_axis`].
    pub fn mean_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().reduce(Finish::Mean, shape)
    }

    /// The weighted average along an axis of the values that are not NaN. As [`DeviceArray::average_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axis`]; where there is nothing but NaN the sum of the weights is zero.
    pub fn average_axis<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        operands.skipping_nan().reduce(Finish::Average, shape)
    }

    /// The weighted average along an axis of the values that are not NaN, and the sum of the weights of each. As
    /// [`DeviceArray::average_axis_returned`].
    ///
    /// # Errors
    ///
    /// Those of [`average_axis`](Self::average_axis).
    #[expect(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
    pub fn average_axis_returned<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<(DeviceArray<T, D::Smaller>, DeviceArray<T, D::Smaller>)> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        operands.skipping_nan().reduce_with_sums(Finish::Average, true, shape)?.pair()
    }

    /// The weighted average along an axis of the values that are not NaN, and `fill` where there are none, or where their
    /// weights sum to zero. As [`DeviceArray::average_axis_or`].
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let readings = device.upload(&arr2(&[[1.0_f32, f32::NAN], [f32::NAN, f32::NAN]]))?;
    /// let weights = device.upload(&arr1(&[1.0_f32, 3.0]))?;
    /// let averages = readings.skip_nan().average_axis_or(Axis(1), &weights, -1.0)?;
    /// assert_eq!(averages.readback().wait()?.view(), arr1(&[1.0, -1.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axis_or`].
    pub fn average_axis_or<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        operands.skipping_nan().or(fill).reduce(Finish::Average, shape)
    }

    /// The same, and the sum of the weights of each.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axis_or`].
    #[expect(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
    pub fn average_axis_returned_or<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, D::Smaller>, DeviceArray<T, D::Smaller>)> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        operands.skipping_nan().or(fill).reduce_with_sums(Finish::Average, true, shape)?.pair()
    }

    /// The weighted sum along an axis of the values that are not NaN. As [`DeviceArray::weighted_sum_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::weighted_sum_axis`].
    pub fn weighted_sum_axis<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        operands.skipping_nan().reduce(Finish::Sum, shape)
    }

    /// The variance along an axis; NaN where there is nothing else. As [`DeviceArray::var_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::var_axis`].
    pub fn var_axis(self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().spread(Finish::Var, ddof.widen(), shape)
    }

    /// The standard deviation along an axis; NaN where there is nothing else. As [`DeviceArray::std_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::std_axis`].
    pub fn std_axis(self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().spread(Finish::Std, ddof.widen(), shape)
    }

    /// The smallest value along an axis; NaN where there is nothing else. As [`DeviceArray::min_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min_axis`].
    pub fn min_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().reduce(Finish::Min, shape)
    }

    /// The largest value along an axis; NaN where there is nothing else. As [`DeviceArray::max_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::max_axis`].
    pub fn max_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        operands.skipping_nan().reduce(Finish::Max, shape)
    }
}
