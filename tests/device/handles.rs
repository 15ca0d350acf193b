//! Handles of devices.

use ndarray::arr1;
use ndgpu::Device;

#[test]
fn handles_of_one_device_are_equal() {
    let device = Device::cpu();
    let array = device.upload(&arr1(&[1.0_f32])).unwrap();
    assert_eq!(array.device(), &device);
    assert_ne!(device, Device::cpu());
    assert_eq!(std::collections::HashSet::from([device.clone(), device, Device::cpu()]).len(), 2);
}
