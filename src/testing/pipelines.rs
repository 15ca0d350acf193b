//! The cache of compiled kernels, on a device.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use ndarray::aview1;

use crate::Device;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::binding::{Binding, Bindings, SharedGroup};
use crate::engine::gpu::buffers::{GpuBuffer, Purpose};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::storage::Storage;
use crate::support::devices::adapter_name;

const WRITES_ITS_CONSTANT: &str = "
override VALUE: u32 = 1u;
struct Parameters { zero: vec4<u32> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(1)
fn main() { output[0] = VALUE + parameters.zero.x; }";

const READS_WHAT_IS_SHARED: &str = "
override COMPLEMENT: bool;
struct Parameters { zero: vec4<u32> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(1) @binding(0) var<storage, read> shared_word: array<u32>;

@compute @workgroup_size(1)
fn main() { output[0] = select(shared_word[0], ~shared_word[0], COMPLEMENT) + parameters.zero.x; }";

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
        shared: &[],
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
    word_in(context, &output)
}

/// The first word of a buffer.
fn word_in(context: &GpuContext, buffer: &GpuBuffer) -> u32 {
    let staging = context.buffer(Purpose::Readback, 4).unwrap();
    context.queue_readback(&[(buffer.raw(), buffer.offset(), 4)], staging.raw()).unwrap().wait(context).unwrap();
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

/// Reads what it shares, and writes that or its complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ReadsShared {
    complement: bool,
}

impl KernelKey for ReadsShared {
    fn source(self) -> KernelSource {
        KernelSource {
            name: format!("reads_shared_{}", self.complement),
            fragments: vec![READS_WHAT_IS_SHARED],
            constants: vec![("COMPLEMENT", f64::from(u8::from(self.complement)))],
            access: &[Access::ReadWrite],
            shared: &[Access::Read],
        }
    }
}

#[test]
fn what_kernels_share_is_bound_once() {
    let device = open();
    let context = device.engine().gpu().expect("a GPU");
    let [first, second] = [5_u32, 7].map(|word| device.engine().store(aview1(&[word]).into_dyn()).unwrap());
    let output = context.storage(4).unwrap();
    let (of_first, of_second) = (SharedGroup::default(), SharedGroup::default());
    let result = |group, shared: &Storage, complement| {
        let own = [Binding::start(&output, 4)];
        let shared = [Binding::start(shared.gpu().unwrap(), 4)];
        let bindings = Bindings { own: &own, shared: Some((group, &shared)) };
        let kernel = ReadsShared { complement };
        Encoder::immediate(context).dispatch(kernel, bytemuck::bytes_of(&[0_u32; 4]), bindings, 1).unwrap();
        word_in(context, &output)
    };
    assert_eq!(result(&of_first, &first, false), 5);
    assert_eq!(result(&of_first, &first, true), !5);
    assert_eq!(result(&of_second, &second, false), 7);
    assert_eq!(result(&of_first, &first, false), 5);
    assert_eq!((of_first.len(), of_second.len()), (1, 1));
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
