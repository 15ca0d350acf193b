//! Which device one gets, what is said when there is none, sharing the application's own, and what becomes of a device
//! that is lost.

mod support;

use std::process::{Command, Stdio};

use ndarray::{Array1, Axis, arr1};
use ndgpu::{Device, DeviceArray, DeviceKind, ErrorKind, InterpTable, wgpu};
use support::devices::application;

/// The name of a device opened by `Device::new` in a process with this environment, or the error.
fn new_in(environment: &[(&str, &str)]) -> String {
    child("child_opens_new", environment)
}

fn child(test: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env_remove("NDGPU_DEVICE").stderr(Stdio::null());
    command.envs(environment.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("ANSWER: ")).map(|(_, answer)| answer.to_owned());
    line.unwrap_or_else(|| panic!("the child said nothing: {text}"))
}

/// Answers for [`new_in`], in a process of its own: the environment of this one is shared by all its tests.
#[test]
#[ignore = "run as a child process by the tests of the environment"]
fn child_opens_new() {
    match Device::new() {
        Ok(device) => println!("ANSWER: {}", device.info()),
        Err(error) => println!("ANSWER: {:?}: {error}", error.kind()),
    }
}

/// As above, for hardware.
#[test]
#[ignore = "run as a child process by the tests of the environment"]
fn child_opens_gpu() {
    match Device::gpu() {
        Ok(device) => println!("ANSWER: {}", device.info()),
        Err(error) => println!("ANSWER: {:?}: {error}", error.kind()),
    }
}

/// A machine without any Vulkan driver, as far as the loader is told; GL and the rest are left out.
const NO_DRIVER: [(&str, &str); 3] =
    [("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent"), ("WGPU_BACKEND", "vulkan")];

#[test]
fn the_environment_chooses_the_device() {
    assert!(new_in(&[("NDGPU_DEVICE", "cpu")]).contains("native CPU engine"));
    // A Mac has none.
    let software = Device::available().iter().any(|info| info.kind == DeviceKind::Software);
    let asked = new_in(&[("NDGPU_DEVICE", "software")]);
    assert!(if software { asked.contains("software rasteriser") } else { asked.starts_with("NoDevice") }, "{asked}");
    let adapter = support::devices::adapter_name();
    let part = adapter[1..].to_uppercase();
    assert!(new_in(&[("NDGPU_DEVICE", &part)]).to_lowercase().contains(&adapter.to_lowercase()));
    let missing = new_in(&[("NDGPU_DEVICE", "no such adapter")]);
    assert!(missing.starts_with("NoDevice") && missing.contains("\"no such adapter\""), "{missing}");
    assert!(missing.to_lowercase().contains(&adapter.to_lowercase()), "what was found is listed: {missing}");
}

#[test]
fn a_machine_without_a_driver_has_the_cpu_engine_and_says_what_to_install() {
    assert!(new_in(&NO_DRIVER).contains("native CPU engine"));
    let error = child("child_opens_gpu", &NO_DRIVER);
    assert!(error.starts_with("NoDevice") && error.contains("a hardware GPU"), "{error}");
    if cfg!(target_os = "linux") {
        assert!(error.contains("VULKAN") && error.contains("mesa-vulkan-drivers"), "{error}");
    }
}

#[test]
fn a_software_rasteriser_is_only_taken_when_asked_for() {
    let available = Device::available();
    assert!(available.iter().any(|info| info.kind == DeviceKind::Cpu));
    let hardware = available.iter().any(|info| info.kind.is_hardware_gpu());
    match Device::gpu() {
        Ok(device) => assert!(hardware && device.info().kind.is_hardware_gpu()),
        Err(error) => assert!(!hardware && error.kind() == ErrorKind::NoDevice),
    }
    let name = new_in(&[]);
    assert_eq!(name.contains("native CPU engine"), !hardware, "{name}");
    let software = available.iter().any(|info| info.kind == DeviceKind::Software);
    if software && !hardware {
        let device = Device::builder().allow_software(true).build().unwrap();
        assert_eq!(device.info().kind, DeviceKind::Software);
    }
    let none = Device::builder().adapter("no such adapter").build().unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NoDevice);
    let device = Device::builder().backends(wgpu::Backends::empty()).build().unwrap();
    assert_eq!(device.info().kind, DeviceKind::Cpu);
    let awaited = pollster::block_on(Device::builder().allow_software(true).build_async()).unwrap();
    assert!(awaited.info().kind != DeviceKind::Cpu || !(software || hardware));
}

#[test]
fn compensated_sums_survive_the_drivers_compiler() {
    for configuration in support::devices::configurations() {
        assert!(configuration.device().info().compensated_sums, "{}", configuration.name);
    }
}

#[test]
fn what_a_driver_makes_of_numbers_is_known_once_it_is_open() {
    for configuration in support::devices::configurations() {
        let device = configuration.device();
        let (info, name) = (device.info(), configuration.name);
        let arithmetic = info.arithmetic.unwrap_or_else(|| panic!("{name}: nobody looked"));
        if info.kind == DeviceKind::Cpu || info.name.contains("llvmpipe") {
            assert!(arithmetic.is_ieee(), "{name}: {arithmetic}");
        } else if info.name.contains("SwiftShader") {
            assert_eq!(arithmetic.to_string(), "flushes subnormals");
        }
    }
    // Those that are only listed have not been asked.
    assert!(Device::available().iter().all(|info| info.arithmetic.is_some() == (info.kind == DeviceKind::Cpu)));
}

const ARRAY: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

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

#[test]
fn a_buffer_of_another_device_is_refused() {
    let (adapter, raw, queue) = application();
    let device = Device::from_wgpu(&adapter, raw, queue).unwrap();
    let (_, other, _) = application();
    let foreign =
        other.create_buffer(&wgpu::BufferDescriptor { label: None, size: 64, usage: ARRAY, mapped_at_creation: false });
    let error = DeviceArray::<f32, _>::from_wgpu_buffer(&device, foreign, 6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption, "{error}");
    assert!(device.upload(&arr1(&[1_u32])).unwrap().readback().wait().is_ok());
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
    // Not looked at any more: wgpu 30 takes the memory away under a view (RELIABILITY.md).
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
fn a_name_chooses_as_the_environment_would() {
    assert_eq!(Device::named("cpu").unwrap().info().kind, DeviceKind::Cpu);
    let adapter = application_name();
    assert!(Device::named(&adapter.to_uppercase()).unwrap().info().name.contains(&adapter));
    let error = Device::named("no such adapter").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoDevice);
    assert!(error.to_string().contains("no such adapter"), "{error}");
}

#[test]
fn handles_of_one_device_are_equal() {
    let device = Device::cpu();
    let array = device.upload(&arr1(&[1.0_f32])).unwrap();
    assert_eq!(array.device(), &device);
    assert_ne!(device, Device::cpu());
    assert_eq!(std::collections::HashSet::from([device.clone(), device, Device::cpu()]).len(), 2);
}

/// The name of the adapter under test.
fn application_name() -> String {
    application().0.get_info().name
}
