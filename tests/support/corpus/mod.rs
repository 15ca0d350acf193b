//! Recorded cases, and the door by which they are run on every engine.
//!
//! A [`case::Case`] comes from a line of `tests/conformance/*.jsonl` or from an entry of `tests/real/manifest.json`;
//! [`perform::perform`] runs it, [`judge`] compares, [`tally::Tally`] counts. A new operation is a match arm in
//! [`perform`].

pub mod case;
pub mod judge;
pub mod perform;
pub mod tally;
pub mod workload;

use std::path::{Path, PathBuf};

use super::engines::{Configuration, configurations};
use case::Case;
use tally::{Tally, Verdict};

/// A folder of cases that come with the crate. `NDGPU_TESTS_DIR` names the folder that has it, for test programs that
/// run elsewhere than where they were built (scripts/gpu-report).
pub fn data_folder(name: &str) -> PathBuf {
    let named = std::env::var_os("NDGPU_TESTS_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")).join(name)
}

/// Runs every case on every engine, counts the verdicts under a title, and fails if there is a failure among them.
pub fn run_cases<'a>(
    title: &str,
    cases: impl IntoIterator<Item = &'a Case> + Clone,
    verdict: impl Fn(&Configuration, &Case) -> Verdict,
) {
    let mut tally = Tally::default();
    for configuration in configurations() {
        for case in cases.clone() {
            tally.count(&case.op, &case.tier, &case.id, configuration, verdict(configuration, case));
        }
    }
    tally.finish(title, configurations());
}
