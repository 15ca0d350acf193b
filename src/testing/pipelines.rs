//! The cache of compiled kernels, on a device.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::Device;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::buffers::Purpose;
use crate::engine::gpu::encoder::{Binding, Encoder};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::support::devices::adapter_name;

const WRITES_ITS_CONSTANT: &str = "
override VALUE: u32 = 1u;
struct Parameters { zero: vec4<u32> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(1)
fn main() { output[0] = VALUE + parameters.zero.x; }";

/// How often a kernel of [`Writes`] was put together.
static PUT_TOGETHER: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Writes(u32);

impl KernelKey for Writes {
    fn source(self) -> KernelSource {
        PUT_TOGETHER.fetch_add(1, Ordering::Relaxed);
        source(format!("writes_{}", self.0), self.0)
    }
}

fn source(name: String, value: u32) -> KernelSource {
    KernelSource {
        name,
        fragments: vec![WRITES_ITS_CONSTANT],
        constants: vec![("VALUE", value.into())],
        access: &[Access::ReadWrite],
    }
}

/// Takes as long to compile as it takes another thread to find two kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slow;

static BEGUN: AtomicBool = AtomicBool::new(false);
static FOUND_OTHERS: AtomicBool = AtomicBool::new(false);

impl KernelKey for Slow {
    fn source(self) -> KernelSource {
        BEGUN.store(true, Ordering::Release);
        wait_for(&FOUND_OTHERS);
        source("slow".into(), 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Quick(u32);

impl KernelKey for Quick {
    fn source(self) -> KernelSource {
        source(format!("quick_{}", self.0), self.0)
    }
}

fn wait_for(event: &AtomicBool) {
    let begun = Instant::now();
    while !event.load(Ordering::Acquire) {
        assert!(begun.elapsed() < Duration::from_secs(60), "a thread waits for another's shader");
        sleep(Duration::from_millis(1));
    }
}

fn open() -> Device {
    Device::builder().adapter(adapter_name()).build().unwrap()
}

fn written_by(context: &GpuContext, kernel: impl KernelKey) -> u32 {
    let output = context.storage(4).unwrap();
    let bindings = [Binding::start(&output, 4)];
    Encoder::immediate(context).dispatch(kernel, bytemuck::bytes_of(&[0_u32; 4]), &bindings, 1).unwrap();
    let staging = context.buffer(Purpose::Readback, 4).unwrap();
    context.queue_readback(&[(output.raw(), 0, 4)], staging.raw()).unwrap().wait(context).unwrap();
    let value = *bytemuck::from_bytes(&staging.mapped(4).unwrap());
    staging.unmap();
    value
}

#[test]
fn kernels_that_differ_in_constants_share_a_shader_module() {
    let device = open();
    let context = device.engine().gpu().expect("a GPU");
    let (modules, pipelines) = context.pipelines.counts();
    assert_eq!([7, 9, 7].map(|value| written_by(context, Writes(value))), [7, 9, 7]);
    assert_eq!(context.pipelines.counts(), (modules + 1, pipelines + 2));
    assert_eq!(PUT_TOGETHER.load(Ordering::Relaxed), 2, "a compiled kernel is found without its source");
}

#[test]
fn a_thread_that_compiles_keeps_no_other_from_its_kernels() {
    let device = open();
    let context = device.engine().gpu().expect("a GPU");
    assert_eq!(written_by(context, Quick(3)), 3);
    scope(|threads| {
        let slow = threads.spawn(|| context.pipelines.get(Slow).map(drop));
        wait_for(&BEGUN);
        assert_eq!(written_by(context, Quick(3)), 3);
        assert_eq!(written_by(context, Quick(4)), 4);
        FOUND_OTHERS.store(true, Ordering::Release);
        slow.join().unwrap().unwrap();
    });
}
