//! What the tests over recorded NumPy cases share: the devices they run on, how a case is read, run and judged, and how
//! the outcome is counted.
//!
//! A [`case::Case`] comes from a line of `tests/conformance/*.jsonl` or from an entry of `tests/real/manifest.json`;
//! [`operations::perform`] runs it on a device, [`judge`] compares, [`report::Tally`] counts. A new operation is a match
//! arm in [`operations`].

// Each test binary compiles this module for itself and uses its own part of it.
#![allow(dead_code)]

pub mod calls;
pub mod case;
pub mod devices;
pub mod flows;
pub mod judge;
pub mod layout;
pub mod memory;
pub mod noop;
pub mod operations;
pub mod oracle;
pub mod program;
pub mod random;
pub mod report;
pub mod workload;

/// Runs a generic test `fn(&Device, &str)` in every configuration, in the element type of each.
#[allow(unused_macros)]
macro_rules! everywhere {
    ($test:ident) => {
        for configuration in $crate::support::devices::configurations() {
            let (device, name) = (configuration.device(), configuration.name);
            match configuration.precision {
                $crate::support::devices::Precision::F32 => $test::<f32>(&device, name),
                $crate::support::devices::Precision::F64 => $test::<f64>(&device, name),
            }
        }
    };
}
#[allow(unused_imports)]
pub(crate) use everywhere;
