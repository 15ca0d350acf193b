//! Buffers that an application hands over: those that are taken, wherever in them the array lies, and those that are
//! refused.

use ndarray::{Array1, Array2, Axis, IxDyn, arr1};
use ndgpu::{Device, DeviceArray, ErrorKind, InterpTable, Result, wgpu};

use crate::support::devices::{ARRAY, application, application_with, array_buffer};
use crate::support::report::say;

/// Whatever buffer an application hands over by mistake, it is told at once, and what is on the device stays as it is.
#[test]
fn buffers_that_cannot_be_used_are_refused_at_once() {
    let mappable = wgpu::Features::MAPPABLE_PRIMARY_BUFFERS;
    let (adapter, raw, queue) = application_with(|adapter| wgpu::DeviceDescriptor {
        required_features: adapter.features() & mappable,
        ..Default::default()
    });
    let device = Device::from_wgpu(&adapter, raw.clone(), queue).unwrap();
    let make = |on: &wgpu::Device, usage, mapped_at_creation| {
        on.create_buffer(&wgpu::BufferDescriptor { label: None, size: 256, usage, mapped_at_creation })
    };
    let kept = device.upload(&Array1::from_elem(64, 7.0_f32)).unwrap();
    // The application's own too have numbers that those of another instance may have.
    let own: Vec<_> = (0..200).map(|_| make(&raw, ARRAY, false)).collect();
    let refuse = |what: &str, buffer: &wgpu::Buffer| {
        let outcome = DeviceArray::<f32, _>::from_wgpu_buffer(&device, buffer.clone(), 64);
        let error = outcome.err().unwrap_or_else(|| panic!("{what} was taken"));
        assert_eq!(error.kind(), ErrorKind::InvalidOption, "{what}: {error}");
        let landed = kept.sum().unwrap().readback().wait().unwrap_or_else(|error| panic!("after {what}: {error}"));
        assert_eq!(landed.view()[[]], 448.0, "{what}");
        error.to_string()
    };

    refuse("a mapped buffer", &make(&raw, ARRAY, true));
    let looked_at = make(&raw, ARRAY, true);
    let view = looked_at.get_mapped_range_mut(..).unwrap();
    refuse("a mapped buffer that is being written", &looked_at);
    drop(view);
    looked_at.unmap();
    assert!(DeviceArray::<f32, _>::from_wgpu_buffer(&device, looked_at, 64).is_ok());
    let destroyed = make(&raw, ARRAY, false);
    destroyed.destroy();
    refuse("a destroyed buffer", &destroyed);
    if raw.features().contains(mappable) {
        let mapped = make(&raw, ARRAY | wgpu::BufferUsages::MAP_READ, false);
        mapped.map_async(wgpu::MapMode::Read, .., |granted| granted.unwrap());
        refuse("a buffer about to be mapped", &mapped);
        raw.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        refuse("a mapped buffer", &mapped);
        assert!(mapped.get_mapped_range(..).is_ok(), "it is still mapped");
        mapped.unmap();
        let array = DeviceArray::<f32, _>::from_wgpu_buffer(&device, mapped, 64).unwrap();
        assert_eq!(array.sum().unwrap().readback().wait().unwrap().view()[[]], 0.0);
    }

    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle().with_env());
    let all =
        pollster::block_on(instance.enumerate_adapters(wgpu::Backends::from_env().unwrap_or(wgpu::Backends::all())));
    let name = adapter.get_info().name;
    let adapter = all.into_iter().find(|adapter| adapter.get_info().name == name).unwrap();
    let open = || pollster::block_on(adapter.request_device(&Default::default())).unwrap().0;
    let [one, another] = [open(), open()];
    let heard = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    another.on_uncaptured_error(std::sync::Arc::new({
        let heard = heard.clone();
        move |_| {
            heard.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }));
    // Their numbers begin where ours do, and go beyond.
    for number in 0..400 {
        for (what, on) in [("without a handler", &one), ("with a handler", &another)] {
            let buffer = make(on, ARRAY, false);
            let text = refuse(&format!("buffer {number} of another instance, {what}"), &buffer);
            assert!(text.contains("Device::from_wgpu") || text.contains("buffer"), "{text}");
            std::mem::forget(buffer); // a number of its own for the next
        }
    }
    assert!(heard.load(std::sync::atomic::Ordering::Relaxed) > 0, "some were not told apart by wgpu");
    drop(own);
}

