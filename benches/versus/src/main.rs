//! ndgpu and its peers, measured in one run: `cargo bench --bench versus` in the root of the repository starts this.
//!
//! Imports point one way, from the last of these to the first (`tests/architecture/benches.rs` in the root of the
//! repository has the table):
//!
//! - `outcome`, `date`, `args`, `roster` (who takes part), `workload` (what is measured, and what it is called), `data`
//!   (inputs), `protocol` (what the processes say to each other), `results` (what was found): data, and little else.
//! - `peers` (what they do), behind `worker` (in a process of their own).
//! - `run`: measures, by way of the processes alone. It knows no peer.
//! - `bars` and `gate` (what is to be reached), `report` (tables and charts), `record` (what is kept): of results
//!   alone.

mod args;
mod bars;
mod data;
mod date;
mod gate;
mod outcome;
mod peers;
mod protocol;
mod record;
mod report;
mod results;
mod roster;
mod run;
mod worker;
mod workload;

use std::process::ExitCode;

use args::{Args, Record};
use outcome::Outcome;
use results::Report;

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("versus: {reason}");
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
    if let Some(name) = &args.worker {
        worker::serve(name, &peers::Options { adapter: args.adapter.clone() });
        return Ok(());
    }
    if args.list {
        list(&args);
        return Ok(());
    }
    let report = if args.from.is_empty() {
        run::run(&args)?
    } else {
        let mut all = Report::default();
        for file in &args.from {
            all.merge(Report::read(file)?)?;
        }
        all
    };
    report::publish(&report, &args.out, args.readme_chart.as_deref())?;
    let (faults, bars) = (gate::faults(&report), bars::bars(&report));
    if let Some(place) = &args.record {
        let folder = match place {
            Record::InRepository => record::folder(),
            Record::In(folder) => folder.clone(),
        };
        println!("Recorded in {}", record::update(report, &folder)?.display());
    }
    faults?;
    if args.gate {
        println!("The gate: {} bars, all reached", gate::pass(&bars)?);
    }
    Ok(())
}

fn list(args: &Args) {
    println!("Workloads:");
    let (timed, memory) = run::wanted(args);
    for workload in timed {
        println!("    {}", workload.name());
    }
    for workload in memory {
        println!("    {}", workload.memory_name());
    }
    println!("Peers:");
    for known in &roster::ALL {
        println!("    {:10} {}", known.name, known.what);
    }
}
