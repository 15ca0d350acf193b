//! Any input at all: whatever is asked, in whatever shapes, with whatever values, nothing panics, and both engines
//! refuse alike. `NDGPU_INPUT_CASES` says how many programs of each family are tried.

use ndgpu::ErrorKind;
use proptest::collection::vec;
use proptest::prelude::any;

use crate::holds;
use crate::support::engines::fresh;
use crate::support::program::{Choices, PROGRAMS, run};
use crate::support::report::say;

fn cases(usual: u32) -> u32 {
    std::env::var("NDGPU_INPUT_CASES").map_or(usual, |cases| cases.parse().unwrap())
}

fn try_out(cases: u32, property: impl Fn(&[u8])) {
    holds(cases, 7, vec(any::<u8>(), 0..120), |bytes: &Vec<u8>| property(bytes));
}

#[test]
fn whatever_is_asked_is_answered_or_refused_alike() {
    let cases = cases(400);
    for (name, program) in PROGRAMS {
        try_out(cases, |bytes| run(name, program, bytes));
    }
    say(&format!("{cases} programs of {} families, on three devices each", PROGRAMS.len()));
}

/// On a driver that computes, with tables that nobody checked: any values, but no fault.
#[test]
fn a_driver_survives_whatever_is_asked() {
    let device = fresh("gpu f32");
    let without_f64 = |name: &str| name != "knots" || device.info().supports_f64;
    for (name, program) in PROGRAMS.into_iter().filter(|(name, _)| without_f64(name)) {
        try_out(cases(400) / 10, |bytes| {
            let said = program(&device, &mut Choices::new(bytes));
            let fatal =
                |outcome: &Result<_, ErrorKind>| matches!(outcome, Err(ErrorKind::Driver | ErrorKind::DeviceLost));
            assert!(!said.iter().any(fatal), "{name}: {said:?}, bytes {bytes:?}");
        });
    }
    assert!(device.synchronize().is_ok());
}
