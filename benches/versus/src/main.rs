//! ndgpu and its peers, measured in one run: `cargo bench --bench versus` in the root of the repository starts this.
//!
//! `args` says what to do, `run` does it with `measure`, `team` and `client` (the processes of the peers), `peers` (what
//! they do there) and `check`; `report` shows what was found.

mod args;
mod bars;
mod check;
mod client;
mod data;
mod machine;
mod measure;
mod peers;
mod protocol;
mod report;
mod results;
mod run;
mod team;
mod worker;
mod workload;

use std::process::ExitCode;

use args::Args;
use data::Outcome;
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
            all.merge(report::read_json(file)?);
        }
        all
    };
    report::publish(&report, &args)
}

fn list(args: &Args) {
    println!("Workloads:");
    let (timed, memory) = run::wanted(args);
    for workload in timed {
        println!("    {}", workload.name());
    }
    for workload in memory {
        println!("    memory/{}", workload.name());
    }
    println!("Peers:");
    for known in &peers::ALL {
        println!("    {:10} {}", known.name, known.what);
    }
}
