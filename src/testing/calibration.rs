//! The measurement by which a device's accumulator is chosen: only hardware is asked, so it is run here by itself.

use crate::Device;
use crate::engine::info::{Accumulator, DeviceKind};
use crate::kernels::reduce::gpu::calibrate::measured;
use crate::support::devices::open_gpu;

#[test]
fn one_of_two_accumulators_is_faster() {
    let device = open_gpu(Device::builder().kernels_for(DeviceKind::DiscreteGpu));
    let context = device.engine().gpu().expect("a GPU was opened");
    if device.info().supports_f64 {
        let faster = measured::faster(context).unwrap();
        assert!(matches!(faster, Accumulator::Float64 | Accumulator::FusedFloat32), "{faster}");
    }
}
