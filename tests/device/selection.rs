//! Which device one gets: by the environment, by name, by what the machine has.

#[cfg(target_os = "linux")]
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::arr1;
use ndgpu::{Accumulator, Device, DeviceInfo, DeviceKind, Devices, ErrorKind, wgpu};

use crate::support::devices::{adapter_name, application};
use crate::support::engines::{Engine, engines};
use crate::support::report::say;

/// The name of a device opened by `Device::new` in a process with this environment, or the error.
fn new_in(environment: &[(&str, &str)]) -> String {
    child("child_opens_new", environment)
}

fn child(test: &str, environment: &[(&str, &str)]) -> String {
    child_without(&[], test, environment)
}

fn child_without(unset: &[&str], test: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    // Under the name that the test harness has for it: without that of the crate.
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::{test}");
    command.args(["--exact", &test, "--ignored", "--nocapture"]).env_remove("NDGPU_DEVICE").stderr(Stdio::null());
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
    let adapter = adapter_name();
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
    let unnamed = child("child_opens_gpu", &[]);
    let says_where = unnamed.contains("no trace of one") != unnamed.contains("and found:");
    assert!(!unnamed.starts_with("NoDevice") || says_where && !unnamed.contains("NOOP"), "{unnamed}");
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
    for Engine { device, name, .. } in engines() {
        assert!(device.info().compensated_sums, "{name}");
    }
}

#[test]
fn what_a_driver_makes_of_numbers_is_known_once_it_is_open() {
    for Engine { device, name, .. } in engines() {
        let info = device.info();
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

/// The name of the adapter under test.
fn application_name() -> String {
    application().0.get_info().name
}

#[test]
fn how_sums_are_kept_is_measured_or_asked_for() {
    assert_eq!(Device::cpu().info().accumulator, Some(Accumulator::Float64));
    let open = || Device::builder().adapter(application_name());
    let device = open().build().unwrap();
    let chosen = device.info().accumulator.expect("a device that is open");
    assert!(device.info().supports_f64 || chosen != Accumulator::Float64);
    for accumulator in [Accumulator::SplitFloat32, Accumulator::FusedFloat32] {
        let device = open().accumulator(accumulator).build().unwrap();
        assert_eq!(device.info().accumulator, Some(accumulator));
    }
    let error = open().without_f64().accumulator(Accumulator::Float64).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    let message = error.to_string();
    assert!(message.contains("no 64-bit floats") && message.contains("DeviceBuilder::accumulator"), "{message}");
}
