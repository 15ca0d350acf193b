//! Reductions as if NaN were not there, over several axes and over everything.

use ndarray::{Axis, Dimension, Ix0, IxDyn};

use crate::array::DeviceArray;
use crate::array::skip_nan::SkipNan;
use crate::element::Float;
use crate::error::Result;
use crate::kernels::reduce::op::Finish;

impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
    /// The sum of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::sum`].
    pub fn sum(self) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().reduce(Finish::Sum, Ix0())
    }

    /// The mean of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::mean`].
    pub fn mean(self) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().reduce(Finish::Mean, Ix0())
    }

    /// The weighted average of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average`].
    pub fn average<E: Dimension>(self, weights: &DeviceArray<T, E>) -> Result<DeviceArray<T, Ix0>> {
        self.0.weighted_whole(weights)?.skipping_nan().reduce(Finish::Average, Ix0())
    }

    /// The weighted average of all elements that are not NaN, and the sum of their weights.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average`].
    pub fn average_returned<E: Dimension>(
        self,
        weights: &DeviceArray<T, E>,
    ) -> Result<(DeviceArray<T, Ix0>, DeviceArray<T, Ix0>)> {
        let operands = self.0.weighted_whole(weights)?.skipping_nan();
        operands.reduce_with_sums(Finish::Average, true, Ix0())?.pair()
    }

    /// The weighted average of all elements that are not NaN, or `fill` if there are none, or if their weights sum to zero.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_or`].
    pub fn average_or<E: Dimension>(self, weights: &DeviceArray<T, E>, fill: T) -> Result<DeviceArray<T, Ix0>> {
        self.0.weighted_whole(weights)?.skipping_nan().or(fill).reduce(Finish::Average, Ix0())
    }

    /// The same, and the sum of the weights.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_or`].
    pub fn average_returned_or<E: Dimension>(
        self,
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, Ix0>, DeviceArray<T, Ix0>)> {
        let operands = self.0.weighted_whole(weights)?.skipping_nan().or(fill);
        operands.reduce_with_sums(Finish::Average, true, Ix0())?.pair()
    }

    /// The weighted sum of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::weighted_sum`].
    pub fn weighted_sum<E: Dimension>(self, weights: &DeviceArray<T, E>) -> Result<DeviceArray<T, Ix0>> {
        self.0.weighted_whole(weights)?.skipping_nan().reduce(Finish::Sum, Ix0())
    }

    /// The variance of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::var`].
    pub fn var(self, ddof: T) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().spread(Finish::Var, ddof.widen(), Ix0())
    }

    /// The standard deviation of all elements that are not NaN.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::std`].
    pub fn std(self, ddof: T) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().spread(Finish::Std, ddof.widen(), Ix0())
    }

    /// The smallest of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min`].
    pub fn min(self) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().reduce(Finish::Min, Ix0())
    }

    /// The largest of all elements that are not NaN; NaN if there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::max`].
    pub fn max(self) -> Result<DeviceArray<T, Ix0>> {
        self.0.whole().skipping_nan().reduce(Finish::Max, Ix0())
    }
}

impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
    /// The sum over several axes of the values that are not NaN; 0 where there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::sum_axes`].
    pub fn sum_axes(self, axes: &[Axis]) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().reduce(Finish::Sum, shape)
    }

    /// The mean over several axes of the values that are not NaN; NaN where there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::mean_axes`].
    pub fn mean_axes(self, axes: &[Axis]) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().reduce(Finish::Mean, shape)
    }

    /// The weighted average over several axes of the values that are not NaN. As [`DeviceArray::average_axes`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axes`]; where there is nothing but NaN the sum of the weights is zero.
    pub fn average_axes<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        operands.skipping_nan().reduce(Finish::Average, shape)
    }

    /// The weighted average over several axes of the values that are not NaN, and the sum of the weights of each.
    ///
    /// # Errors
    ///
    /// Those of [`average_axes`](Self::average_axes).
    pub fn average_axes_returned<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<(DeviceArray<T, IxDyn>, DeviceArray<T, IxDyn>)> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        operands.skipping_nan().reduce_with_sums(Finish::Average, true, shape)?.pair()
    }

    /// The weighted average over several axes of the values that are not NaN, and `fill` where there are none, or where
    /// their weights sum to zero. As [`DeviceArray::average_axes_or`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axes_or`].
    pub fn average_axes_or<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        operands.skipping_nan().or(fill).reduce(Finish::Average, shape)
    }

    /// The same, and the sum of the weights of each.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::average_axes_or`].
    pub fn average_axes_returned_or<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        fill: T,
    ) -> Result<(DeviceArray<T, IxDyn>, DeviceArray<T, IxDyn>)> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        operands.skipping_nan().or(fill).reduce_with_sums(Finish::Average, true, shape)?.pair()
    }

    /// The weighted sum over several axes of the values that are not NaN. As [`DeviceArray::weighted_sum_axes`].
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::weighted_sum_axes`].
    pub fn weighted_sum_axes<E: Dimension>(
        self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
    ) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.weighted_over(axes, weights)?;
        operands.skipping_nan().reduce(Finish::Sum, shape)
    }

    /// The variance over several axes of the values that are not NaN; NaN where there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::var_axes`].
    pub fn var_axes(self, axes: &[Axis], ddof: T) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().spread(Finish::Var, ddof.widen(), shape)
    }

    /// The standard deviation over several axes of the values that are not NaN; NaN where there are none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::std_axes`].
    pub fn std_axes(self, axes: &[Axis], ddof: T) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().spread(Finish::Std, ddof.widen(), shape)
    }

    /// The smallest value over several axes that is not NaN; NaN where there is none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min_axes`].
    pub fn min_axes(self, axes: &[Axis]) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().reduce(Finish::Min, shape)
    }

    /// The largest value over several axes that is not NaN; NaN where there is none.
    ///
    /// # Errors
    ///
    /// Those of [`DeviceArray::min_axes`].
    pub fn max_axes(self, axes: &[Axis]) -> Result<DeviceArray<T, IxDyn>> {
        let (operands, shape) = self.0.over(axes)?;
        operands.skipping_nan().reduce(Finish::Max, shape)
    }
}
