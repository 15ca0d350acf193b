//! What goes wrong around a device, and that the device survives it, or says so: panicking closures, buffers that the
//! application spoils, readbacks pending when the device goes, a driver without memory. (That each call survives a
//! device destroyed or memory refused at every point inside it is tested within the crate.)

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use ndarray::{Array1, Array2, Axis, arr1};
use ndgpu::{Device, DeviceArray, Devices, ErrorKind, InterpTable, wgpu};
use support::devices::{adapter_name, application, array_buffer};
use support::engines::{Engine, engines, engines_of};
use support::report::say;

/// The device still computes.
fn assert_usable(device: &Device, what: &str) {
    let sum = device.upload(&arr1(&[1.0_f32, 2.0])).and_then(|a| a.sum()).and_then(|sum| sum.readback().wait());
    assert_eq!(sum.unwrap_or_else(|error| panic!("{what}: {error}")).view()[()], 3.0, "{what}");
}

/// Whether a closure panicked, with this test's own panic.
fn panics<R>(work: impl FnOnce() -> R) -> bool {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(_) => false,
        Err(panic) => panic.downcast_ref::<&str>() == Some(&"on purpose"),
    }
}

#[test]
fn a_closure_that_panics_leaves_the_device_usable() {
    for Engine { device, name, .. } in engines_of::<f32>() {
        let a = device.upload(&Array2::<f32>::ones((6, 4))).unwrap();

        // While a plan is captured, with operations recorded already, and an array that escapes.
        let mut escaped = None;
        assert!(panics(|| device.capture(&a, |a| {
            escaped = Some(a.sum_axis(Axis(0))?);
            if a.ndim() == 2 {
                panic!("on purpose");
            }
            a.sum()
        })));
        assert_usable(&device, name);
        let escaped = escaped.unwrap().readback().wait();
        assert_eq!(escaped.unwrap_err().kind(), ErrorKind::NotCapturable, "{name}");
        let mut plan = device.capture(&a, |a| a.sum()).unwrap();
        assert_eq!(plan.replay().unwrap().readback().wait().unwrap().view()[()], 24.0, "{name}");

        // In a stream, with chunks under way.
        let chunks = (0..5).map(|number| Array1::from_elem(1000, number as f32));
        let mut stream = device.stream(chunks, |chunk: &DeviceArray<f32, _>| {
            if chunk.device().transfers().uploads % 3 == 2 {
                panic!("on purpose");
            }
            chunk.sum()
        });
        assert!(panics(|| stream.by_ref().count()), "{name}");
        drop(stream);
        assert_usable(&device, name);
        let source = (0..3).map(|number| if number < 2 { arr1(&[1.0_f32]) } else { panic!("on purpose") });
        assert!(panics(|| device.stream(source, |chunk: &DeviceArray<f32, _>| chunk.sum()).count()), "{name}");
        assert_usable(&device, name);

        // On one of several devices.
        let devices = Devices::new([device.clone(), Device::cpu()]).unwrap();
        let rows = Array2::<f32>::ones((64, 3));
        for at_fault in [0, 1] {
            // Whoever comes too late gets no rows: the other takes its time.
            let panicked = (0..100).any(|_| {
                panics(|| {
                    devices.map_rows(&rows, &[0, 1], |rows, &number| {
                        if number == at_fault {
                            panic!("on purpose");
                        }
                        std::thread::sleep(Duration::from_millis(5));
                        Ok(rows.clone())
                    })
                })
            });
            assert!(panicked, "{name}: a panic is the caller's own, and reaches him");
        }
        let again = devices.map_rows(&rows, &[(), ()], |rows, ()| rows.sum_axis(Axis(1))).unwrap();
        assert!(again.iter().all(|&sum| sum == 3.0), "{name}");
        assert_usable(&device, name);
    }
}

