//! Calls that are refused, and the smallest that are not.

use ndarray::{Array1, Array2, ArrayD, Axis, Ix0, arr0, arr1, arr2};
use ndgpu::{Device, DeviceArray, ErrorKind, Float};

use crate::support::arrays::read;
use crate::support::engines::on_every_engine;
use crate::support::numbers::value;

fn refusals<T: Float>(device: &Device, name: &str) {
    let none = device.upload(&Array2::<T>::zeros((0, 3))).unwrap();
    let two = device.upload(&Array2::<T>::ones((2, 3))).unwrap();
    let scalar = device.upload(&arr0(value::<T>(2.0))).unwrap();
    macro_rules! kind {
        ($result:expr) => {
            $result.map(|_| ()).map_err(|error| error.kind())
        };
    }
    macro_rules! each {
        ($array:expr, $axis:expr, $want:expr, [$($method:ident),*]) => {
            $(assert_eq!(kind!($array.$method(Axis($axis))), $want, "{name}: {}", stringify!($method));)*
        };
    }
    let empty = Err(ErrorKind::EmptyReduction);
    each!(none, 0, empty, [min_axis, max_axis, argmin_axis, argmax_axis]);
    each!(none.skip_nan(), 0, empty, [min_axis, max_axis]);
    each!(none, 1, Ok(()), [min_axis, max_axis, argmin_axis, argmax_axis]);
    assert_eq!(read(none.argmax_axis(Axis(1)).unwrap()).shape(), [0]);
    assert_eq!(read(none.skip_nan().max_axis(Axis(1)).unwrap()).shape(), [0]);
    assert_eq!([kind!(none.min()), kind!(none.max()), kind!(none.skip_nan().min())], [empty; 3], "{name}");
    assert_eq!([kind!(none.argmin()), kind!(none.argmax())], [empty; 2], "{name}");
    assert_eq!(kind!(none.min_axes(&[Axis(0), Axis(1)])), empty, "{name}");
    assert_eq!(kind!(none.max_axes(&[Axis(0)])), empty, "{name}");

    let beyond = Err(ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 });
    each!(two, 2, beyond, [min_axis, max_axis, argmin_axis, argmax_axis, mean_axis]);
    each!(two.skip_nan(), 2, beyond, [sum_axis, mean_axis, min_axis, max_axis]);
    assert_eq!(kind!(two.var_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.std_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.standardize_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.skip_nan().var_axis(Axis(2), T::zero())), beyond, "{name}");
    assert_eq!(kind!(two.max_axes(&[Axis(2)])), beyond, "{name}");
    assert_eq!(kind!(two.standardize_axes(&[Axis(0), Axis(2)], T::zero())), beyond, "{name}");
    let repeated = Err(ErrorKind::RepeatedAxis { axis: 1 });
    assert_eq!(kind!(two.standardize_axes(&[Axis(1), Axis(1)], T::zero())), repeated, "{name}");
    assert_eq!(kind!(two.std_axes(&[Axis(1), Axis(1)], T::zero())), repeated, "{name}");
    let three = device.upload(&Array1::<T>::ones(2)).unwrap();
    let mismatch = Err(ErrorKind::ShapeMismatch);
    assert_eq!(kind!(two.skip_nan().average_axis(Axis(1), &three)), mismatch, "{name}");
    let elsewhere = Device::cpu().upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(kind!(two.skip_nan().weighted_sum_axis(Axis(1), &elsewhere)), Err(ErrorKind::DeviceMismatch), "{name}");

    // One number is the smallest and the largest there is.
    let number = |array: DeviceArray<T, Ix0>| read(array).into_scalar();
    assert_eq!(number(scalar.min().unwrap()), value(2.0), "{name}");
    assert_eq!(number(scalar.var(T::zero()).unwrap()), T::zero(), "{name}");
    assert_eq!(read(scalar.argmax().unwrap()), arr0(0), "{name}");
    // Both zeros tie.
    let zeros = device.upload(&arr1(&[-T::zero(), T::zero()])).unwrap();
    assert_eq!(read(zeros.argmax().unwrap()), arr0(0), "{name}");
    assert_eq!(read(zeros.argmin().unwrap()), arr0(0), "{name}");
}

#[test]
fn bad_calls_are_refused_with_their_reason() {
    on_every_engine!(refusals);
}

fn refused_weights<T: Float>(device: &Device, _: &str) {
    let a = device.upload(&arr2(&[[T::one(); 3]; 2])).unwrap();
    let w = |shape: &[usize]| device.upload(&ArrayD::<T>::ones(shape)).unwrap();
    assert_eq!(a.sum_axis(Axis(2)).unwrap_err().kind(), ErrorKind::AxisOutOfRange { axis: 2, ndim: 2 });
    for shape in [&[2][..], &[1, 3], &[3, 2], &[]] {
        let error = a.average_axis(Axis(1), &w(shape)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ShapeMismatch);
        assert!(error.to_string().contains("[2, 3]"), "{error}");
    }
    assert_eq!(a.average(&w(&[3])).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    let scalar = device.upload(&arr0(T::one())).unwrap().into_dyn();
    assert_eq!(scalar.sum_axis(Axis(0)).unwrap_err().kind(), ErrorKind::AxisOutOfRange { axis: 0, ndim: 0 });
    let elsewhere = Device::cpu().upload(&Array1::<T>::ones(3)).unwrap();
    assert_eq!(a.average_axis(Axis(1), &elsewhere).unwrap_err().kind(), ErrorKind::DeviceMismatch);
}

#[test]
fn a_bad_call_is_refused_with_its_reason() {
    on_every_engine!(refused_weights);
}