#[test]
fn a_buffer_of_another_device_of_the_instance_is_refused() {
    let (adapter, raw, queue) = application();
    let (other, _) = pollster::block_on(adapter.request_device(&Default::default())).unwrap();
    let device = Device::from_wgpu(&adapter, raw, queue).unwrap();
    let foreign = array_buffer(&other, 64);
    let error = DeviceArray::<f32, _>::from_wgpu_buffer(&device, foreign, 6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
    assert!(device.upload(&arr1(&[1_u32])).unwrap().readback().wait().is_ok());
}

/// Two arrays in one buffer, with something before, between and behind them that must neither be read nor written.
macro_rules! arrays_inside_a_buffer {
    ($name:ident, $T:ty) => {
        #[test]
        fn $name() {
            type T = $T;
            let (adapter, raw, queue) = application_with(|adapter| wgpu::DeviceDescriptor {
                required_features: adapter.features() & (wgpu::Features::SHADER_F64 | wgpu::Features::SHADER_INT64),
                ..Default::default()
            });
            let device = Device::from_wgpu(&adapter, raw.clone(), queue.clone()).unwrap();
            let size = size_of::<T>();
            if size == 8 && !device.info().supports_f64 {
                say("arrays of f64 inside a buffer: not applicable, no f64");
                return;
            }
            let (rows, columns) = (1000, 36);
            let offset =
                |number: usize| (256 + number * (rows * columns * size).next_multiple_of(256) + 256 * number) as u64;
            let value = |index: usize| ((index as f64 * 0.618).fract() * 4.0 + 0.5) as T;
            let data = Array2::from_shape_fn((rows, columns), |(row, column)| value(row * columns + column));
            let weights = Array1::from_shape_fn(columns, |column| value(column + 5));
            let nan = vec![0xff_u8; offset(2) as usize];
            let buffer = array_buffer(&raw, nan.len() as u64);
            queue.write_buffer(&buffer, 0, &nan);
            let bytes = |values: &[T]| bytemuck::cast_slice::<T, u8>(values).to_vec();
            queue.write_buffer(&buffer, offset(0), &bytes(data.as_slice().unwrap()));
            queue.write_buffer(&buffer, offset(1), &bytes(weights.as_slice().unwrap()));

            let mut inside =
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), offset(0), (rows, columns)).unwrap();
            let inside_weights =
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), offset(1), columns).unwrap();
            assert_eq!(inside.wgpu_buffer(), Some(&buffer));
            let [outside, outside_weights] =
                [device.upload(&data).unwrap().into_dyn(), device.upload(&weights).unwrap().into_dyn()];
            let knots: Vec<T> = (0..6).map(|knot| knot as T).collect();
            let table =
                InterpTable::new(&device, &knots, &knots.iter().map(|&knot| knot * knot).collect::<Vec<_>>()).unwrap();
            let all = |a: &DeviceArray<T, IxDyn>, w: &DeviceArray<T, IxDyn>| -> Vec<Vec<T>> {
                let w = w.reshape(columns).unwrap();
                let of = |result: Result<DeviceArray<T, IxDyn>>| {
                    result.unwrap().readback().wait().unwrap().view().iter().copied().collect()
                };
                let mut found = vec![
                    of(table.interp(a)),
                    of(a.reshape((rows, columns)).unwrap().average_axis(Axis(1), &w).map(|r| r.into_dyn())),
                ];
                for axis in [Axis(0), Axis(1)] {
                    found.extend([of(a.sum_axis(axis)), of(a.max_axis(axis)), of(a.var_axis(axis, 0.0))]);
                }
                found.push(of(Ok(a.clone())));
                found
            };
            assert_eq!(
                all(&inside.clone().into_dyn(), &inside_weights.clone().into_dyn()),
                all(&outside, &outside_weights)
            );
            let mut plan = device.capture(&inside, |x| table.interp(x)).unwrap();
            assert_eq!(
                plan.replay().unwrap().readback().wait().unwrap().view(),
                table.interp(&inside).unwrap().readback().wait().unwrap().view()
            );

            // Written where it lies, and nowhere else.
            let others = data.mapv(|value| value + value);
            inside.overwrite(&others).unwrap();
            assert_eq!(inside.readback().wait().unwrap().view(), others);
            let landed = inside.into_readback().wait().unwrap();
            assert_eq!(landed.view(), others);
            let whole = DeviceArray::<u32, _>::from_wgpu_buffer(&device, buffer.clone(), nan.len() / 4).unwrap();
            let whole = whole.readback().wait().unwrap();
            let mut want = nan;
            for (offset, values) in
                [(offset(0), bytes(others.as_slice().unwrap())), (offset(1), bytes(weights.as_slice().unwrap()))]
            {
                want[offset as usize..][..values.len()].copy_from_slice(&values);
            }
            assert_eq!(bytemuck::cast_slice::<u32, u8>(whole.view().as_slice().unwrap()), want);

            let kind = |offset, len: usize| {
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), offset, len).unwrap_err().kind()
            };
            assert_eq!(kind(4, 1), ErrorKind::InvalidOption);
            assert_eq!(kind(offset(1), rows * columns * 2), ErrorKind::ShapeMismatch);
            assert_eq!(kind(buffer.size(), 0), ErrorKind::ShapeMismatch);
            assert_eq!(kind(u64::MAX - 255, 1), ErrorKind::ShapeMismatch);
        }
    };
}

arrays_inside_a_buffer!(arrays_of_f32_lie_anywhere_in_a_buffer, f32);
arrays_inside_a_buffer!(arrays_of_f64_lie_anywhere_in_a_buffer, f64);
