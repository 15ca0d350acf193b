//! Results are right past every limit of a device. Limits can be made small: a device that shares an application's is given
//! a few kilobytes a binding and a few workgroups a dimension, and everything goes in pieces.

mod support;

use ndarray::{Array1, ArrayView1, Axis, ShapeBuilder};
use ndgpu::{Device, ErrorKind, InterpTable, wgpu};
use support::calls::{Operands, assert_like, calls};
use support::devices::small;
use support::noop::{ALL_FEATURES, noop};
use support::report::say;

/// Rows and columns around the boundaries of 4 KiB bindings of f32 (1,024 elements), of workgroups (64), of vectors (4), and
/// of what seven or twelve of them take in (448 and 768 elements).
const SHAPES: [(usize, usize); 22] = [
    (1, 1),
    (2, 3),
    (1, 63),
    (64, 1),
    (5, 65),
    (1, 447),
    (449, 1),
    (1, 767),
    (1, 768),
    (769, 1),
    (3, 192),
    (1, 1023),
    (1, 1024),
    (1, 1025),
    (1023, 2),
    (1024, 3),
    (1025, 1),
    (31, 33),
    (2, 3001),
    (3001, 2),
    (40, 517),
    (130, 259),
];

#[test]
fn results_are_right_past_every_small_limit() {
    let cpu = Device::cpu();
    let immediates = wgpu::Features::IMMEDIATES;
    let mut compared = 0;
    for (device, name) in [
        (small(4096, 12, 256, wgpu::Features::empty()), "4 KiB, 12 groups, aligned to 256"),
        (small(5000, 7, 32, immediates), "5,000 bytes, 7 groups, aligned to 32"),
        (small(4096, 65_535, 64, ALL_FEATURES), "4 KiB, all features"),
    ] {
        assert!(device.info().limits.max_binding_bytes <= 5000);
        for (rows, columns) in SHAPES {
            // All tables have to fit into a binding.
            let knots = (1000 / rows).clamp(1, 60);
            let operands = Operands::<f32>::new(rows, columns, knots, (rows * 10_000 + columns) as u64);
            for (call_name, call) in calls::<f32>() {
                let what = format!("{call_name} of {rows} x {columns}, {knots} knots, {name}");
                match call(&device, &operands) {
                    Ok(got) => {
                        assert_like(&got, &call(&cpu, &operands).unwrap(), f64::from(f32::EPSILON), &what);
                        compared += 1;
                    }
                    // What a kernel has to see whole does not go in pieces.
                    Err(error) => {
                        assert!(
                            matches!(error.kind(), ErrorKind::TooLarge { limit, .. } if limit <= 5000),
                            "{what}: {error}"
                        );
                        assert!(rows * knots * 16 > 4000 || rows * columns > 1000, "{what}: {error}");
                    }
                }
            }
        }
    }
    say(&format!("{compared} results past small limits agree with the CPU engine"));
    assert!(compared > 2000, "{compared}");
}

/// What is asked for stays within limits, whatever they are: wgpu validates every binding, offset and dispatch.
#[test]
fn bookkeeping_is_valid_at_every_size_around_every_boundary() {
    for (binding, groups, alignment) in [(4096, 3, 32), (4096, 12, 256), (8192, 65_535, 64)] {
        let limits = wgpu::Limits {
            max_storage_buffer_binding_size: binding,
            max_compute_workgroups_per_dimension: groups,
            min_storage_buffer_offset_alignment: alignment,
            ..Default::default()
        };
        for features in [wgpu::Features::empty(), ALL_FEATURES] {
            let device = noop(limits.clone(), features).unwrap();
            let elements = binding as usize / 4;
            let sizes = [elements - 1, elements, elements + 1, 3 * elements + 2];
            for (rows, columns) in sizes.into_iter().flat_map(|size| [(1, size), (size, 1), (size / 5, 5)]) {
                let operands = Operands::<f32>::new(rows, columns, 4, 1);
                for (name, call) in calls::<f32>() {
                    if let Err(error) = call(&device, &operands) {
                        let what = format!("{name} of {rows} x {columns}, {binding} bytes a binding");
                        assert!(matches!(error.kind(), ErrorKind::TooLarge { .. }), "{what}: {error}");
                    }
                }
            }
        }
    }
}

/// More than 65,535 workgroups, at the limits that the device really has.
#[test]
fn more_workgroups_than_a_dimension_has() {
    let device = support::devices::fresh("gpu f32");
    // Groups of 64 with four elements each.
    let len = 65_536 * 64 * 4 + 5;
    let x = Array1::from_shape_fn(len, |place| (place % 8191) as f32);
    let table = InterpTable::new(&device, &[0.0_f32, 8192.0], &[1.0_f32, 8193.0]).unwrap();
    let y = table.interp(&device.upload(&x).unwrap()).unwrap().into_readback().wait().unwrap();
    let wrong = y.view().iter().zip(&x).position(|(&y, &x)| y != x + 1.0);
    assert_eq!(wrong, None);
    drop(y);
    // A line each.
    let lines = device.upload(&x).unwrap().reshape((len, 1)).unwrap();
    let sums = lines.sum_axis(Axis(1)).unwrap().into_readback().wait().unwrap();
    assert_eq!(sums.view().iter().zip(&x).position(|(sum, x)| sum != x), None);
}

/// One value, seen many times.
fn broadcast(value: &f32, len: usize) -> ArrayView1<'_, f32> {
    ArrayView1::from_shape(len.strides(0), std::slice::from_ref(value)).unwrap()
}

#[test]
fn what_no_device_takes_is_refused_and_the_limit_named() {
    let device = support::devices::fresh("gpu f32");
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
        let none = ndarray::Array2::<f32>::zeros((1 << 50, 0));
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
    let gpu = support::devices::fresh("gpu f32");
    // The largest that the device takes, which is 2^31 - 4 bytes on most.
    let largest = (gpu.info().limits.max_buffer_bytes / 4) as usize;
    for (device, len) in [(gpu, largest), (Device::cpu(), (1 << 30) + 5)] {
        let name = &device.info().name;
        say(&format!("{name}: {} bytes", len * 4));
        let mut values = Array1::from_elem(len, 1.0_f32);
        values[len - late] = 7.0;
        let up = device.upload(&values).unwrap();
        drop(values);
        let read = |sum: ndgpu::DeviceArray<f32, _>| sum.readback().wait().unwrap().view()[()];
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