/// An application that destroys a buffer which it lent makes commands invalid. wgpu says so when they are submitted,
/// and the default handler for that panics.
#[test]
fn what_wgpu_finds_invalid_is_an_error_with_the_data() {
    let (adapter, raw, queue) = application();
    let device = Device::from_wgpu(&adapter, raw.clone(), queue).unwrap();
    let lent = array_buffer(&raw, 64);
    let a = DeviceArray::<f32, _>::from_wgpu_buffer(&device, lent.clone(), 16).unwrap();
    let before = device.upload(&arr1(&[1.0_f32])).unwrap().readback();
    let recorded = a.sum().unwrap();
    lent.destroy();
    let error = recorded.readback().wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Driver, "{error}");
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<wgpu::Error>().unwrap();
    assert!(error.to_string().contains(&source.to_string()), "{error}");
    // What was to be submitted with it is lost with it, and nobody gets anything else for it.
    assert_eq!(before.wait().unwrap_err().kind(), ErrorKind::Driver);
    for outcome in
        [a.sum().err(), a.readback().wait().err(), device.upload(&arr1(&[1.0_f32])).err(), device.synchronize().err()]
    {
        assert_eq!(outcome.map(|error| error.kind()), Some(ErrorKind::Driver));
    }
    let (adapter, raw, queue) = application();
    assert_usable(&Device::from_wgpu(&adapter, raw, queue).unwrap(), "another device");
}

/// Readbacks of every kind that are pending when the device goes end at once, and with `DeviceLost`.
#[test]
fn pending_readbacks_end_when_the_device_goes() {
    for moment in 0..3 {
        let (adapter, raw, queue) = application();
        let device = Device::from_wgpu(&adapter, raw.clone(), queue).unwrap();
        let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 1.0]).unwrap();
        let x = device.upload(&Array1::from_elem(100_000, 0.5_f32)).unwrap();
        let (done, arrives) = channel();
        let waits: Vec<_> = (0..6)
            .map(|number| {
                let readback = match number % 3 {
                    0 => table.interp(&x).unwrap().readback(),
                    1 => table.interp(&x).unwrap().into_readback(),
                    _ => x.average(&x).unwrap().into_dyn().reshape(1).unwrap().readback(),
                };
                let done = done.clone();
                // Some are on their way when the device goes, the others are not even submitted.
                if moment == 1 && number == 0 {
                    device.synchronize().unwrap();
                }
                std::thread::spawn(move || {
                    let outcome = if number < 3 { readback.wait() } else { futures::executor::block_on(readback) };
                    let right = outcome.map(|landed| landed.shape().to_vec());
                    done.send((number, right)).unwrap();
                })
            })
            .collect();
        if moment == 2 {
            std::thread::sleep(Duration::from_millis(2));
        }
        raw.destroy();
        for _ in &waits {
            let (number, outcome) = arrives.recv_timeout(Duration::from_secs(30)).expect("a readback that ends");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::DeviceLost, "readback {number}, moment {moment}: {error}");
            }
        }
        waits.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(x.readback().wait().unwrap_err().kind(), ErrorKind::DeviceLost);
    }
    let (adapter, raw, queue) = application();
    assert_usable(&Device::from_wgpu(&adapter, raw, queue).unwrap(), "another device");
}

/// A driver that runs out of memory: a process of its own, that may only have so much.
#[cfg(target_os = "linux")]
#[test]
fn a_driver_without_memory_is_an_error_and_the_device_goes_on() {
    if engines().any(|one| one.device.info().backend == Some(wgpu::Backend::Gl)) {
        say("not applicable: wgpu does not hear of memory that OpenGL refuses (docs/RELIABILITY.md)");
        return;
    }
    let gigabytes = 7;
    let child =
        format!("ulimit -v {}; exec \"$0\" --exact child_uses_up_memory --ignored --nocapture", gigabytes << 20);
    let output = Command::new("bash").args(["-c", &child]).arg(std::env::current_exe().unwrap()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("ANSWER: refused, then usable"), "{text}\n{said}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run as a child process by the test of a driver without memory"]
fn child_uses_up_memory() {
    let device = Device::builder().adapter(adapter_name()).build().unwrap();
    // Outputs of a plan take memory when it is captured, and are not touched before it is replayed.
    let columns = 50_000;
    let rows = (device.info().limits.max_buffer_bytes.min(1 << 28) / 4) as usize / columns;
    let values = Array2::from_shape_fn((rows, 1), |(row, _)| row as f32);
    let table = InterpTable::new(&device, &arr1(&[0.0_f32]), &values).unwrap();
    let x = device.upload(&Array1::<f32>::zeros(columns)).unwrap();
    let mut all = Vec::new();
    let refused = device.capture(&x, |x| {
        for _ in 0..64 {
            all.push(table.interp_rows(x)?);
        }
        x.sum()
    });
    let error = refused.map(|_| ()).expect_err("more than there is");
    assert!(matches!(error.kind(), ErrorKind::OutOfMemory { .. }), "{error}");
    assert!(!all.is_empty());
    all.clear();
    assert_usable(&device, "after memory was refused");
    println!("ANSWER: refused, then usable");
}
