//! Lets every call of wgpu fail once: nothing panics, nothing leaks, and the device continues if it can.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::engine::check::Findings;
use crate::engine::gpu::fault_injection::{Fault, Faults};
use crate::support::calls::{Operands, assert_like, calls, is_out_of_memory};
use crate::support::devices::adapter_name;
use crate::support::memory::resident_bytes;
use crate::support::noop::{ALL_FEATURES, noop};
use crate::support::report::say;
use crate::{Device, ErrorKind, Result, wgpu};

/// A call that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn faults(device: &Device) -> &Faults {
    &device.engine().gpu().expect("faults are a GPU's").device.faults
}

/// Devices without a driver, which differ in how parameters reach kernels and in their arithmetic.
fn open_noop(features: wgpu::Features) -> Device {
    noop(wgpu::Limits::default(), features).unwrap()
}

type Opener = fn() -> Device;

/// Devices, by name, and how each is opened.
fn openers() -> [(&'static str, Opener); 4] {
    [
        ("noop with all features", || open_noop(ALL_FEATURES)),
        ("noop without features", || open_noop(wgpu::Features::empty())),
        ("the adapter under test", || Device::builder().adapter(adapter_name()).build().unwrap()),
        ("the same without f64", || Device::builder().adapter(adapter_name()).without_f64().build().unwrap()),
    ]
}

/// Lets each call of wgpu in an operation fail in turn, until the operation succeeds; returns the number of calls. Only
/// a refusal in the middle of a submission, which wgpu itself does not survive, may cost the device.
fn refuse_each(
    open: Opener,
    operation: impl Fn(&Device) -> Result<Vec<f64>>,
    mut judge: impl FnMut(Result<Vec<f64>>),
) -> usize {
    let mut device = open();
    operation(&device).unwrap_or_else(|error| panic!("nothing was refused: {error}"));
    for before in 0.. {
        faults(&device).plan(Fault::OutOfMemory, before);
        let outcome = operation(&device);
        let is_over = faults(&device).cancel();
        let is_lost = outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::DeviceLost);
        if is_lost {
            assert_eq!(device.synchronize().unwrap_err().kind(), ErrorKind::DeviceLost);
            device = open();
        } else {
            judge(outcome);
        }
        // A refused call leaves nothing half-done.
        judge(operation(&device));
        if is_over {
            return before;
        }
    }
    unreachable!()
}

/// Findings stay with values that are still there, and a partial write leaves unspecified contents.
#[test]
fn an_array_that_could_not_be_overwritten_is_not_taken_for_the_new_one() {
    let values = ndarray::Array1::<f32>::ones(3 << 20);
    for shared in [true, false] {
        let mut survived = 0;
        for before in 0.. {
            let device = open_noop(ALL_FEATURES);
            let storage = device.allocate::<f32>(values.len()).unwrap();
            let bad = Findings::unwritten(crate::Error::other("bad from the start"));
            let mut array = crate::DeviceArray::new(device.clone(), storage, values.raw_dim(), bad.into());
            let kept = shared.then(|| array.clone());
            faults(&device).plan(Fault::OutOfMemory, before);
            let outcome = array.overwrite(&values);
            let is_over = faults(&device).cancel();
            let what = format!("shared {shared}, {before} calls before");
            assert_eq!(outcome.is_err(), array.readback().wait().is_err(), "{what}");
            assert!(kept.is_none_or(|kept| kept.readback().wait().is_err()), "{what}");
            survived += usize::from(outcome.is_err() && device.synchronize().is_ok());
            if is_over {
                assert!(outcome.is_ok() && survived > 2, "{what}: {survived} refusals that the device survived");
                break;
            }
        }
    }
}

