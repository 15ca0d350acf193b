//! A device that the application made, shared, and lost.

use ndarray::{Array1, Axis, arr1};
use ndgpu::{Device, DeviceArray, ErrorKind, InterpTable, wgpu};

use crate::support::devices::{ARRAY, application};

#[test]
fn the_application_shares_its_device_and_buffers() {
    let (adapter, raw, queue) = application();
    let device = Device::from_wgpu(&adapter, raw.clone(), queue.clone()).unwrap();
    assert!(!device.info().supports_f64, "nobody asked for it");
    assert_eq!(device.info().limits.max_binding_bytes, 128 << 20, "wgpu's default");

    let buffer = |size, usage| {
        raw.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let values: Vec<u8> = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let own = buffer(64, ARRAY);
    queue.write_buffer(&own, 0, &values);
    let a = DeviceArray::<f32, _>::from_wgpu_buffer(&device, own.clone(), (2, 3)).unwrap();
    let weights = device.upload(&arr1(&[1.0_f32, 1.0, 2.0])).unwrap();
    let average = a.average_axis(Axis(1), &weights).unwrap();

    // The application goes on with the result, in commands of its own, behind those of the average.
    let copy = buffer(8, wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
    let mut encoder = raw.create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(average.wgpu_buffer().unwrap(), 0, &copy, 0, 8);
    queue.submit([encoder.finish()]);
    copy.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    raw.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let bytes = copy.get_mapped_range(..).unwrap().to_vec();
    let got: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_ne_bytes(b)).collect();
    assert_eq!(got, [2.25, 5.25]);
    assert_eq!(average.readback().wait().unwrap().view(), arr1(&[2.25, 5.25]));
    assert!(Device::cpu().upload(&arr1(&[1.0_f32])).unwrap().wgpu_buffer().is_none());

    let kind = |buffer: wgpu::Buffer, device: &Device| {
        DeviceArray::<f32, _>::from_wgpu_buffer(device, buffer, 6).unwrap_err().kind()
    };
    assert_eq!(kind(buffer(20, ARRAY), &device), ErrorKind::ShapeMismatch);
    assert_eq!(kind(buffer(64, wgpu::BufferUsages::STORAGE), &device), ErrorKind::InvalidOption);
    assert_eq!(kind(own, &Device::cpu()), ErrorKind::InvalidOption);
    assert!(a.sum().unwrap().readback().wait().is_ok(), "and the device works on");
}

/// A device that does not carry parameters in its commands keeps those of 64 kernels at a time: a plan may have more.
#[test]
fn long_plans_replay_on_a_device_without_immediates() {
    let (adapter, raw, queue) = application();
    assert!(!raw.features().contains(wgpu::Features::IMMEDIATES), "nobody asked for them");
    let device = Device::from_wgpu(&adapter, raw, queue).unwrap();
    let table = InterpTable::new(&device, &[0.0_f32, 1000.0], &[1.0_f32, 1001.0]).unwrap();
    let x = device.upload(&arr1(&[0.0_f32, 10.0])).unwrap();
    for count in [1, 63, 64, 65, 200] {
        let mut plan = device.capture(&x, |x| (0..count).try_fold(x.clone(), |x, _| table.interp(&x))).unwrap();
        assert_eq!(plan.passes(), count);
        for first in [0.0, 5.0] {
            plan.write(&arr1(&[first, first + 10.0])).unwrap();
            let eager = table.interp(&x).unwrap(); // leaves room for one kernel less
            let landed = plan.replay().unwrap().readback().wait().unwrap();
            assert_eq!(landed.view(), arr1(&[first + count as f32, first + 10.0 + count as f32]), "{count}");
            assert_eq!(eager.readback().wait().unwrap().view(), arr1(&[1.0, 11.0]));
        }
    }
}

/// Whatever is asked of a lost device fails with `DeviceLost` or gives the right data. It neither panics nor hangs.
#[test]
fn a_lost_device_fails_every_call_and_another_can_be_opened() {
    let (adapter, raw, queue) = application();
    let device = Device::from_wgpu(&adapter, raw.clone(), queue).unwrap();
    let a = device.upload(&Array1::<f32>::ones(1000)).unwrap();
    let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 1.0]).unwrap();
    let mut plan = device.capture(&a, |a| table.interp(a)?.sum()).unwrap();
    let pending = a.readback();
    // Not looked at any more: wgpu 30 takes the memory away under a view (docs/RELIABILITY.md).
    let landed = a.readback().wait().unwrap();
    raw.destroy();

    let lost = |outcome: Option<ndgpu::Error>| {
        assert!(outcome.as_ref().is_none_or(|error| error.kind() == ErrorKind::DeviceLost), "{outcome:?}");
    };
    lost(pending.wait().err());
    for _ in 0..2 {
        lost(device.upload(&arr1(&[1.0_f32])).err());
        lost(table.interp(&a).and_then(|y| y.readback().wait()).err());
        lost(a.sum_axis(Axis(0)).and_then(|y| pollster::block_on(y.into_readback())).err());
        lost(plan.replay().and_then(|sum| sum.readback().wait()).err());
        lost(plan.write(&Array1::<f32>::ones(1000)).err());
        lost(device.capture(&a, |a| a.sum()).and_then(|mut plan| plan.replay()?.readback().wait()).err());
        let mut stream = device.stream([Array1::<f32>::ones(10)], |x: &DeviceArray<f32, _>| x.sum());
        lost(stream.next().and_then(|result| result.err()));
        assert!(stream.next().is_none(), "a stream ends with its first error");
        lost(device.synchronize().err());
    }
    let error = a.readback().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
    drop((landed, a, table, plan));

    let (adapter, raw, queue) = application();
    let another = Device::from_wgpu(&adapter, raw, queue).unwrap();
    assert!(another.upload(&arr1(&[1.0_f32])).unwrap().readback().wait().is_ok());
}

#[test]
fn f64_that_was_not_asked_for_is_told_from_f64_that_is_not_there() {
    let (adapter, raw, queue) = application();
    let has_it = adapter.features().contains(wgpu::Features::SHADER_F64 | wgpu::Features::SHADER_INT64);
    let refused = |device: &Device| {
        let error = device.upload(&arr1(&[1.0_f64])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedElement);
        error.to_string()
    };
    let shared = refused(&Device::from_wgpu(&adapter, raw, queue).unwrap());
    let own = refused(&Device::builder().adapter(adapter.get_info().name).without_f64().build().unwrap());
    if has_it {
        for part in ["the application", "SHADER_F64", "SHADER_INT64", "required_features"] {
            assert!(shared.contains(part), "{part}: {shared}");
        }
        assert!(own.contains("without_f64"), "{own}");
    } else {
        assert!(shared.contains("has no 64-bit floats") && own.contains("has no 64-bit floats"), "{shared}\n{own}");
    }
}
