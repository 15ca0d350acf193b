//! A whole run: who is there, every workload in turn, the memory; results are written after each workload, so that a
//! run that is broken off leaves what it found.

mod check;
mod client;
mod machine;
mod measure;
mod progress;
mod provenance;
mod team;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use measure::{Plan, measure};
use progress::Progress;
use team::Member;

use crate::args::Args;
use crate::data;
use crate::outcome::{Outcome, told};
use crate::protocol::{Request, Task};
use crate::results::{Memory, Report};
use crate::workload::Workload;

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
    let began = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let command = format!("cargo bench --bench versus -- {}", arguments.join(" "));
    let mut report = Report {
        machine: machine::look(),
        command: command.clone(),
        began,
        rounds: args.rounds,
        runs: vec![provenance::look(began, command, &args.python)],
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
        let mut row = measure(workload, &mut team, &inputs, &plan, |step| progress.tell(&name, step))?;
        std::fs::remove_dir_all(&inputs).map_err(told)?;
        row.began = began;
        report.rows.push(row);
        progress.done(&name, start);
        update(&mut report, &team, start, args)?;
    }
    if let Some(engine) = team.iter_mut().find(|member| member.known.name == "ndgpu-cpu") {
        for workload in memory {
            std::fs::create_dir_all(&inputs).map_err(told)?;
            let name = workload.memory_name();
            progress.tell(&name, "a process of its own");
            let memory = added_memory(workload, &name, engine, &inputs, &plan)?;
            report.memory.push(Memory { began, ..memory });
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
    report.write(&args.out.join("results.json"))
}

/// Workloads to time, and those whose memory is measured.
pub fn wanted(args: &Args) -> (Vec<Workload>, Vec<Workload>) {
    let mut memory = Workload::memory();
    let mut timed = if args.quick { Workload::quick() } else { Workload::all() };
    if let Some(pattern) = &args.workloads {
        timed.retain(|workload| pattern.is_match(&workload.name()));
        memory.retain(|workload| pattern.is_match(&workload.memory_name()));
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
        began: 0,
        allowed: (workload.bytes() + (16 << 20) + 4 * table) as u64,
        added: added.map(|reply| reply.bytes),
    })
}
