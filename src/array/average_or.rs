//! Weighted averages with a value for lines whose weights sum to zero, which therefore have none.

use ndarray::{Axis, Dimension, Ix0, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::element::Float;
use crate::error::Result;
use crate::kernels::reduce::op::Finish;

impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
    /// The weighted average along an axis, and `fill` where the sum of the weights is zero: one empty row does not cost the
    /// others their averages, as it does with [`average_axis`](Self::average_axis).
    ///
    /// A sum of weights that is NaN is not zero: the average is NaN then. `fill` may be NaN or infinite, and comes out bit
    /// for bit.
    ///
    /// Costs one pass, as [`average_axis`](Self::average_axis).
    ///
    /// ```
    /// use ndarray::{Axis, arr1, arr2};
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let readings = device.upload(&arr2(&[[1.0_f32, 2.0], [3.0, 5.0]]))?;
    /// // Nobody trusts the second row.
    /// let weights = device.upload(&arr2(&[[1.0_f32, 3.0], [0.0, 0.0]]))?;
    /// let averages = readings.average_axis_or(Axis(1), &weights, -1.0)?;
    /// assert_eq!(averages.readback().wait()?.view(), arr1(&[1.75, -1.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch),
    /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn average_axis_or<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<DeviceArray<T, D::Smaller>> {
        let (operands, shape) = self.weighted_along(axis, weights)?;
        operands.or(fill).reduce(Finish::Average, shape)
    }

    /// The same, and the sum of the weights of each, which is zero where the average is `fill`.
    ///
    /// # Errors
    ///
    /// Those of [`average_axis_or`](Self::average_axis_or).
    #[expect(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
    pub fn average_axis_returned_or<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, D::Smaller>, DeviceArray<T, D::Smaller>)> {
        let (operands, shape) = self.weighted_along(axis, weights)?;
        operands.or(fill).reduce_with_sums(Finish::Average, true, shape)?.pair()
    }
}

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    /// The weighted average of all elements, or `fill` if the sum of the weights is zero. The weights have the array's
    /// shape.
    ///
    /// Costs one pass, as [`average`](Self::average).
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
    pub fn average_or<E: Dimension>(&self, weights: &DeviceArray<T, E>, fill: T) -> Result<DeviceArray<T, Ix0>> {
        self.weighted_whole(weights)?.or(fill).reduce(Finish::Average, Ix0())
    }

    /// The same, and the sum of the weights.
    ///
    /// # Errors
    ///
    /// Those of [`average_or`](Self::average_or).
    pub fn average_returned_or<E: Dimension>(
        &self,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, Ix0>, DeviceArray<T, Ix0>)> {
        self.weighted_whole(weights)?.or(fill).reduce_with_sums(Finish::Average, true, Ix0())?.pair()
    }

    /// The weighted average over several axes, and `fill` where the sum of the weights is zero; weights as for
    /// [`average_axes`](Self::average_axes), and so the costs.
    ///
    /// # Errors
    ///
    /// Those of [`average_axes`](Self::average_axes) that come in the call.
    pub fn average_axes_or<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.weighted_over(axes, weights)?;
        operands.or(fill).reduce(Finish::Average, shape)
    }

    /// The same, and the sum of the weights of each.
    ///
    /// # Errors
    ///
    /// Those of [`average_axes_or`](Self::average_axes_or).
    pub fn average_axes_returned_or<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, IxDyn>, DeviceArray<T, IxDyn>)> {
        let (operands, shape) = self.weighted_over(axes, weights)?;
        operands.or(fill).reduce_with_sums(Finish::Average, true, shape)?.pair()
    }
}
