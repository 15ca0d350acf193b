//! Real workloads. `tests/real/README.md` says where the data come from, and what `NDGPU_REAL_DIR` adds to them.

use std::path::{Path, PathBuf};

use crate::support::corpus::case::Case;
use crate::support::corpus::judge::judge;
use crate::support::corpus::perform::{Manner, perform};
use crate::support::corpus::workload::read_workloads;
use crate::support::corpus::{data_folder, run_cases};
use crate::support::report::say;
use crate::support::ways::Way;

/// Workloads whose data are not distributed with the crate.
const ELSEWHERE: &str = "photometry/";

#[test]
fn workloads_come_out_as_in_numpy() {
    let cases = workloads();
    for (title, way) in [("real workloads", Way::Eager), ("real workloads, in plans", Way::Plan)] {
        run_cases(title, &cases, |configuration, case| {
            let outcome = perform(configuration, case, Manner { way, ..Manner::default() });
            judge(case, configuration.precision, &outcome).into()
        });
    }
}

/// The workloads that come with the crate, and those of `NDGPU_REAL_DIR` that do not.
fn workloads() -> Vec<Case> {
    let read = |directory: &Path| read_workloads(directory).unwrap_or_else(|why| panic!("real workloads: {why}"));
    let mut cases = read(&data_folder("real"));
    if let Some(directory) = std::env::var_os("NDGPU_REAL_DIR").map(PathBuf::from) {
        let more: Vec<_> =
            read(&directory).into_iter().filter(|new| !cases.iter().any(|case| case.id == new.id)).collect();
        cases.extend(more);
    }
    if !cases.iter().any(|case| case.id.starts_with(ELSEWHERE)) {
        say(&format!(
            "{ELSEWHERE}*: not run, its data are not distributed; NDGPU_REAL_DIR names a directory with them"
        ));
    }
    cases
}
