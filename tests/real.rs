//! Real workloads with NumPy's answers, on every device and in every precision. `tests/real/README.md` says where the data
//! come from, and what `NDGPU_REAL_DIR` adds to them.

mod support;

use std::path::{Path, PathBuf};

use support::case::Case;
use support::devices::configurations;
use support::judge::judge;
use support::operations::{Manner, perform};
use support::report::{Tally, Verdict, say};
use support::workload::read_workloads;

/// Workloads whose data are not distributed with the crate.
const ELSEWHERE: &str = "photometry/";

#[test]
fn workloads_come_out_as_in_numpy() {
    let mut tally = Tally::default();
    let cases = workloads();
    for configuration in configurations() {
        for case in &cases {
            let outcome = perform(configuration, case, Manner::default());
            let judged = judge(case, configuration.precision, &outcome);
            let verdict = judged.map_or_else(Verdict::Failed, |()| Verdict::Passed);
            tally.count(&case.op, &case.tier, &case.id, configuration, verdict);
        }
    }
    tally.finish("real workloads", configurations());
}

/// The workloads that come with the crate, and those of `NDGPU_REAL_DIR` that do not.
fn workloads() -> Vec<Case> {
    let read = |directory: &Path| read_workloads(directory).unwrap_or_else(|why| panic!("real workloads: {why}"));
    let mut cases = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real"));
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
