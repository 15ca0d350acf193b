//! The backward passes of reductions, generated from one list: along an axis, over several axes, and of all elements.
//!
//! The list at the end names each once, with the documentation of its form along an axis, to which the other forms
//! refer. What they compute is in [`backward`](crate::array::backward).

use ndarray::{Axis, Dimension, Ix0, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::backward::Backward;
use crate::element::Float;
use crate::error::Result;

/// One method. `$backward` is what the pass begins with, `$($arg)*` the parameter that names the axes.
macro_rules! method {
    (
        $(#[$doc:meta])*
        plain $name:ident ($self:ident $(, $arg:ident: $type:ty)?; $g:ident: $shape:ty), $backward:expr, $pass:ident
    ) => {
        $(#[$doc])*
        pub fn $name(&$self, $($arg: $type,)? $g: &DeviceArray<T, $shape>) -> Result<Self> {
            $self.cotangents($backward, Backward::$pass)
        }
    };
    (
        $(#[$doc:meta])*
        variance $name:ident ($self:ident $(, $arg:ident: $type:ty)?; $g:ident: $shape:ty), $backward:expr, $pass:ident
    ) => {
        $(#[$doc])*
        pub fn $name(&$self, $($arg: $type,)? ddof: T, $g: &DeviceArray<T, $shape>) -> Result<Self> {
            $self.cotangents($backward, |backward| backward.$pass(ddof.widen()))
        }
    };
    (
        $(#[$doc:meta])*
        weighted $name:ident ($self:ident $(, $arg:ident: $type:ty)?; $weights:ident, $g:ident: $shape:ty),
        $backward:expr, $pass:expr
    ) => {
        $(#[$doc])*
        pub fn $name<E: Dimension>(
            &$self,
            $($arg: $type,)?
            $weights: &DeviceArray<T, E>,
            $g: &DeviceArray<T, $shape>,
        ) -> Result<(Self, DeviceArray<T, E>)> {
            $self.cotangents_with($weights, $backward, $pass)
        }
    };
}

/// The documentation of the forms that are derived from the one along an axis.
macro_rules! derived_doc {
    (axes $axis:ident, $forward:literal, $errors:literal) => {
        concat!(
            "The backward pass of [`",
            $forward,
            "`](Self::",
            $forward,
            "); see [`",
            stringify!($axis),
            "`](Self::",
            stringify!($axis),
            "). `g` has the shape of its result.\n\n",
            "Costs as much if the axes are neighbours; else the operands are rearranged first and the cotangents \
             afterwards, with one read-and-write pass for each group of axes that moves.\n\n# Errors\n\n",
            "[`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`RepeatedAxis`](crate::ErrorKind::RepeatedAxis), ",
            "[`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), ",
            "[`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), ",
            "[`TooLarge`](crate::ErrorKind::TooLarge) if the axes are not neighbours and an array to be rearranged ",
            "exceeds a binding",
            $errors,
            "."
        )
    };
    (whole $axis:ident, $forward:literal $(, $errors:literal)*) => {
        concat!(
            "The backward pass of [`",
            $forward,
            "`](Self::",
            $forward,
            "); see [`",
            stringify!($axis),
            "`](Self::",
            stringify!($axis),
            "). `g` is the cotangent of its one result.\n\n# Errors\n\n",
            "[`DeviceMismatch`](crate::ErrorKind::DeviceMismatch)",
            $($errors,)*
            "."
        )
    };
}

macro_rules! vjps {
    (
        plain {$(
            $(#[$doc:meta])*
            $kind:ident $axis:ident, $axes:ident of $axes_forward:literal, $whole:ident of $whole_forward:literal =
            $pass:ident;
        )*}
        weighted {$(
            $(#[$weighted_doc:meta])*
            $weighted_axis:ident, $weighted_axes:ident of $weighted_axes_forward:literal,
            $weighted_whole:ident of $weighted_whole_forward:literal = $weighted_pass:expr, errors: $errors:literal;
        )*}
    ) => {
        /// Backward passes of reductions along one axis.
        impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
            $(method! {
                $(#[$doc])*
                $kind $axis (self, axis: Axis; g: D::Smaller), self.backward_along(axis, g)?, $pass
            })*
            $(method! {
                $(#[$weighted_doc])*
                weighted $weighted_axis (self, axis: Axis; weights, g: D::Smaller),
                self.weighted_backward_along(axis, weights, g)?, $weighted_pass
            })*
        }

        /// Backward passes of reductions over several axes, and of all elements.
        impl<T: Float, D: Dimension> DeviceArray<T, D> {
            $(
                method! {
                    #[doc = derived_doc!(axes $axis, $axes_forward, "")]
                    $kind $axes (self, axes: &[Axis]; g: IxDyn), self.backward_over(axes, g)?, $pass
                }
                method! {
                    #[doc = derived_doc!(whole $axis, $whole_forward)]
                    $kind $whole (self; g: Ix0), self.backward_whole(g)?, $pass
                }
            )*
            $(
                method! {
                    #[doc = derived_doc!(axes $weighted_axis, $weighted_axes_forward, $errors)]
                    weighted $weighted_axes (self, axes: &[Axis]; weights, g: IxDyn),
                    self.weighted_backward_over(axes, weights, g)?, $weighted_pass
                }
                method! {
                    #[doc = derived_doc!(
                        whole $weighted_axis, $weighted_whole_forward,
                        ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if the weights do not fit", $errors
                    )]
                    weighted $weighted_whole (self; weights, g: Ix0),
                    self.weighted_backward_whole(weights, g)?, $weighted_pass
                }
            )*
        }
    };
}

vjps! {
    plain {
        /// The backward pass of [`sum_axis`](Self::sum_axis): the cotangents of the array, which are `g`, those of the
        /// sums, for each element of a row.
        ///
        /// `g` has the shape of the sums, the result that of the array, whose values are not read.
        ///
        /// Costs one pass that writes the result and reads `g`.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if
        /// `g` has another shape, [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
        plain sum_axis_vjp, sum_axes_vjp of "sum_axes", sum_vjp of "sum" = sum;

        /// The backward pass of [`mean_axis`](Self::mean_axis): the cotangents of the array, which are `g / n` for each
        /// of the `n` elements of a row.
        ///
        /// Shapes, costs and errors are those of [`sum_axis_vjp`](Self::sum_axis_vjp).
        ///
        /// # Errors
        ///
        /// Those of [`sum_axis_vjp`](Self::sum_axis_vjp).
        plain mean_axis_vjp, mean_axes_vjp of "mean_axes", mean_vjp of "mean" = mean;

        /// The backward pass of [`var_axis`](Self::var_axis): the cotangents of the array,
        /// `2 g (a - mean) / (n - ddof)`.
        ///
        /// `g` has the shape of the variances, the result that of the array. As for the variance, `n - ddof` is not
        /// less than 0; where it is 0, and where there are NaN and infinities, the result is what IEEE 754 makes of the
        /// formula. The mean is rounded, so that a deviation loses what that rounding is of it.
        ///
        /// Costs two passes that read the array, of which the second writes the result.
        ///
        /// # Errors
        ///
        /// Those of [`sum_axis_vjp`](Self::sum_axis_vjp).
        variance var_axis_vjp, var_axes_vjp of "var_axes", var_vjp of "var" = var;

        /// The backward pass of [`std_axis`](Self::std_axis): the cotangents of the array,
        /// `g (a - mean) / (std (n - ddof))`, and 0 where the standard deviation is 0.
        ///
        /// A constant row has no slope to give: its standard deviation of 0 grows in every direction. Everything else
        /// is as for [`var_axis_vjp`](Self::var_axis_vjp).
        ///
        /// Costs three passes that read the array, of which the last writes the result.
        ///
        /// # Errors
        ///
        /// Those of [`sum_axis_vjp`](Self::sum_axis_vjp).
        variance std_axis_vjp, std_axes_vjp of "std_axes", std_vjp of "std" = std;
    }
    weighted {
        /// The backward pass of [`average_axis`](Self::average_axis): the cotangents of the array, `g w / W`, and of
        /// the weights, `g (a - average) / W`, where `W` is the sum of the weights and `g` has the cotangents of the
        /// averages.
        ///
        /// `g` has the shape of the averages; the results have those of the array and of the weights. The cotangents of
        /// weights along the axis are sums over all rows, in twice the precision and rounded once. The averages are
        /// rounded, so that a deviation from one loses what that rounding is of it.
        ///
        /// Costs the pass of [`average_axis`](Self::average_axis), which reads the array and the weights; one that
        /// writes the first result; and one that reads the array again and writes the second. Nothing of the array's
        /// size is written besides.
        ///
        /// ```
        /// use ndarray::{Axis, arr1, arr2};
        /// use ndgpu::Device;
        ///
        /// let device = Device::cpu();
        /// let a = device.upload(&arr2(&[[1.0_f32, 2.0], [3.0, 5.0]]))?;
        /// let weights = device.upload(&arr1(&[1.0_f32, 3.0]))?;
        /// // The averages are 1.75 and 4.5. A loss that depends on them has these derivatives with respect to them.
        /// let g = device.upload(&arr1(&[8.0_f32, 4.0]))?;
        ///
        /// let (d_a, d_weights) = a.average_axis_vjp(Axis(1), &weights, &g)?;
        /// assert_eq!(d_a.readback().wait()?.view(), arr2(&[[2.0, 6.0], [1.0, 3.0]]));
        /// // 8 (1 - 1.75) / 4 + 4 (3 - 4.5) / 4, and 8 (2 - 1.75) / 4 + 4 (5 - 4.5) / 4.
        /// assert_eq!(d_weights.readback().wait()?.view(), arr1(&[-3.0, 1.0]));
        /// # Ok::<(), ndgpu::Error>(())
        /// ```
        ///
        /// # Errors
        ///
        /// In the call: [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange),
        /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch) if `g` or the weights have another shape,
        /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch). With the data of either result:
        /// [`ZeroWeights`](crate::ErrorKind::ZeroWeights), as from [`average_axis`](Self::average_axis).
        average_axis_vjp, average_axes_vjp of "average_axes", average_vjp of "average" = Backward::average::<T>,
            errors: ", and with the data [`ZeroWeights`](crate::ErrorKind::ZeroWeights)";

        /// The backward pass of [`weighted_sum_axis`](Self::weighted_sum_axis): the cotangents of the array, `g w`, and
        /// of the weights, `g a`.
        ///
        /// `g` has the shape of the sums; the results have those of the array and of the weights. The cotangents of
        /// weights along the axis are sums over all rows, in twice the precision and rounded once.
        ///
        /// Costs one pass that reads the weights and writes the first result, and one that reads the array and writes
        /// the second.
        ///
        /// # Errors
        ///
        /// Those of [`sum_axis_vjp`](Self::sum_axis_vjp), of which [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch)
        /// also if the weights do not fit.
        weighted_sum_axis_vjp, weighted_sum_axes_vjp of "weighted_sum_axes", weighted_sum_vjp of "weighted_sum" =
            Backward::weighted_sum, errors: "";
    }
}

impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
    /// The backward pass of [`standardize_axis`](Self::standardize_axis): the cotangents of the array,
    /// `(g - mean(g) - z Σ g z / (n - ddof)) / std`, with the scores `z = (a - mean) / std`, and means and sums over
    /// the elements of a row.
    ///
    /// `g` has the shape of the scores, which is that of the array and of the result. A constant row, whose scores are
    /// NaN, has cotangents that are NaN; for everything else that is not finite IEEE 754 decides.
    ///
    /// Costs three passes that read the array, of which the last writes the scores to memory of the array's size; two
    /// that read `g`, one of them with the scores; and one that reads both and writes the result.
    ///
    /// # Errors
    ///
    /// Those of [`sum_axis_vjp`](Self::sum_axis_vjp).
    pub fn standardize_axis_vjp(&self, axis: Axis, ddof: T, g: &Self) -> Result<Self> {
        self.cotangents(self.elementwise_backward_along(axis, g)?, |backward| backward.standardize(ddof.widen()))
    }
}

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    #[doc = derived_doc!(axes standardize_axis_vjp, "standardize_axes", "")]
    pub fn standardize_axes_vjp(&self, axes: &[Axis], ddof: T, g: &Self) -> Result<Self> {
        self.cotangents(self.elementwise_backward_over(axes, g)?, |backward| backward.standardize(ddof.widen()))
    }
}
