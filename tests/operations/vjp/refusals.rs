//! Backward passes that are refused, with their reason.

use ndarray::{Array1, Array2, Axis, IxDyn, arr0};
use ndgpu::{Device, ErrorKind, Float};

use crate::support::engines::on_every_engine;

fn refusals<T: Float>(device: &Device, name: &str) {
    macro_rules! refused {
        ($kind:expr, $text:expr, [$($result:expr),* $(,)?]) => {
            $({
                let error = $result.err().unwrap_or_else(|| panic!("{name}: {} passed", stringify!($result)));
                assert_eq!(error.kind(), $kind, "{name}: {}: {error}", stringify!($result));
                for text in $text {
                    assert!(error.to_string().contains(text), "{name}: {}: {error}", stringify!($result));
                }
            })*
        };
    }
    let ones = |shape: &[usize]| device.upload(&ndarray::ArrayD::<T>::ones(IxDyn(shape))).unwrap();
    let a = device.upload(&Array2::<T>::ones((2, 3))).unwrap();
    let (two, three) = (device.upload(&Array1::<T>::ones(2)).unwrap(), device.upload(&Array1::<T>::ones(3)).unwrap());
    let one = device.upload(&arr0(T::one())).unwrap();
    let square = device.upload(&Array2::<T>::ones((3, 2))).unwrap();
    let zero = T::zero();

    // Cotangents of another shape than the result: both are named, and what to do.
    refused!(
        ErrorKind::ShapeMismatch,
        ["[3]", "[2]", "give a cotangent for each"],
        [
            a.sum_axis_vjp(Axis(1), &three),
            a.mean_axis_vjp(Axis(1), &three),
            a.var_axis_vjp(Axis(1), zero, &three),
            a.std_axis_vjp(Axis(1), zero, &three),
            a.average_axis_vjp(Axis(1), &three, &three),
            a.weighted_sum_axis_vjp(Axis(1), &three, &three),
            a.sum_axes_vjp(&[Axis(1)], &ones(&[3])),
            a.mean_axes_vjp(&[Axis(1)], &ones(&[3])),
            a.var_axes_vjp(&[Axis(1)], zero, &ones(&[3])),
            a.std_axes_vjp(&[Axis(1)], zero, &ones(&[3])),
            a.average_axes_vjp(&[Axis(1)], &three, &ones(&[3])),
            a.weighted_sum_axes_vjp(&[Axis(1)], &three, &ones(&[3])),
        ]
    );
    refused!(
        ErrorKind::ShapeMismatch,
        ["[3, 2]", "[2, 3]"],
        [a.standardize_axis_vjp(Axis(1), zero, &square), a.standardize_axes_vjp(&[Axis(1)], zero, &square),]
    );
    // Weights, and axes, as in the forward pass.
    refused!(
        ErrorKind::ShapeMismatch,
        ["weights"],
        [
            a.average_axis_vjp(Axis(1), &two, &two),
            a.weighted_sum_axis_vjp(Axis(1), &two, &two),
            a.average_axes_vjp(&[Axis(1)], &two, &ones(&[2])),
            a.average_vjp(&three, &one),
            a.weighted_sum_vjp(&three, &one),
        ]
    );
    refused!(
        ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 },
        ["axis 2"],
        [
            a.sum_axis_vjp(Axis(2), &two),
            a.var_axis_vjp(Axis(2), zero, &two),
            a.average_axis_vjp(Axis(2), &two, &two),
            a.standardize_axis_vjp(Axis(2), zero, &a),
            a.mean_axes_vjp(&[Axis(2)], &ones(&[2])),
        ]
    );
    refused!(
        ErrorKind::RepeatedAxis { axis: 1 },
        ["once"],
        [a.sum_axes_vjp(&[Axis(1), Axis(1)], &ones(&[2])), a.standardize_axes_vjp(&[Axis(1), Axis(1)], zero, &a),]
    );
    // Another device's.
    let elsewhere = Device::cpu();
    let (there, one_there) =
        (elsewhere.upload(&Array1::<T>::ones(2)).unwrap(), elsewhere.upload(&arr0(T::one())).unwrap());
    let (three_there, a_there) =
        (elsewhere.upload(&Array1::<T>::ones(3)).unwrap(), elsewhere.upload(&Array2::<T>::ones((2, 3))).unwrap());
    refused!(
        ErrorKind::DeviceMismatch,
        ["cotangents"],
        [
            a.sum_axis_vjp(Axis(1), &there),
            a.std_axes_vjp(&[Axis(1)], zero, &there.clone().into_dyn()),
            a.mean_vjp(&one_there),
            a.average_axis_vjp(Axis(1), &three, &there),
            a.standardize_axis_vjp(Axis(1), zero, &a_there),
            a.standardize_axes_vjp(&[Axis(1)], zero, &a_there),
        ]
    );
    refused!(
        ErrorKind::DeviceMismatch,
        ["weights"],
        [
            a.average_axis_vjp(Axis(1), &three_there, &two),
            a.weighted_sum_axes_vjp(&[Axis(1)], &three_there, &ones(&[2])),
        ]
    );
}

#[test]
fn bad_calls_are_refused_with_their_reason() {
    on_every_engine!(refusals);
}
