//! What becomes of memory: refused by the system at any place where it grows with the data, exhausted on a device, flat
//! over a long run.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};

use ndgpu::{Device, DeviceKind, ErrorKind, wgpu};
use support::calls::{Operands, assert_like, calls, is_out_of_memory};
use support::engines::fresh;
use support::memory::resident_bytes;
use support::noop::{ALL_FEATURES, noop};
use support::report::say;

/// The system's allocator, but for one large request that it refuses.
struct Refusing;

/// How many large requests are still granted before one is refused; negative if none will be.
static GRANTED: AtomicI64 = AtomicI64::new(-1);

/// What is smaller is working memory, of which there is always some.
const LARGE: usize = 1 << 20;

/// Elements and bytes of the crate and of wgpu's own memory for buffers. What this test itself needs is of `f64`.
fn is_refused(layout: Layout) -> bool {
    let counts = layout.size() >= LARGE && matches!(layout.align(), 1 | 4);
    counts && GRANTED.load(Ordering::Relaxed) >= 0 && GRANTED.fetch_sub(1, Ordering::Relaxed) == 0
}

// SAFETY: every request goes to the system's allocator as it came, or is answered with null, which means that it
// failed.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        if is_refused(layout) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        if is_refused(layout) { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let grown = Layout::from_size_align(size, layout.align()).is_ok_and(is_refused);
        // SAFETY: as above; what fails leaves the old memory as it was.
        if grown { std::ptr::null_mut() } else { unsafe { System.realloc(memory, layout, size) } }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is the system's, as is all that was granted.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

/// One test, so that no other asks for memory meanwhile.
#[test]
fn memory_that_the_system_refuses_is_an_error_and_nothing_else() {
    let (rows, columns) = (3, 300_000);
    let operands = Operands::<f32>::new(rows, columns, columns, 5);
    let mut refused = 0;
    for device in [Device::cpu(), noop(wgpu::Limits::default(), ALL_FEATURES).unwrap()] {
        let computes = device.info().kind == DeviceKind::Cpu;
        for (name, call) in calls::<f32>() {
            let what = format!("{name} on {}", device.info().name);
            let want = call(&device, &operands).unwrap_or_else(|error| panic!("{what}, nothing refused: {error}"));
            for granted in 0.. {
                // A device that has been used keeps memory, and would not ask.
                let fresh = if computes { Device::cpu() } else { device.clone() };
                GRANTED.store(granted, Ordering::Relaxed);
                let outcome = call(&fresh, &operands);
                let all_granted = GRANTED.swap(-1, Ordering::Relaxed) >= 0;
                match outcome {
                    Ok(got) if computes => assert_like(&got, &want, f64::from(f32::EPSILON), &what),
                    Ok(got) => assert_eq!(got.len(), want.len(), "{what}"),
                    Err(error) => assert!(is_out_of_memory(&error), "{what}: {:?} {error}", error.kind()),
                }
                if all_granted {
                    break;
                }
                refused += 1;
                call(&fresh, &operands).unwrap_or_else(|error| panic!("{what}, after a refusal: {error}"));
            }
        }
    }
    say(&format!("the system refused memory at {refused} places"));
    assert!(refused > 100, "{refused}");

    exhausts_a_device();
    stays_flat();
}

/// Arrays until a device gives no more: an error, and when they are let go the device goes on.
fn exhausts_a_device() {
    // What a plan computes into is allocated when it is captured, and touched only when it is replayed.
    let device = noop(
        wgpu::Limits { max_buffer_size: 1 << 24, ..Default::default() },
        ALL_FEATURES - wgpu::Features::IMMEDIATES,
    )
    .unwrap();
    let too_large = device.upload(&ndarray::Array1::<f32>::zeros((1 << 22) + 1)).unwrap_err();
    assert_eq!(too_large.kind(), ErrorKind::TooLarge { bytes: (1 << 24) + 4, limit: 1 << 24 });
    assert!(too_large.to_string().contains("stream"), "{too_large}");
    assert!(device.upload(&ndarray::Array1::<f32>::zeros(1 << 22)).is_ok(), "as large as there are");
}

/// Many operations, and as much memory in use after them as after the first tenth. `NDGPU_SOAK_OPERATIONS` says how
/// many.
fn stays_flat() {
    let operands = Operands::<f32>::new(16, 33, 40, 9);
    for device in [Device::cpu(), fresh("gpu f32")] {
        let all = calls::<f32>();
        let some = |count: usize| {
            for number in 0..count {
                let (name, call) = all[number % all.len()];
                call(&device, &operands).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        };
        // Each call is four operations or more, transfers among them.
        let operations = std::env::var("NDGPU_SOAK_OPERATIONS").map_or(20_000, |count| count.parse().unwrap());
        let count: usize = operations / 4;
        some(count / 10);
        let Some(before) = resident_bytes() else { return };
        some(count - count / 10);
        let after = resident_bytes().unwrap();
        let change = (after as f64 - before as f64) / before as f64;
        say(&format!(
            "{}: {count} calls, {before} bytes in use after a tenth of them, {after} at the end",
            device.info().name
        ));
        assert!(change.abs() <= 0.05, "{}: {before} bytes after warming up, {after} at the end", device.info().name);
    }
}
