//! [`SkipNan`]: reductions as if NaN were not there, on the same kernels.

use ndarray::{Axis, Dimension, Ix0, RemoveAxis};

use super::operation::{Finish, Operands};
use crate::array::DeviceArray;
use crate::element::Float;
use crate::error::Result;

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
pub struct SkipNan<'a, T: Float, D: Dimension>(&'a DeviceArray<T, D>);

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

fn skipping<T: Float>(operands: Operands<T>) -> Operands<T> {
    Operands { skip_nan: true, ..operands }
}

impl<T: Float, D: RemoveAxis> SkipNan<'_, T, D> {
    /// The sum along an axis; 0 where there is nothing but NaN. As [`DeviceArray::sum_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::sum_axis`].
    pub fn sum_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).reduce(Finish::Sum, shape)
    }

    /// The mean along an axis; NaN where there is nothing else. As [`DeviceArray::mean_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::mean_axis`].
    pub fn mean_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).reduce(Finish::Mean, shape)
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
        skipping(operands).reduce(Finish::Average, shape)
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
        skipping(operands).reduce(Finish::Sum, shape)
    }

    /// The variance along an axis; NaN where there is nothing else. As [`DeviceArray::var_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::var_axis`].
    pub fn var_axis(self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).spread(Finish::Var, ddof.widen(), shape)
    }

    /// The standard deviation along an axis; NaN where there is nothing else. As [`DeviceArray::std_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::std_axis`].
    pub fn std_axis(self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).spread(Finish::Std, ddof.widen(), shape)
    }

    /// The smallest value along an axis; NaN where there is nothing else. As [`DeviceArray::min_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min_axis`].
    pub fn min_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).reduce(Finish::Min, shape)
    }

    /// The largest value along an axis; NaN where there is nothing else. As [`DeviceArray::max_axis`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::max_axis`].
    pub fn max_axis(self, axis: Axis) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.0.along(axis)?;
        skipping(operands).reduce(Finish::Max, shape)
    }
}

impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
    /// The sum of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::sum`].
    pub fn sum(self) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).reduce(Finish::Sum, Ix0())
    }

    /// The mean of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::mean`].
    pub fn mean(self) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).reduce(Finish::Mean, Ix0())
    }

    /// The weighted average of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average`].
    pub fn average<E: Dimension>(self, weights: &DeviceArray<T, E>) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.weighted_whole(weights)?).reduce(Finish::Average, Ix0())
    }

    /// The variance of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::var`].
    pub fn var(self, ddof: T) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).spread(Finish::Var, ddof.widen(), Ix0())
    }

    /// The standard deviation of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::std`].
    pub fn std(self, ddof: T) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).spread(Finish::Std, ddof.widen(), Ix0())
    }

    /// The smallest of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min`].
    pub fn min(self) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).reduce(Finish::Min, Ix0())
    }

    /// The largest of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::max`].
    pub fn max(self) -> Result<DeviceArray<T, Ix0>> {
        skipping(self.0.whole()).reduce(Finish::Max, Ix0())
    }
}
