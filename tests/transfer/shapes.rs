//! Other shapes, element types and devices of the same values.

use ndarray::{Array, ArrayD, Axis, IxDyn, arr1};
use ndgpu::{Device, DeviceKind, ErrorKind, Float};

use crate::support::engines::on_every_engine;

fn shapes<T: Float>(device: &Device, name: &str) {
    let a = device.upload(&Array::from_shape_fn((2, 6), |(i, j)| T::from(i * 6 + j).unwrap())).unwrap();
    assert_eq!(a.reshape((3, 4)).unwrap().readback().wait().unwrap().view()[[2, 3]], T::from(11).unwrap());
    assert_eq!(a.reshape(12).unwrap().shape(), [12]);
    assert_eq!(a.reshape(vec![2, 2, 3]).unwrap().ndim(), 3);
    assert_eq!(a.reshape((5, 2)).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    assert_eq!(a.reshape((usize::MAX, 2)).unwrap_err().kind(), ErrorKind::ShapeMismatch);
    assert_eq!(a.clone().insert_axis(Axis(1)).unwrap().shape(), [2, 1, 6]);
    let kind = a.clone().insert_axis(Axis(3)).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::AxisOutOfRange { axis: 3, ndim: 3 });
    assert_eq!(a.clone().into_dyn().raw_dim(), IxDyn(&[2, 6]));
    assert!(!a.is_empty() && device.upload(&ArrayD::<T>::zeros(vec![3, 0])).unwrap().is_empty());
    let text = format!("{a:?}");
    assert!(text.contains("[2, 6]") && text.contains(T::TYPE.name()), "{name}: {text}");
    let indices = device.upload(&arr1(&[1_u32, 2, u32::MAX])).unwrap();
    assert_eq!(indices.readback().wait().unwrap().view(), arr1(&[1, 2, u32::MAX]), "{name}");
    let other = Device::cpu();
    let moved = a.to_device(&other).unwrap();
    assert_eq!(moved.device().info().kind, DeviceKind::Cpu);
    let back = moved.to_device(device).unwrap();
    assert_eq!(back.readback().wait().unwrap().view(), a.readback().wait().unwrap().view());
    assert_eq!((other.transfers().uploads, other.transfers().readbacks), (1, 1));
}

#[test]
fn shapes_change_without_a_copy() {
    on_every_engine!(shapes);
}
