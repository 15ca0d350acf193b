//! The report for the day when a machine with a GPU can be had: `scripts/gpu-report` builds, packs and starts this.
//!
//! Every section is a process of its own, this program started again with `--section NAME`: one that crashes, hangs or
//! loses its device takes no other with it, and what it had found by then stays. The process that starts them gathers
//! what they find, and writes the report after each.
//!
//! Imports point one way, from the last of these to the first (`tests/architecture/benches.rs` in the root of the
//! repository has the table):
//!
//! - what benches/versus has already, and its own files are: errors, days, workloads, inputs, the peers' protocol.
//! - `args`, `findings` (what is found, as data), `measure` (the clock), `gpu` (the device).
//! - the sections: `facts`, `ceilings`, `workloads`, `transfers`, `overheads`, `peers`, `suites` (the tests).
//! - `sections` (processes), `predictions`, `report` (Markdown, JSON, charts).

mod args;
mod ceilings;
mod facts;
mod findings;
mod gpu;
mod measure;
mod overheads;
mod peers;
mod predictions;
mod report;
mod sections;
mod suites;
mod transfers;
mod workloads;

// benches/versus is a program, so nothing can depend on it: these files of it are compiled here once more. Each uses
// what it needs of them.
#[allow(dead_code)]
#[path = "../../versus/src/run/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../../versus/src/data.rs"]
mod data;
#[allow(dead_code)]
#[path = "../../versus/src/date.rs"]
mod date;
#[allow(dead_code)]
#[path = "../../versus/src/outcome.rs"]
mod outcome;
#[allow(dead_code)]
#[path = "../../versus/src/protocol.rs"]
mod protocol;
#[allow(dead_code)]
#[path = "../../versus/src/workload/mod.rs"]
mod workload;

use std::process::ExitCode;

use args::Args;
use outcome::Outcome;

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("gpu-report: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Outcome<()> {
    let args = Args::parse(std::env::args().skip(1))?;
    if args.help {
        print!("{}", args::HELP);
        return Ok(());
    }
    match &args.section {
        Some(name) => child(name, &args),
        None => parent(&args),
    }
}

/// One section, whose findings go to standard output.
fn child(name: &str, args: &Args) -> Outcome<()> {
    end_with_parent();
    let tell = findings::tell;
    match name {
        "facts" => facts::look(args, tell),
        "ceilings" => ceilings::measure(args, tell),
        "workloads" => workloads::measure(args, tell),
        "transfers" => transfers::measure(args, tell),
        "overheads" => overheads::measure(args, tell),
        "peers" => peers::measure(args, tell),
        "tests" => suites::run(args, tell),
        _ => Err(format!("there is no section {name}: {}", sections::names().join(", "))),
    }
}

/// A section of a run that was ended goes on measuring for nobody.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)) {
        eprintln!("this section may outlive the run: {error}");
    }
}

/// All sections, one after another, and the report.
fn parent(args: &Args) -> Outcome<()> {
    let predictions = predictions::read(&args.pack.join("predictions.json"));
    let found = sections::run_all(args, |found| report::write(found, &predictions, &args.out))?;
    println!("{}", report::summary(&found, &predictions));
    println!("The whole of it: {}", args.out.join("report.md").display());
    Ok(())
}
