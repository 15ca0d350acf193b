//! The configurations that every test over data runs in: the CPU engine and a GPU, in f32 and f64, and the GPU as if it
//! had no f64.
//!
//! The GPU is a software rasteriser where there is one, so that the tests need no hardware; `NDGPU_TEST_ADAPTER`, a part of
//! an adapter's name, puts another in its place. Without it the tests fail: a test that skips its GPU half in silence proves
//! nothing.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndgpu::{Device, DeviceBuilder, ErrorKind, wgpu};

use super::report::say;

/// The element type a configuration computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    F32,
    F64,
}

/// A device and an element type.
pub struct Configuration {
    pub name: &'static str,
    pub precision: Precision,
    device: Arc<Shared>,
}

/// A device that several configurations share.
struct Shared {
    device: Mutex<Device>,
    open: fn() -> Device,
}

impl Configuration {
    pub fn device(&self) -> Device {
        self.device.device.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether numbers below the smallest normal one are taken for zero here: what takes part in arithmetic, products,
    /// differences and slopes included, is then promised from the smallest normal number on.
    pub fn flushes_subnormals(&self) -> bool {
        flushes_subnormals(&self.device())
    }

    /// The same device opened anew, for tests that look at its ledger or destroy it.
    pub fn fresh(&self) -> Device {
        (self.device.open)()
    }

    /// Opens the device again after an error that it does not survive, so that one failure does not bring down every
    /// case that comes after. Cases that other tests run on it at that moment still fail with it: `--test-threads=1`
    /// keeps them apart.
    pub fn recover(&self, kind: ErrorKind) {
        if matches!(kind, ErrorKind::Driver | ErrorKind::DeviceLost) {
            *self.device.device.lock().unwrap_or_else(PoisonError::into_inner) = (self.device.open)();
        }
    }
}

/// All configurations that apply here. The devices are opened once in a process and shared by its tests.
pub fn configurations() -> &'static [Configuration] {
    static CONFIGURATIONS: OnceLock<Vec<Configuration>> = OnceLock::new();
    CONFIGURATIONS.get_or_init(open_all)
}

/// Whether a device takes numbers below the smallest normal one for zero.
pub fn flushes_subnormals(device: &Device) -> bool {
    device.info().arithmetic.is_some_and(|arithmetic| !arithmetic.subnormals)
}

/// The device of the configuration of this name, opened anew.
pub fn fresh(name: &str) -> Device {
    configurations().iter().find(|one| one.name == name).expect("a configuration of this name").fresh()
}

fn open_all() -> Vec<Configuration> {
    let shared = |open: fn() -> Device| {
        let device = open();
        let info = device.info().clone();
        (Arc::new(Shared { device: Mutex::new(device), open }), info)
    };
    let (cpu, cpu_info) = shared(Device::cpu);
    let (gpu, gpu_info) = shared(|| open_gpu(Device::builder()));
    let (without_f64, without_f64_info) = shared(|| open_gpu(Device::builder().without_f64()));
    assert!(!without_f64_info.supports_f64, "without_f64 gave a device with f64: {without_f64_info:?}");
    say(&format!("cpu: {cpu_info}"));
    say(&format!("gpu: {gpu_info}"));

    let configuration =
        |name, device: &Arc<Shared>, precision| Configuration { name, precision, device: device.clone() };
    let mut all = vec![
        configuration("cpu f32", &cpu, Precision::F32),
        configuration("cpu f64", &cpu, Precision::F64),
        configuration("gpu f32", &gpu, Precision::F32),
    ];
    if gpu_info.supports_f64 {
        all.push(configuration("gpu f64", &gpu, Precision::F64));
    } else {
        say(&format!("gpu f64: not applicable, {} has no f64", gpu_info.name));
    }
    all.push(configuration("gpu f32, f64 off", &without_f64, Precision::F32));
    all
}

/// Part of the name of the adapter that is tested.
pub fn adapter_name() -> String {
    let wanted = std::env::var("NDGPU_TEST_ADAPTER").ok().filter(|name| !name.trim().is_empty());
    // Every Windows has WARP, every Mac has a GPU; elsewhere scripts/test installs Mesa's.
    let usual = match std::env::consts::OS {
        "windows" => "Basic Render",
        "macos" => "Apple",
        _ => "llvmpipe",
    };
    wanted.as_deref().unwrap_or(usual).trim().to_owned()
}

/// A wgpu device as an application would have it: with wgpu's default limits, and no features.
pub fn application() -> (wgpu::Adapter, wgpu::Device, wgpu::Queue) {
    application_with(|_| wgpu::DeviceDescriptor::default())
}

/// A wgpu device of an application that wants something of its own.
pub fn application_with(
    wanted: impl Fn(&wgpu::Adapter) -> wgpu::DeviceDescriptor<'static>,
) -> (wgpu::Adapter, wgpu::Device, wgpu::Queue) {
    let name = adapter_name().to_lowercase();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle().with_env());
    let backends = wgpu::Backends::from_env().unwrap_or(wgpu::Backends::all());
    let adapters = pollster::block_on(instance.enumerate_adapters(backends));
    let adapter = adapters.into_iter().find(|adapter| adapter.get_info().name.to_lowercase().contains(&name));
    let adapter = adapter.expect("an adapter to test on: run scripts/test");
    let (device, queue) = pollster::block_on(adapter.request_device(&wanted(&adapter))).unwrap();
    (adapter, device, queue)
}

/// The device under test with small limits: so many bytes a binding, so many workgroups a dimension.
pub fn small(binding: u64, groups: u32, alignment: u32, features: wgpu::Features) -> Device {
    let (adapter, raw, queue) = application_with(|adapter| wgpu::DeviceDescriptor {
        required_features: adapter.features() & features,
        required_limits: wgpu::Limits {
            max_storage_buffer_binding_size: binding,
            max_compute_workgroups_per_dimension: groups,
            min_storage_buffer_offset_alignment: alignment.max(adapter.limits().min_storage_buffer_offset_alignment),
            max_uniform_buffer_binding_size: 1024,
            max_immediate_size: if (adapter.features() & features).contains(wgpu::Features::IMMEDIATES) {
                128
            } else {
                0
            },
            ..wgpu::Limits::default()
        },
        ..Default::default()
    });
    Device::from_wgpu(&adapter, raw, queue).unwrap()
}

fn open_gpu(builder: DeviceBuilder) -> Device {
    let adapter = &adapter_name();
    builder.adapter(adapter).build().unwrap_or_else(|error| {
        panic!(
            "These tests need a GPU, a software one will do, and \"{adapter}\" could not be had. Run scripts/test: \
             it sets up what the tests need. To test another adapter name it in NDGPU_TEST_ADAPTER.\n{error}"
        )
    })
}
