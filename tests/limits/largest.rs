//! The limits that a device really has, and what is said beyond them.

use ndarray::{Array1, Array2, ArrayView1, Axis, ShapeBuilder};
use ndgpu::{Device, DeviceArray, ErrorKind, InterpTable};

use crate::support::engines::fresh;
use crate::support::report::say;

/// More than 65,535 workgroups, at the limits that the device really has.
#[test]
fn more_workgroups_than_a_dimension_has() {
    let device = fresh("gpu f32");
    // Groups of 64 with four elements each.
    let len = 65_536 * 64 * 4 + 5;
    let x = Array1::from_shape_fn(len, |index| (index % 8191) as f32);
    let table = InterpTable::new(&device, &[0.0_f32, 8192.0], &[1.0_f32, 8193.0]).unwrap();
    let y = table.interp(&device.upload(&x).unwrap()).unwrap().into_readback().wait().unwrap();
    let wrong = y.view().iter().zip(&x).position(|(&y, &x)| y != x + 1.0);
    assert_eq!(wrong, None);
    drop(y);
    // A row each.
    let rows = device.upload(&x).unwrap().reshape((len, 1)).unwrap();
    let sums = rows.sum_axis(Axis(1)).unwrap().into_readback().wait().unwrap();
    assert_eq!(sums.view().iter().zip(&x).position(|(sum, x)| sum != x), None);
}

/// One value, seen many times.
fn broadcast(value: &f32, len: usize) -> ArrayView1<'_, f32> {
    ArrayView1::from_shape(len.strides(0), std::slice::from_ref(value)).unwrap()
}

#[test]
fn what_no_device_takes_is_refused_and_the_limit_named() {
    let device = fresh("gpu f32");
    let limit = device.info().limits.max_buffer_bytes;
    let one = 1.0;
    let error = device.upload(&broadcast(&one, limit as usize / 4 + 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { bytes: limit / 4 * 4 + 4, limit });
    assert!(error.to_string().contains(&limit.to_string()) && error.to_string().contains("Device::stream"), "{error}");
    // The CPU engine has no limit but the memory.
    let error = Device::cpu().upload(&broadcast(&one, 1 << 60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory { bytes: 1 << 62 });
    // Products of shapes that overflow, made of arrays without elements.
    for device in [device, Device::cpu()] {
        let none = Array2::<f32>::zeros((1 << 50, 0));
        let up = device.upload(&none).unwrap();
        let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 1.0]).unwrap();
        assert_eq!(table.interp(&up).unwrap().shape(), [1 << 50, 0]);
        let error = up.sum_axis(Axis(1)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TooLarge { .. } | ErrorKind::OutOfMemory { .. }), "{error}");
        assert!(up.reshape((usize::MAX, usize::MAX)).is_err());
    }
}

/// Past 2^31 and 2^32 bytes.
#[test]
#[ignore = "takes 10 GB of memory and a minute: cargo test --release --test limits -- --ignored"]
fn arrays_of_more_than_two_and_four_gibibytes() {
    let late = 1000;
    let gpu = fresh("gpu f32");
    // The largest that the device takes, which is 2^31 - 4 bytes on most.
    let largest = (gpu.info().limits.max_buffer_bytes / 4) as usize;
    for (device, len) in [(gpu, largest), (Device::cpu(), (1 << 30) + 5)] {
        let name = &device.info().name;
        say(&format!("{name}: {} bytes", len * 4));
        let mut values = Array1::from_elem(len, 1.0_f32);
        values[len - late] = 7.0;
        let up = device.upload(&values).unwrap();
        drop(values);
        let read = |sum: DeviceArray<f32, _>| sum.readback().wait().unwrap().view()[()];
        assert_eq!(read(up.sum().unwrap()), (len as f64 + 6.0) as f32, "{name}");
        assert_eq!(up.argmax().unwrap().readback().wait().unwrap().view()[()] as usize, len - late, "{name}");
        assert_eq!(read(up.max().unwrap()), 7.0, "{name}");
        let tail = up
            .reshape((len / 5, 5))
            .map(|rows| rows.max_axis(Axis(0)).unwrap().readback().wait().unwrap().into_array());
        if let Ok(tail) = tail {
            assert_eq!(tail[(len - late) % 5], 7.0, "{name}");
        }
    }
}
