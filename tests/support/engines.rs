//! The door by which tests go over the engines: the CPU engine and a GPU, in f32 and f64, the GPU as if it had no f64,
//! and a software rasteriser as if it were hardware.
//!
//! A test over data is a generic function `fn check<T: Float>(device: &Device, name: &str)`:
//!
//! ```ignore
//! on_every_engine!(check);                        // on every engine, in the element type of each
//! on_every_engine!(check, &input);                // with more arguments
//! on_every_engine!(check; on fresh_engines());   // on devices of its own: it looks at their ledger
//! on_every_engine!(check; on gpus());            // on some of them
//! ```
//!
//! What is about one element type only goes over [`engines_of`] or [`named`].

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndgpu::{Device, DeviceKind, Element, ElementType, ErrorKind};

use super::devices::{flushes_subnormals, open_gpu};
use super::report::say;

/// The element type a configuration computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    F32,
    F64,
}

/// A device and an element type, as a test gets them.
pub struct Engine {
    pub name: &'static str,
    pub precision: Precision,
    pub device: Device,
}

/// Where an [`Engine`] comes from.
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

    /// Opens the device again after an error that it does not survive, so that one failure does not bring down every
    /// case that comes after. Cases that other tests run on it at that moment still fail with it: `--test-threads=1`
    /// keeps them apart.
    pub fn recover(&self, kind: ErrorKind) {
        if matches!(kind, ErrorKind::Driver | ErrorKind::DeviceLost) {
            *self.device.device.lock().unwrap_or_else(PoisonError::into_inner) = (self.device.open)();
        }
    }

    fn engine(&self) -> Engine {
        Engine { name: self.name, precision: self.precision, device: self.device() }
    }

    /// The same device opened anew.
    fn fresh(&self) -> Engine {
        Engine { device: (self.device.open)(), ..self.engine() }
    }
}

/// All configurations that apply here. The devices are opened once in a process and shared by its tests.
pub fn configurations() -> &'static [Configuration] {
    static CONFIGURATIONS: OnceLock<Vec<Configuration>> = OnceLock::new();
    CONFIGURATIONS.get_or_init(open_all)
}

/// Every engine.
pub fn engines() -> impl Iterator<Item = Engine> {
    configurations().iter().map(Configuration::engine)
}

/// Every engine with a device opened for the caller alone: for tests that look at its ledger or destroy it.
pub fn fresh_engines() -> impl Iterator<Item = Engine> {
    configurations().iter().map(Configuration::fresh)
}

/// Every engine but the CPU's.
pub fn gpus() -> impl Iterator<Item = Engine> {
    engines().filter(|engine| engine.device.info().kind != DeviceKind::Cpu)
}

/// Every engine that computes in this element type.
pub fn engines_of<T: Element>() -> impl Iterator<Item = Engine> {
    engines().filter(|engine| match engine.precision {
        Precision::F32 => T::TYPE == ElementType::F32,
        Precision::F64 => T::TYPE == ElementType::F64,
    })
}

/// The engine of this name; only "gpu f64" may be missing, where the GPU has no f64, and those that stand in for
/// hardware where there is some.
pub fn named(name: &str) -> Option<Engine> {
    let found = configurations().iter().find(|one| one.name == name);
    assert!(found.is_some() || name == "gpu f64" || name.starts_with("hardware"), "no configuration is called {name}");
    found.map(Configuration::engine)
}

/// The engines of these names, as far as they are here.
pub fn engines_named<const N: usize>(names: [&str; N]) -> impl Iterator<Item = Engine> {
    names.into_iter().filter_map(named)
}

/// The device of the engine of this name, opened anew.
pub fn fresh(name: &str) -> Device {
    configurations().iter().find(|one| one.name == name).expect("a configuration of this name").fresh().device
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
    // A software rasteriser stands in for hardware, with the kernels that hardware gets.
    let as_hardware = || open_gpu(Device::builder().kernels_for(DeviceKind::DiscreteGpu));
    let (hardware, _) = shared(as_hardware);
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
    if gpu_info.kind == DeviceKind::Software {
        all.push(configuration("hardware f32", &hardware, Precision::F32));
        if gpu_info.supports_f64 {
            all.push(configuration("hardware f64", &hardware, Precision::F64));
        }
    }
    all
}

/// Runs a generic function on engines, in the element type of each: the examples are in the documentation of
/// [`engines`](crate::support::engines).
#[allow(unused_macros)]
macro_rules! on_every_engine {
    ($check:ident $(, $argument:expr)*; on $engines:expr) => {
        for engine in $engines {
            let (device, name) = (&engine.device, engine.name);
            match engine.precision {
                $crate::support::engines::Precision::F32 => $check::<f32>(device, name $(, $argument)*),
                $crate::support::engines::Precision::F64 => $check::<f64>(device, name $(, $argument)*),
            }
        }
    };
    ($check:ident $(, $argument:expr)*) => {
        $crate::support::engines::on_every_engine!($check $(, $argument)*; on $crate::support::engines::engines())
    };
}
#[allow(unused_imports)]
pub(crate) use on_every_engine;
