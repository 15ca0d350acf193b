//! A whole run: who is there, every workload in turn, the memory; results are written after each workload, so that a run that
//! is broken off leaves what it found.

use std::io::IsTerminal;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::Args;
use crate::data::{self, Outcome, told};
use crate::machine;
use crate::measure::{Plan, measure};
use crate::protocol::{Request, Task};
use crate::report;
use crate::results::{Memory, Report};
use crate::team::{self, Member};
use crate::workload::{Spacing, Type, Workload};

pub fn run(args: &Args) -> Outcome<Report> {
    let start = Instant::now();
    let (workloads, memory) = wanted(args);
    if workloads.is_empty() && memory.is_empty() {
        return Err("no workload has such a name; --list shows them all".into());
    }
    let folder = tempfile::tempdir().map_err(told)?;
    let inputs = folder.path().join("inputs");
    let progress = Progress::new(workloads.len() + memory.len());
    let mut team = team::gather(args, folder.path(), |name| progress.tell("who is there", name))?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let mut report = Report {
        machine: machine::look(),
        command: format!("cargo bench --bench versus -- {}", arguments.join(" ")),
        began: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        rounds: args.rounds,
        ..Report::default()
    };
    let mut plan = Plan {
        turn: if args.quick { 0.01 } else { 0.02 },
        whole: !args.quick,
        transfers: false,
        rounds: args.rounds,
        seconds: args.seconds,
        patience: Duration::from_secs(if args.quick { 8 } else { 180 }),
    };
    for workload in workloads {
        std::fs::create_dir_all(&inputs).map_err(told)?;
        let name = workload.name();
        plan.transfers = matches!(workload, Workload::Overhead { what } if what.moves_much());
        let row = measure(workload, &mut team, &inputs, &plan, |step| progress.tell(&name, step))?;
        std::fs::remove_dir_all(&inputs).map_err(told)?;
        report.rows.push(row);
        progress.done(&name, start);
        update(&mut report, &team, start, args)?;
    }
    if let Some(engine) = team.iter_mut().find(|member| member.known.name == "ndgpu-cpu") {
        for workload in memory {
            std::fs::create_dir_all(&inputs).map_err(told)?;
            let name = format!("memory/{}", workload.name());
            progress.tell(&name, "a process of its own");
            report.memory.push(added_memory(workload, &name, engine, &inputs, &plan)?);
            std::fs::remove_dir_all(&inputs).map_err(told)?;
            progress.done(&name, start);
        }
    }
    update(&mut report, &team, start, args)?;
    progress.finish();
    Ok(report)
}

fn update(report: &mut Report, team: &[Member], start: Instant, args: &Args) -> Outcome<()> {
    report.peers = team.iter().map(Member::state).collect();
    report.took_seconds = start.elapsed().as_secs_f64();
    report::write_json(report, &args.out)
}

/// Workloads to time, and those whose memory is measured.
pub fn wanted(args: &Args) -> (Vec<Workload>, Vec<Workload>) {
    let interp = |knots| Workload::Interp {
        ty: Type::F32,
        tables: 1,
        knots,
        spacing: Spacing::Random,
        sorted: false,
        queries: 10_000_000,
    };
    let average = |full| Workload::Average { ty: Type::F32, rows: 4, columns: 4_000_000, axis: 1, full };
    let mut memory = vec![interp(1_024), interp(1_000_000), average(false), average(true)];
    let mut timed = if args.quick { Workload::quick() } else { Workload::all() };
    if let Some(pattern) = &args.workloads {
        timed.retain(|workload| pattern.is_match(&workload.name()));
        memory.retain(|workload| pattern.is_match(&format!("memory/{}", workload.name())));
    }
    if !args.cpu {
        memory.clear();
    }
    if !args.gpu {
        timed.retain(|workload| !matches!(workload, Workload::Overhead { .. }));
    }
    (timed, memory)
}

fn added_memory(
    workload: Workload,
    name: &str,
    engine: &mut Member,
    inputs: &std::path::Path,
    plan: &Plan,
) -> Outcome<Memory> {
    data::make(&workload, inputs)?;
    let task = Task { folder: inputs.to_owned(), workload };
    // A process that has done nothing before holds nothing in its pools.
    engine.end();
    let added = engine.ask(&Request::Memory { task }, plan.patience);
    engine.end();
    let table = match workload {
        Workload::Interp { knots, ty, .. } => 2 * knots * ty.bytes(),
        _ => 0,
    };
    Ok(Memory {
        name: name.to_owned(),
        allowed: (workload.bytes() + (16 << 20) + 4 * table) as u64,
        added: added.map(|reply| reply.bytes),
    })
}

/// A bar on a terminal, else a line for each workload.
struct Progress(Option<ProgressBar>);

impl Progress {
    fn new(steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("{bar:30.cyan/dim} {pos}/{len} {elapsed} {wide_msg}");
        let bar = ProgressBar::new(steps as u64);
        Self(Some(bar.with_style(style.expect("a template that is right"))))
    }

    fn tell(&self, what: &str, step: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{what}: {step}"));
        }
    }

    fn done(&self, what: &str, start: Instant) {
        match &self.0 {
            Some(bar) => bar.inc(1),
            None => eprintln!("{:5.0} s  {what}", start.elapsed().as_secs_f64()),
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
