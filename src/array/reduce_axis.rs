//! Reductions along one axis.

use ndarray::{Axis, Dimension, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::operands::Operands;
use crate::element::Float;
use crate::error::{Error, Result};
use crate::kernels::reduce::op::{AxisSplit, Weights};

impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
    /// Standardizes along an axis: `(a - mean) / std`, in the same shape.
    ///
    /// A constant row yields NaN (0/0), as in `scipy.stats.zscore`: returning 0 would be indistinguishable from values
    /// equal to their mean.
    ///
    /// Costs one pass that reads the array and writes the result where a row fits into a GPU's workgroup memory (along
    /// the last axis, up to 3,072 elements in f32, 1,536 in f64) or the CPU engine's cache (32,768 elements); else
    /// three passes that read the array and one that writes.
    ///
    /// # Errors
    ///
    /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
    pub fn standardize_axis(&self, axis: Axis, ddof: T) -> Result<DeviceArray<T, D>> {
        let (operands, _) = self.along(axis)?;
        let output = operands.standardized(ddof.widen())?;
        Ok(DeviceArray::new(self.device().clone(), output, self.raw_dim(), self.checks().clone()))
    }

    /// The array split at an axis, and the shape without it.
    pub(crate) fn along(&self, axis: Axis) -> Result<(Operands, D::Smaller)> {
        if axis.index() >= self.ndim() {
            return Err(Error::axis_out_of_range(axis.index(), self.shape()));
        }
        Ok((Operands::new(self, view_along(self.shape(), axis)), self.raw_dim().remove_axis(axis)))
    }

    /// [`along`](Self::along) with weights, whose shape is checked.
    pub(crate) fn weighted_along<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
    ) -> Result<(Operands, D::Smaller)> {
        let (operands, shape) = self.along(axis)?;
        let len = self.shape()[axis.index()];
        let fitting = if weights.shape() == self.shape() {
            Weights::PerElement(weights.storage().clone())
        } else if weights.shape() == [len] {
            Weights::Shared(weights.storage().clone())
        } else {
            return Err(Error::shape(format!(
                "weights of shape {:?} do not fit axis {} of an array of shape {:?}; give [{len}], a weight for each \
                 index along the axis, or {:?}, a weight for each element",
                weights.shape(),
                axis.index(),
                self.shape(),
                self.shape()
            )));
        };
        Ok((operands.with_weights(weights, fitting)?, shape))
    }
}

/// A shape split at one of its axes.
fn view_along(shape: &[usize], axis: Axis) -> AxisSplit {
    let (before, rest) = shape.split_at(axis.index());
    AxisSplit { outer: before.iter().product(), len: rest[0], inner: rest[1..].iter().product() }
}
