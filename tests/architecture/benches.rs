//! The benchmarks: four programs on what they share, and `versus` and `gpu-report`, which are packages of their own.

use std::path::{Path, PathBuf};

use crate::imports::{Imports, Room};

/// The programs know `support`; `support` knows none of them.
const BENCH: &[Room] = &[("support", &[]), ("crate", &["support"])];

/// What is plain data comes first. Peers are known to nobody but the worker that runs one; what measures talks to
/// workers. What judges and shows knows results, and neither peers nor measuring.
const VERSUS: &[Room] = &[
    ("outcome", &[]),
    ("date", &[]),
    ("roster", &[]),
    ("workload", &[]),
    ("args", &["outcome"]),
    ("protocol", &["workload"]),
    ("data", &["outcome", "workload"]),
    ("results", &["outcome", "roster", "workload", "protocol"]),
    // In the processes of the peers.
    ("peers", &["outcome", "roster", "workload", "protocol", "data"]),
    ("worker", &["outcome", "protocol", "peers"]),
    // In the process that measures.
    ("run", &["outcome", "roster", "workload", "args", "protocol", "data", "results"]),
    // With results alone, of this run or of a file.
    ("bars", &["roster", "workload", "protocol", "results"]),
    ("gate", &["outcome", "results", "bars"]),
    ("report", &["outcome", "date", "roster", "workload", "protocol", "results", "bars"]),
    ("record", &["outcome", "date", "results", "report"]),
    ("crate", &["outcome", "roster", "args", "results", "peers", "worker", "run", "bars", "gate", "report", "record"]),
];

/// No peer knows another.
const PEERS: &[Room] = &[
    ("adapter", &[]),
    ("arm", &[]),
    ("inputs", &["arm"]),
    ("burn", &["arm", "inputs"]),
    ("crates", &["arm", "inputs"]),
    ("floors", &["arm"]),
    ("ndgpu", &["adapter", "arm", "inputs"]),
    ("numr", &["arm", "inputs"]),
    ("plain", &["arm", "inputs"]),
    ("wgsl", &["adapter", "arm", "inputs"]),
    ("crate", &["adapter", "arm", "burn", "crates", "floors", "ndgpu", "numr", "plain", "wgsl"]),
];

const REPORT: &[Room] = &[
    ("text", &[]),
    ("svg", &[]),
    ("facts", &["text"]),
    ("lanes", &["svg"]),
    ("crossover", &["text", "svg", "facts"]),
    ("speedup", &["text", "svg", "facts", "lanes"]),
    ("summary", &["text", "facts"]),
    ("table", &["text", "facts", "summary"]),
    ("crate", &["crossover", "speedup", "summary", "table"]),
];

const RUN: &[Room] = &[
    ("check", &[]),
    ("client", &[]),
    ("machine", &[]),
    ("progress", &[]),
    ("provenance", &[]),
    ("team", &["client"]),
    ("measure", &["check", "machine", "team"]),
    ("crate", &["machine", "progress", "provenance", "team", "measure"]),
];

/// What it shares with `versus`, then data and the clock, the device, sections that know nothing of each other, and
/// what starts and shows them.
const GPU_REPORT: &[Room] = &[
    ("outcome", &[]),
    ("date", &[]),
    ("workload", &[]),
    ("protocol", &["workload"]),
    ("data", &["outcome", "workload"]),
    ("client", &["outcome", "protocol"]),
    ("args", &["outcome"]),
    ("measure", &["outcome"]),
    ("findings", &["measure"]),
    ("gpu", &["outcome", "findings"]),
    // Sections, each in a process of its own.
    ("facts", &["outcome", "args", "findings", "gpu"]),
    ("ceilings", &["outcome", "args", "measure", "findings", "gpu"]),
    ("workloads", &["outcome", "workload", "data", "args", "measure", "findings", "gpu"]),
    ("transfers", &["outcome", "data", "args", "measure", "findings", "gpu"]),
    ("overheads", &["outcome", "data", "args", "measure", "findings", "gpu"]),
    ("peers", &["outcome", "workload", "data", "client", "args", "measure", "findings", "gpu", "workloads"]),
    ("suites", &["outcome", "args", "findings", "gpu"]),
    // In the process that starts them, of what they found.
    ("sections", &["outcome", "args", "findings"]),
    ("predictions", &["findings"]),
    ("report", &["outcome", "date", "measure", "findings", "predictions"]),
    (
        "crate",
        &[
            "outcome",
            "args",
            "findings",
            "facts",
            "ceilings",
            "workloads",
            "transfers",
            "overheads",
            "peers",
            "suites",
            "sections",
            "predictions",
            "report",
        ],
    ),
];

fn benches() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches")
}

#[test]
fn benchmarks_know_what_they_share() {
    let files = std::fs::read_dir(benches()).unwrap().map(|file| file.unwrap().path());
    let mut programs: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect();
    programs.sort();
    assert!(programs.len() >= 5, "{programs:?}");
    for program in programs {
        // It starts the package and shares nothing.
        let table = if program.ends_with("versus.rs") { &BENCH[1..1] } else { BENCH };
        Imports::of(&program).must_follow(table);
    }
}

#[test]
fn the_report_of_a_gpu_imports_one_way() {
    Imports::of(&benches().join("gpu-report/src/main.rs")).must_follow(GPU_REPORT);
}

#[test]
fn versus_imports_one_way() {
    let versus = Imports::of(&benches().join("versus/src/main.rs"));
    versus.must_follow(VERSUS);
    versus.inside("peers").must_follow(PEERS);
    versus.inside("run").must_follow(RUN);
    versus.inside("report").must_follow(REPORT);
}
