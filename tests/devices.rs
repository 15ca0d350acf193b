//! Rows shared among several devices: the results are those of one device, whoever computed which row, and one device's
//! failure is the call's error.
//!
//! A process of its own: who computes which row depends on time, which tests beside these would take.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, Array2, Array3, Axis, Ix2, s};
use ndgpu::{Device, DeviceArray, DeviceKind, Devices, ErrorKind, InterpTable, Result};
use support::engines::fresh;

fn gpu() -> Device {
    fresh("gpu f32")
}

fn readings(rows: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, 37), |(row, column)| ((row * 37 + column) as f32 * 0.618).fract() * 3.0)
}

fn table(device: &Device) -> Result<InterpTable<f32>> {
    InterpTable::new(device, &[0.0, 1.0, 2.5, 3.0], &[0.0, 2.0, -1.0, 4.0])
}

/// Gives every device time to take a piece.
fn leave_some_to_the_others() -> usize {
    std::thread::sleep(std::time::Duration::from_millis(20));
    1
}

fn curve(rows: &DeviceArray<f32, Ix2>, table: &InterpTable<f32>) -> Result<DeviceArray<f32, Ix2>> {
    table.interp(rows)
}

#[test]
fn rows_come_back_in_order_whoever_computed_them() {
    let data = readings(10_007);
    let alone = Device::cpu();
    let want = curve(&alone.upload(&data).unwrap(), &table(&alone).unwrap()).unwrap().readback().wait().unwrap();
    for (what, devices) in [
        ("one", vec![Device::cpu()]),
        ("two engines", vec![Device::cpu(), gpu()]),
        ("two of the same", vec![gpu(), gpu()]),
        ("four", vec![Device::cpu(), gpu(), Device::cpu(), gpu()]),
    ] {
        let devices = Devices::new(devices).unwrap();
        let tables = devices.each(table).unwrap();
        for round in 0..3 {
            let got = devices.map_rows(&data, &tables, curve).unwrap();
            let close = got.iter().zip(want.view()).all(|(got, want)| (got - want).abs() <= 1e-5);
            assert!(close && got.shape() == want.shape(), "{what}, round {round}");
        }
        assert!(devices.speeds().iter().all(|&speed| speed > 0.0), "{what}: everybody took part");
        let total: u64 = devices.iter().map(|device| device.transfers().readback_bytes).sum();
        assert_eq!(total, 3 * 4 * data.len() as u64, "{what}: no row was computed twice");
    }
}

#[test]
fn few_rows_and_other_layouts() {
    let devices = Devices::new([Device::cpu(), gpu(), gpu()]).unwrap();
    let nothing = [(); 3];
    for rows in [0, 1, 2, 5] {
        let data = readings(rows);
        let got = devices.map_rows(&data, &nothing, |rows, ()| rows.max_axis(Axis(1))).unwrap();
        let want: Array1<f32> = data.map_axis(Axis(1), |row| row.fold(f32::MIN, |best, &value| best.max(value)));
        assert_eq!(got, want, "{rows} rows");
    }
    let cube = Array3::from_shape_fn((50, 3, 4), |(a, b, c)| (a * 12 + b * 4 + c) as f32);
    let reversed = cube.slice(s![..;-1, .., ..;2]);
    let got = devices.map_rows(&reversed, &nothing, |rows, ()| rows.sum_axis(Axis(2))).unwrap();
    assert_eq!(got, reversed.sum_axis(Axis(2)));
}

#[test]
fn the_faster_device_takes_more_rows() {
    let devices = Devices::new([Device::cpu(), Device::cpu()]).unwrap();
    let data = readings(4000);
    let taken = [AtomicUsize::new(0), AtomicUsize::new(0)];
    for _ in 0..2 {
        let slow = |rows: &DeviceArray<f32, Ix2>, &device: &usize| {
            taken[device].fetch_add(rows.shape()[0], Ordering::Relaxed);
            // So long that waking late makes no difference.
            let microseconds = if device == 0 { 50 } else { 500 };
            std::thread::sleep(std::time::Duration::from_micros(rows.shape()[0] as u64 * microseconds));
            rows.sum_axis(Axis(1))
        };
        devices.map_rows(&data, &[0, 1], slow).unwrap();
    }
    let [fast, slow] = taken.map(|count| count.into_inner());
    assert_eq!(fast + slow, 8000);
    assert!(fast > 3 * slow, "the fast one took {fast} rows, the slow one {slow}");
}

#[test]
fn one_failure_is_the_error_of_the_call() {
    let devices = Devices::new([Device::cpu(), gpu()]).unwrap();
    let data = readings(1000);
    // Found with the data, in one row, on whichever device it comes to lie. Each row weighs itself.
    let average = |rows: &DeviceArray<f32, Ix2>, _: &()| rows.average_axis(Axis(1), rows);
    let mut weights = data.mapv(|value| value + 1.0);
    assert!(devices.map_rows(&weights, &[(); 2], average).is_ok());
    weights.row_mut(700).fill(0.0);
    let error = devices.map_rows(&weights, &[(); 2], average).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ZeroWeights);

    // By one device alone, again and again.
    let fails = |rows: &DeviceArray<f32, Ix2>, &fails: &bool| {
        let axis = if fails { 5 } else { leave_some_to_the_others() };
        rows.sum_axis(Axis(axis))
    };
    let error = devices.map_rows(&data, &[false, true], fails).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AxisOutOfRange { axis: 5, ndim: 2 });
    // And the devices go on.
    assert!(devices.map_rows(&data, &[false, false], fails).is_ok());

    let error = devices.map_rows(&data, &[(); 3], average).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShapeMismatch);
    let error = devices.map_rows(&data, &[(); 2], |rows, ()| rows.sum_axis(Axis(0))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShapeMismatch);
    assert_eq!(Devices::new([]).unwrap_err().kind(), ErrorKind::NoDevice);
}

#[test]
fn a_panic_in_the_operation_reaches_the_caller() {
    let devices = Devices::new([Device::cpu(), Device::cpu()]).unwrap();
    let data = readings(100);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        devices.map_rows(&data, &[false, true], |rows, &panics| {
            assert!(!panics, "a mistake in the operation");
            rows.sum_axis(Axis(leave_some_to_the_others()))
        })
    }));
    assert!(panicked.is_err());
    assert!(devices.map_rows(&data, &[(); 2], |rows, ()| rows.sum_axis(Axis(1))).is_ok());
}

#[test]
fn all_devices_are_hardware_and_the_cpu_engine() {
    let devices = Devices::all().unwrap();
    let kinds: Vec<_> = devices.iter().map(|device| device.info().kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == DeviceKind::Cpu).count(), 1, "{kinds:?}");
    assert!(!kinds.contains(&DeviceKind::Software), "{kinds:?}");
    let sums = devices.map_rows(&readings(64), &vec![(); kinds.len()], |rows, ()| rows.sum_axis(Axis(1))).unwrap();
    assert_eq!(sums.len(), 64);
}