#[test]
fn refused_memory_is_an_error_wherever_it_is_refused_and_the_device_goes_on() {
    let operands = Operands::<f32>::new(40, 30, 70, 3);
    let cpu = Device::cpu();
    let (mut tried, mut refused) = (0, 0);
    for (name, open) in openers() {
        let computes = open().info().backend != Some(wgpu::Backend::Noop);
        for (call_name, call) in calls::<f32>() {
            let want = call(&cpu, &operands).unwrap();
            let what = format!("{call_name} on {name}");
            let judge = |outcome: Result<Vec<f64>>| match outcome {
                Ok(got) if computes => assert_like(&got, &want, f64::from(f32::EPSILON), &what),
                Ok(got) => assert_eq!(got.len(), want.len(), "{what}"),
                Err(error) => {
                    assert!(is_out_of_memory(&error), "{what}: {:?} {error}", error.kind());
                    refused += 1;
                }
            };
            tried += refuse_each(open, |device| call(device, &operands), judge);
        }
    }
    say(&format!("refused memory at {tried} places; {refused} calls failed, the others did without"));
    assert!(tried > 1000 && refused > 500, "{tried} {refused}");
}

#[test]
fn refused_memory_is_not_lost() {
    let Some(_) = resident_bytes() else { return };
    let operands = Operands::<f32>::new(300, 300, 70, 3);
    let (_, open) = openers()[0];
    let all = || {
        for (_, call) in calls::<f32>().into_iter().step_by(4) {
            refuse_each(open, |device| call(device, &operands), drop);
        }
    };
    all();
    let before = resident_bytes().unwrap();
    (0..2).for_each(|_| all());
    let after = resident_bytes().unwrap();
    // Each of some 400 refusals concerned up to 360,000 bytes.
    assert!(after < before + (32 << 20), "{before} bytes in use before, {after} after");
}

/// Runs `work` on another thread, and takes it for hanging if it takes too long.
fn within_bounds<R: Send + 'static>(what: &str, work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, arrives) = channel();
    let thread = std::thread::spawn(move || done.send(work()));
    match arrives.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => panic!("{what} hangs"),
        Err(RecvTimeoutError::Disconnected) => {
            let panic = thread.join().unwrap_err();
            panic!("{what} panicked: {:?}", panic.downcast_ref::<String>());
        }
    }
}

/// Destroys the device before each call of wgpu in turn, a new device each time; only every `every`-th call is tried.
fn destroy_before_each(name: &str, open: Opener, every: usize) -> usize {
    let cpu = Device::cpu();
    let computes = open().info().backend != Some(wgpu::Backend::Noop);
    let mut tried = 0;
    for (number, (call_name, call)) in calls::<f32>().into_iter().enumerate() {
        let want = call(&cpu, &Operands::new(40, 30, 70, 3)).unwrap();
        for before in (number % every..).step_by(every) {
            let (device, what) = (open(), format!("{call_name} on {name}, destroyed after {before} calls"));
            faults(&device).plan(Fault::Destroyed, before);
            let asked = device.clone();
            let outcome = within_bounds(&what, move || call(&asked, &Operands::new(40, 30, 70, 3)));
            let is_over = faults(&device).cancel();
            match &outcome {
                Ok(got) if computes => assert_like(got, &want, f64::from(f32::EPSILON), &what),
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::DeviceLost, "{what}: {error}"),
            }
            if is_over {
                break;
            }
            tried += 1;
            // From then on every call fails immediately.
            let again = within_bounds(&what, move || call(&device, &Operands::new(40, 30, 70, 3)));
            let error = again.err().unwrap_or_else(|| panic!("{what}: a later call has a result"));
            assert_eq!(error.kind(), ErrorKind::DeviceLost, "{what}: {error}");
        }
    }
    tried
}

#[test]
fn a_device_that_is_destroyed_during_any_call_fails_that_call_or_gives_the_right_data() {
    let [(noop, open_noop), (bare, open_bare), (real, open_real), _] = openers();
    let tried = destroy_before_each(noop, open_noop, 1)
        + destroy_before_each(bare, open_bare, 1)
        + destroy_before_each(real, open_real, 7);
    say(&format!("destroyed the device at {tried} places"));
    assert!(tried > 500, "{tried}");
    // The process can open another and go on.
    let operands = Operands::<f32>::new(40, 30, 70, 3);
    for (name, call) in calls::<f32>() {
        let want = call(&Device::cpu(), &operands).unwrap();
        assert_like(&call(&open_real(), &operands).unwrap(), &want, f64::from(f32::EPSILON), name);
    }
}
