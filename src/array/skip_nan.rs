//! [`SkipNan`]: reductions that skip NaN, on the same kernels. Its methods are those of
//! [`reductions`](crate::array::reductions).

use ndarray::{Axis, Dimension, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::operands::Operands;
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
pub struct SkipNan<'a, T: Float, D: Dimension>(pub(crate) &'a DeviceArray<T, D>);

// Derived implementations would require a `Copy` dimension, which a dynamic one is not.
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
    pub(crate) fn along(self, axis: Axis) -> Result<(Operands, D::Smaller)> {
        let (operands, shape) = self.0.along(axis)?;
        Ok((operands.skipping_nan(), shape))
    }

    pub(crate) fn weighted_along<E: Dimension>(
        self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, D::Smaller)> {
        let (operands, shape) = self.0.weighted_along(axis, weights)?;
        Ok((operands.skipping_nan(), shape))
    }
}

impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
    pub(crate) fn whole(self) -> Operands {
        self.0.whole().skipping_nan()
    }

    pub(crate) fn weighted_whole<E: Dimension>(self, weights: &DeviceArray<T, E>) -> Result<Operands> {
        Ok(self.0.weighted_whole(weights)?.skipping_nan())
    }

    pub(crate) fn over(self, axes: &[Axis]) -> Result<(Operands, IxDyn)> {
        let (operands, shape) = self.0.over(axes)?;
        Ok((operands.skipping_nan(), shape))
    }

    pub(crate) fn weighted_over<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, IxDyn)> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        Ok((operands.skipping_nan(), shape))
    }
}
