//! Every reduction of an array, generated from one list: along an axis, over several axes, and of all elements,
//! including or skipping NaN ([`SkipNan`]).
//!
//! The list at the end names each reduction once, with the documentation of its form along an axis, to which the other
//! forms refer. A new reduction is a line there and a variant of [`Reduction`].

use ndarray::{Axis, Dimension, Ix0, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::skip_nan::SkipNan;
use crate::element::Float;
use crate::error::Result;
use crate::kernels::reduce::op::Reduction;

/// One method. `$operands` is the array and the shape of the result, `$($arg)*` the parameter that names the axes.
macro_rules! method {
    (
        $(#[$doc:meta])*
        values $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) -> $shape:ty, $operands:expr, $reduction:ident
    ) => {
        $(#[$doc])*
        pub fn $name($($receiver)+, $($arg: $type)?) -> Result<DeviceArray<T, $shape>> {
            let (operands, shape) = $operands;
            operands.reduce(Reduction::$reduction, shape)
        }
    };
    (
        $(#[$doc:meta])*
        variance $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) -> $shape:ty, $operands:expr,
        $reduction:ident
    ) => {
        $(#[$doc])*
        pub fn $name($($receiver)+, $($arg: $type,)? ddof: T) -> Result<DeviceArray<T, $shape>> {
            let (operands, shape) = $operands;
            operands.variance(Reduction::$reduction, ddof.widen(), shape)
        }
    };
    (
        $(#[$doc:meta])*
        index $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) -> $shape:ty, $operands:expr, $reduction:ident
    ) => {
        $(#[$doc])*
        pub fn $name($($receiver)+, $($arg: $type)?) -> Result<DeviceArray<u32, $shape>> {
            let (operands, shape) = $operands;
            operands.arg_extremum(Reduction::$reduction, shape)
        }
    };
    (
        $(#[$doc:meta])*
        weighted $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) $weights:ident -> $shape:ty, $operands:expr,
        $reduction:ident
    ) => {
        $(#[$doc])*
        pub fn $name<E: Dimension>(
            $($receiver)+,
            $($arg: $type,)?
            $weights: &DeviceArray<T, E>,
        ) -> Result<DeviceArray<T, $shape>> {
            let (operands, shape) = $operands;
            operands.reduce(Reduction::$reduction, shape)
        }
    };
    (
        $(#[$doc:meta])*
        returned $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) $weights:ident -> $shape:ty, $operands:expr,
        $reduction:ident
    ) => {
        $(#[$doc])*
        #[allow(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
        pub fn $name<E: Dimension>(
            $($receiver)+,
            $($arg: $type,)?
            $weights: &DeviceArray<T, E>,
        ) -> Result<(DeviceArray<T, $shape>, DeviceArray<T, $shape>)> {
            let (operands, shape) = $operands;
            operands.reduce_with_sums(Reduction::$reduction, true, shape)?.pair()
        }
    };
    (
        $(#[$doc:meta])*
        filled $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) $weights:ident -> $shape:ty, $operands:expr,
        $reduction:ident
    ) => {
        $(#[$doc])*
        pub fn $name<E: Dimension>(
            $($receiver)+,
            $($arg: $type,)?
            $weights: &DeviceArray<T, E>,
            fill: T,
        ) -> Result<DeviceArray<T, $shape>> {
            let (operands, shape) = $operands;
            operands.or(fill).reduce(Reduction::$reduction, shape)
        }
    };
    (
        $(#[$doc:meta])*
        filled_returned $name:ident [$($receiver:tt)+] ($($arg:ident: $type:ty)?) $weights:ident -> $shape:ty,
        $operands:expr, $reduction:ident
    ) => {
        $(#[$doc])*
        #[allow(clippy::type_complexity, reason = "a pair of the plain result type reads best")]
        pub fn $name<E: Dimension>(
            $($receiver)+,
            $($arg: $type,)?
            $weights: &DeviceArray<T, E>,
            fill: T,
        ) -> Result<(DeviceArray<T, $shape>, DeviceArray<T, $shape>)> {
            let (operands, shape) = $operands;
            operands.or(fill).reduce_with_sums(Reduction::$reduction, true, shape)?.pair()
        }
    };
}

/// The documentation of the forms that are derived from the one along an axis.
macro_rules! derived_doc {
    (axes $what:literal, $axis:ident, $errors:literal) => {
        concat!(
            "The ",
            $what,
            " over several axes; see [`",
            stringify!($axis),
            "`](Self::",
            stringify!($axis),
            ").\n\n",
            "Costs as many passes if the axes are neighbours; else the array (and the weights) are rearranged first, \
             with ",
            "one read-and-write pass for each group of axes that moves. With no axes at all the array stays as it is.",
            "\n\n# Errors\n\n",
            "[`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`RepeatedAxis`](crate::ErrorKind::RepeatedAxis), ",
            "[`TooLarge`](crate::ErrorKind::TooLarge) if the axes are not neighbours and an array to be rearranged ",
            "exceeds a binding",
            $errors,
            "."
        )
    };
    (whole $what:literal, $axis:ident, $errors:literal) => {
        concat!(
            "The ",
            $what,
            " of all elements; see [`",
            stringify!($axis),
            "`](Self::",
            stringify!($axis),
            ").\n\n",
            "# Errors\n\nOnly those of any call: a lost device, lack of memory",
            $errors,
            "."
        )
    };
    (skipping $where:literal, $what:literal, $of:ident, $none:literal) => {
        concat!(
            "The ",
            $what,
            $where,
            " of the values that are not NaN; ",
            $none,
            " where there are none. As \
             [`DeviceArray::",
            stringify!($of),
            "`].\n\n# Errors\n\nThose of [`DeviceArray::",
            stringify!($of),
            "`]."
        )
    };
}

macro_rules! reductions {
    (
        plain {$(
            $(#[$doc:meta])*
            $kind:ident $axis:ident, $axes:ident, $whole:ident = $reduction:ident,
            $what:literal, none: $none:literal, errors: $errors:literal;
        )*}
        indices {$(
            $(#[$index_doc:meta])*
            $index_axis:ident, $index_whole:ident = $index_reduction:ident, $index_what:literal;
        )*}
        weighted {$(
            $(#[$weighted_doc:meta])*
            $weighted_kind:ident $weighted_axis:ident, $weighted_axes:ident,
            $weighted_whole:ident = $weighted_reduction:ident,
            $weighted_what:literal, none: $weighted_none:literal, errors: $weighted_errors:literal;
        )*}
    ) => {
        /// Reductions along one axis.
        impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
            $(method! {
                $(#[$doc])*
                $kind $axis [&self] (axis: Axis) -> D::Smaller, self.along(axis)?, $reduction
            })*
            $(method! {
                $(#[$index_doc])*
                index $index_axis [&self] (axis: Axis) -> D::Smaller, self.along(axis)?, $index_reduction
            })*
            $(method! {
                $(#[$weighted_doc])*
                $weighted_kind $weighted_axis [&self] (axis: Axis) weights -> D::Smaller,
                self.weighted_along(axis, weights)?, $weighted_reduction
            })*
        }

        /// Reductions over several axes, and of all elements.
        impl<T: Float, D: Dimension> DeviceArray<T, D> {
            $(
                method! {
                    #[doc = derived_doc!(axes $what, $axis, $errors)]
                    $kind $axes [&self] (axes: &[Axis]) -> IxDyn, self.over(axes)?, $reduction
                }
                method! {
                    #[doc = derived_doc!(whole $what, $axis, $errors)]
                    $kind $whole [&self] () -> Ix0, (self.whole(), Ix0()), $reduction
                }
            )*
            $(method! {
                #[doc = concat!(
                    "The row-major index of the ", $index_what, " of all elements: the first of equals, and the first \
                     NaN ",
                    "if there is one.\n\n# Errors\n\n[`EmptyReduction`](crate::ErrorKind::EmptyReduction)."
                )]
                index $index_whole [&self] () -> Ix0, (self.whole(), Ix0()), $index_reduction
            })*
            $(
                method! {
                    #[doc = derived_doc!(axes $weighted_what, $weighted_axis, $weighted_errors)]
                    ///
                    /// The weights have the lengths of the axes, in the order in which the axes are named, or the
                    /// array's own shape.
                    $weighted_kind $weighted_axes [&self] (axes: &[Axis]) weights -> IxDyn,
                    self.weighted_over(axes, weights)?, $weighted_reduction
                }
                method! {
                    #[doc = derived_doc!(whole $weighted_what, $weighted_axis, $weighted_errors)]
                    ///
                    /// The weights have the array's shape.
                    $weighted_kind $weighted_whole [&self] () weights -> Ix0,
                    (self.weighted_whole(weights)?, Ix0()), $weighted_reduction
                }
            )*
        }

        /// Reductions along one axis.
        impl<T: Float, D: RemoveAxis> SkipNan<'_, T, D> {
            $(method! {
                #[doc = derived_doc!(skipping " along an axis", $what, $axis, $none)]
                $kind $axis [self] (axis: Axis) -> D::Smaller, self.along(axis)?, $reduction
            })*
            $(method! {
                #[doc = derived_doc!(skipping " along an axis", $weighted_what, $weighted_axis, $weighted_none)]
                $weighted_kind $weighted_axis [self] (axis: Axis) weights -> D::Smaller,
                self.weighted_along(axis, weights)?, $weighted_reduction
            })*
        }

        /// Reductions over several axes, and of all elements.
        impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
            $(
                method! {
                    #[doc = derived_doc!(skipping " over several axes", $what, $axes, $none)]
                    $kind $axes [self] (axes: &[Axis]) -> IxDyn, self.over(axes)?, $reduction
                }
                method! {
                    #[doc = derived_doc!(skipping "", $what, $whole, $none)]
                    $kind $whole [self] () -> Ix0, (self.whole(), Ix0()), $reduction
                }
            )*
            $(
                method! {
                    #[doc = derived_doc!(skipping " over several axes", $weighted_what, $weighted_axes, $weighted_none)]
                    $weighted_kind $weighted_axes [self] (axes: &[Axis]) weights -> IxDyn,
                    self.weighted_over(axes, weights)?, $weighted_reduction
                }
                method! {
                    #[doc = derived_doc!(skipping "", $weighted_what, $weighted_whole, $weighted_none)]
                    $weighted_kind $weighted_whole [self] () weights -> Ix0,
                    (self.weighted_whole(weights)?, Ix0()), $weighted_reduction
                }
            )*
        }
    };
}

reductions! {
    plain {
        /// The sum along an axis; 0 along an axis of length 0.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
        values sum_axis, sum_axes, sum = Sum,
            "sum", none: "0", errors: "";

        /// The mean along an axis; NaN along an axis of length 0.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
        values mean_axis, mean_axes, mean = Mean,
            "mean", none: "NaN", errors: "";

        /// The variance along an axis, `Σ (a - mean)² / (n - ddof)`; `ddof` is 0 for a population and 1 for a sample.
        ///
        /// NaN along an axis of length 0. Where `n - ddof` is not positive: NaN if all deviations are zero, else
        /// infinity. An infinite value makes the result NaN; an overflow of the sum or the squares makes it infinite.
        ///
        /// Costs two passes: one for the means and one for the deviations from them, so that a large offset costs no
        /// precision.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
        variance var_axis, var_axes, var = Var,
            "variance", none: "NaN", errors: "";

        /// The standard deviation along an axis: the square root of [`var_axis`](Self::var_axis).
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange).
        variance std_axis, std_axes, std = Std,
            "standard deviation", none: "NaN", errors: "";

        /// The smallest value along an axis; NaN if any value is NaN. A zero is always `+0.0`.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`EmptyReduction`](crate::ErrorKind::EmptyReduction)
        /// along an axis of length 0 (unless the result is empty too).
        values min_axis, min_axes, min = Min,
            "smallest value", none: "NaN", errors: ", and [`EmptyReduction`](crate::ErrorKind::EmptyReduction)";

        /// The largest value along an axis; NaN if any value is NaN. A zero is always `+0.0`.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// Those of [`min_axis`](Self::min_axis).
        values max_axis, max_axes, max = Max,
            "largest value", none: "NaN", errors: ", and [`EmptyReduction`](crate::ErrorKind::EmptyReduction)";
    }
    indices {
        /// The index along an axis of the smallest value: the first of equals, and the first NaN if there is one.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// Those of [`min_axis`](Self::min_axis).
        argmin_axis, argmin = ArgMin, "smallest";

        /// The index along an axis of the largest value: the first of equals, and the first NaN if there is one.
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
        argmax_axis, argmax = ArgMax, "largest";
    }
    weighted {
        /// The weighted average along an axis, `Σ w·a / Σ w`, as `numpy.average(a, axis, weights)`.
        ///
        /// `weights` has the length of the axis, or the array's own shape; it is never broadcast. The result has the
        /// array's shape without the axis.
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
        /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
        /// With the data: [`ZeroWeights`](crate::ErrorKind::ZeroWeights) if any of the sums of weights is zero (also
        /// that of an axis of length 0), at the readback of the result or of anything computed from it.
        weighted average_axis, average_axes, average = Average,
            "weighted average", none: "no average (the sum of the weights is zero)",
            errors: ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), \
            [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), \
            and with the data [`ZeroWeights`](crate::ErrorKind::ZeroWeights)";

        /// The weighted averages and the sums of their weights, as `numpy.average(..., returned=True)`: both have the
        /// array's shape without the axis.
        ///
        /// Costs one pass, as [`average_axis`](Self::average_axis).
        ///
        /// # Errors
        ///
        /// Those of [`average_axis`](Self::average_axis).
        returned average_axis_returned, average_axes_returned, average_returned = Average,
            "weighted average, with the sum of the weights,", none: "no average (the sum of the weights is zero)",
            errors: ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), \
            [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), \
            and with the data [`ZeroWeights`](crate::ErrorKind::ZeroWeights)";

        /// The weighted average along an axis, or `fill` where the sum of the weights is zero: a row without weight
        /// does not cost the others their averages, as it does with [`average_axis`](Self::average_axis).
        ///
        /// A NaN sum of weights is not zero: the average is then NaN. `fill` may be NaN or infinite and is returned bit
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
        filled average_axis_or, average_axes_or, average_or = Average,
            "weighted average, or `fill` where the sum of the weights is zero,", none: "`fill`",
            errors: ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), \
            [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch)";

        /// The weighted averages of [`average_axis_or`](Self::average_axis_or), and the sums of their weights, which
        /// are zero where the average is `fill`.
        ///
        /// # Errors
        ///
        /// Those of [`average_axis_or`](Self::average_axis_or).
        filled_returned average_axis_returned_or, average_axes_returned_or, average_returned_or = Average,
            "weighted average, or `fill` where the sum of the weights is zero, with that sum,", none: "`fill`",
            errors: ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), \
            [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch)";

        /// The weighted sum along an axis, `Σ w·a`. Weights as for [`average_axis`](Self::average_axis); their sum may
        /// be zero.
        ///
        /// Costs one pass.
        ///
        /// # Errors
        ///
        /// [`AxisOutOfRange`](crate::ErrorKind::AxisOutOfRange), [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch),
        /// [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch).
        weighted weighted_sum_axis, weighted_sum_axes, weighted_sum = Sum,
            "weighted sum", none: "0",
            errors: ", [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), \
            [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch)";
    }
}
