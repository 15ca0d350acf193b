//! Which device one gets, what is said when there is none, sharing the application's own, and what becomes of a device
//! that is lost.

mod support;

#[cfg(target_os = "linux")]
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array1, Axis, arr1};
use ndgpu::{Device, DeviceArray, DeviceInfo, DeviceKind, Devices, ErrorKind, InterpTable, wgpu};
use support::devices::{application, application_with};
use support::report::say;

/// The name of a device opened by `Device::new` in a process with this environment, or the error.
fn new_in(environment: &[(&str, &str)]) -> String {
    child("child_opens_new", environment)
}

fn child(test: &str, environment: &[(&str, &str)]) -> String {
    child_without(&[], test, environment)
}

fn child_without(unset: &[&str], test: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env_remove("NDGPU_DEVICE").stderr(Stdio::null());
    for name in unset {
        command.env_remove(name);
    }
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

/// What every way to look for a GPU loads, and whether it was said before.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run as a child process by the tests of what is loaded"]
fn child_looks_for_a_gpu() {
    let said = Device::builder().loads_drivers() || Device::builder().lists_drivers();
    let opened = Device::new().map(|device| device.info().kind);
    let _ = (Device::builder().build(), Device::gpu(), Device::named("gpu"), Devices::all().unwrap());
    assert!(Device::available().iter().any(|info| info.kind == DeviceKind::Cpu));
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let is_driver = |name: &str| {
        ["vulkan", "LLVM", "EGL", "GL.so", "GLX", "gallium", "_dri.so", "nvidia"].iter().any(|part| name.contains(part))
    };
    let mut loaded: Vec<_> =
        maps.lines().filter_map(|line| line.rsplit('/').next()).filter(|&n| is_driver(n)).collect();
    loaded.dedup();
    println!("ANSWER: {said} {opened:?} {loaded:?}");
}

/// Drivers bring a compiler along, which takes its time, and which other libraries in the process may not survive.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_a_gpu_loads_no_driver_to_find_that_out() {
    let asking = ["WGPU_BACKEND", "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];
    let look = |environment: &[(&str, &str)]| child_without(&asking, "child_looks_for_a_gpu", environment);
    let alone = look(&[]);
    let traces = ["dev/dri", "dev/kfd", "dev/dxg", "dev/nvidiactl", "dev/mali0", "dev/kgsl-3d0", "dev/nvmap"];
    let traces = traces.into_iter().chain(["proc/driver/nvidia/version", "usr/bin/nvidia-modprobe"]);
    match traces.map(|path| Path::new("/").join(path)).find(|path| path.exists()) {
        Some(path) => say(&format!("not applicable: this machine may have a GPU, there is {}", path.display())),
        None => assert_eq!(alone, "false Ok(Cpu) []"),
    }
    // Whoever names drivers gets them, and is told so before.
    for (name, value) in
        [("WGPU_BACKEND", "vulkan,gl"), ("NDGPU_DEVICE", "software"), ("NDGPU_DEVICE", "no such adapter")]
    {
        let asked = look(&[(name, value)]);
        assert!(asked.starts_with("true") && !asked.ends_with("[]"), "{name}={value}: {asked}");
    }
    // (The loader itself goes again when it has found nothing.)
    let elsewhere = look(&[("VK_DRIVER_FILES", "/nonexistent")]);
    assert!(elsewhere.starts_with("true Ok(Cpu)"), "{elsewhere}");
    assert!(!Device::builder().named("cpu").loads_drivers());
    for builder in [
        Device::builder().adapter("a"),
        Device::builder().named("a"),
        Device::builder().allow_software(true),
        Device::builder().backends(wgpu::Backends::VULKAN),
    ] {
        assert!(builder.loads_drivers() || std::env::var("NDGPU_DEVICE").is_ok(), "{builder:?}");
    }
}

/// Everything that drivers have, software included.
fn everything() -> Vec<DeviceInfo> {
    Device::builder().allow_software(true).available()
}

#[test]
fn what_is_listed_can_be_opened() {
    for info in everything() {
        let device = info.open().unwrap();
        let opened = device.info();
        assert_eq!((&opened.name, opened.kind, opened.backend), (&info.name, info.kind, info.backend));
        assert_eq!(
            device.upload(&arr1(&[1.0_f32, 2.0])).unwrap().sum().unwrap().readback().wait().unwrap().view()[[]],
            3.0
        );
        let another = pollster::block_on(opened.open_async()).unwrap();
        assert_ne!(another, device, "a device of its own");
        assert_eq!(
            (another.info(), info.clone()),
            (opened, info),
            "information says the same, however often it is opened"
        );
    }
}

/// A machine without any Vulkan driver, as far as the loader is told; GL and the rest are left out.
const NO_DRIVER: [(&str, &str); 3] =
    [("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent"), ("WGPU_BACKEND", "vulkan")];

#[test]
fn the_environment_chooses_the_device() {
    assert!(new_in(&[("NDGPU_DEVICE", "cpu")]).contains("native CPU engine"));
    // A Mac has none.
    let software = everything().iter().any(|info| info.kind == DeviceKind::Software);
    let asked = new_in(&[("NDGPU_DEVICE", "software")]);
    assert!(if software { asked.contains("software rasteriser") } else { asked.starts_with("NoDevice") }, "{asked}");
    let adapter = support::devices::adapter_name();
    let part = adapter[1..].to_uppercase();
    assert!(new_in(&[("NDGPU_DEVICE", &part)]).to_lowercase().contains(&adapter.to_lowercase()));
    let missing = new_in(&[("NDGPU_DEVICE", "no such adapter")]);
    assert!(missing.starts_with("NoDevice") && missing.contains("\"no such adapter\""), "{missing}");
    assert!(missing.to_lowercase().contains(&adapter.to_lowercase()), "what was found is listed: {missing}");
    // Somebody else may have set it: the error names the variable, and what it takes.
    let nonsense = new_in(&[("NDGPU_DEVICE", "nonsense"), NO_DRIVER[0], NO_DRIVER[1], NO_DRIVER[2]]);
    for part in ["NDGPU_DEVICE is \"nonsense\"", "\"cpu\"", "\"gpu\"", "\"software\"", "adapter's name"] {
        assert!(nonsense.starts_with("NoDevice") && nonsense.contains(part), "{part}: {nonsense}");
    }
    let gpu = new_in(&[("NDGPU_DEVICE", "gpu"), NO_DRIVER[0], NO_DRIVER[1], NO_DRIVER[2]]);
    assert!(gpu.contains("NDGPU_DEVICE is \"gpu\"") && gpu.contains("a hardware GPU"), "{gpu}");
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
    let available = everything();
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
    assert!(everything().iter().all(|info| info.arithmetic.is_some() == (info.kind == DeviceKind::Cpu)));
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
    let foreign =
        other.create_buffer(&wgpu::BufferDescriptor { label: None, size: 64, usage: ARRAY, mapped_at_creation: false });
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
            let place =
                |number: usize| (256 + number * (rows * columns * size).next_multiple_of(256) + 256 * number) as u64;
            let value = |index: usize| ((index as f64 * 0.618).fract() * 4.0 + 0.5) as T;
            let data = ndarray::Array2::from_shape_fn((rows, columns), |(row, column)| value(row * columns + column));
            let weights = Array1::from_shape_fn(columns, |column| value(column + 5));
            let nan = vec![0xff_u8; place(2) as usize];
            let buffer = raw.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: nan.len() as u64,
                usage: ARRAY,
                mapped_at_creation: false,
            });
            queue.write_buffer(&buffer, 0, &nan);
            let bytes = |values: &[T]| bytemuck::cast_slice::<T, u8>(values).to_vec();
            queue.write_buffer(&buffer, place(0), &bytes(data.as_slice().unwrap()));
            queue.write_buffer(&buffer, place(1), &bytes(weights.as_slice().unwrap()));

            let mut inside =
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), place(0), (rows, columns)).unwrap();
            let inside_weights =
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), place(1), columns).unwrap();
            assert_eq!(inside.wgpu_buffer(), Some(&buffer));
            let [outside, outside_weights] =
                [device.upload(&data).unwrap().into_dyn(), device.upload(&weights).unwrap().into_dyn()];
            let knots: Vec<T> = (0..6).map(|knot| knot as T).collect();
            let table =
                InterpTable::new(&device, &knots, &knots.iter().map(|&knot| knot * knot).collect::<Vec<_>>()).unwrap();
            let all = |a: &DeviceArray<T, ndarray::IxDyn>, w: &DeviceArray<T, ndarray::IxDyn>| -> Vec<Vec<T>> {
                let w = w.reshape(columns).unwrap();
                let of = |result: ndgpu::Result<DeviceArray<T, ndarray::IxDyn>>| {
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
            for (place, values) in
                [(place(0), bytes(others.as_slice().unwrap())), (place(1), bytes(weights.as_slice().unwrap()))]
            {
                want[place as usize..][..values.len()].copy_from_slice(&values);
            }
            assert_eq!(bytemuck::cast_slice::<u32, u8>(whole.view().as_slice().unwrap()), want);

            let kind = |offset, len: usize| {
                DeviceArray::<T, _>::from_wgpu_buffer_at(&device, buffer.clone(), offset, len).unwrap_err().kind()
            };
            assert_eq!(kind(4, 1), ErrorKind::InvalidOption);
            assert_eq!(kind(place(1), rows * columns * 2), ErrorKind::ShapeMismatch);
            assert_eq!(kind(buffer.size(), 0), ErrorKind::ShapeMismatch);
            assert_eq!(kind(u64::MAX - 255, 1), ErrorKind::ShapeMismatch);
        }
    };
}

arrays_inside_a_buffer!(arrays_of_f32_lie_anywhere_in_a_buffer, f32);
arrays_inside_a_buffer!(arrays_of_f64_lie_anywhere_in_a_buffer, f64);

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
fn a_name_chooses_as_the_environment_would() {
    assert_eq!(Device::named("cpu").unwrap().info().kind, DeviceKind::Cpu);
    let adapter = application_name();
    assert!(Device::named(&adapter.to_uppercase()).unwrap().info().name.contains(&adapter));
    let error = Device::named("no such adapter").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoDevice);
    let error = error.to_string();
    assert!(error.contains("named \"no such adapter\"") && error.contains("\"software\""), "{error}");
    assert!(!error.contains("NDGPU_DEVICE"), "nobody set it: {error}");
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
