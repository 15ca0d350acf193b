//! What ndgpu computes, on the GPU and beside it on the CPU engine: every workload of benches/versus that computes, and
//! one for each of the predictions' keys, larger than any cache where there is hardware. Inputs, tables and results
//! stay on the device. Every result is compared with plain f64 arithmetic before its time counts.

pub mod case;
pub mod inputs;
mod run;

use crate::args::Args;
use crate::findings::{Finding, Row};
use crate::gpu::{self, Gpu};
use crate::measure::Deadline;
use crate::outcome::Outcome;
use case::{Case, Scale};

pub fn measure(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let deadline = Deadline::after(args.seconds.unwrap_or(110.0));
    let cpu = ndgpu::Device::cpu();
    let mut gpu = gpu::open(args.adapter.as_deref());
    if let Err(reason) = &gpu {
        tell(Finding::Problem(format!("only the CPU engine is measured: {reason}")));
    }
    // Without a GPU small ones, too: it is not what this is about.
    let scale = if gpu.as_ref().is_ok_and(|gpu| !gpu.is_software()) { Scale::Hardware } else { Scale::Software };
    let cases = case::all(scale);
    for (place, case) in cases.iter().enumerate() {
        if deadline.is_over() {
            let left: Vec<_> = cases[place..].iter().map(Case::name).collect();
            tell(Finding::Problem(format!("time was up before {} workloads: {}", left.len(), left.join(", "))));
            break;
        }
        let row = row(case, &gpu, &cpu, deadline);
        let lost = row.gpu.as_ref().err().filter(|reason| gpu::is_lost(reason)).cloned();
        tell(Finding::Workload(Box::new(row)));
        if let Some(reason) = lost {
            tell(Finding::Problem(format!("{reason}; another is opened")));
            gpu = gpu::open(args.adapter.as_deref());
        }
    }
    Ok(())
}

fn row(case: &Case, gpu: &Outcome<Gpu>, cpu: &ndgpu::Device, deadline: Deadline) -> Row {
    let devices: Vec<_> = gpu.iter().map(|gpu| &gpu.device).chain([cpu]).collect();
    let mut timings = run::time(case, &devices, deadline);
    let on_cpu = timings.pop().unwrap_or_else(|| Err("not measured".into()));
    let on_gpu = match gpu {
        Ok(_) => timings.pop().unwrap_or_else(|| Err("not measured".into())),
        Err(reason) => Err(reason.clone()),
    };
    Row {
        name: case.name(),
        title: case.title(),
        key: case.key.map(str::to_owned),
        group: case.group().to_owned(),
        bytes: case.bytes(),
        elements: case.elements(),
        bound: case.bound(),
        moves_all: case.moves_all(),
        note: case.note().map(str::to_owned),
        gpu: on_gpu,
        cpu: on_cpu,
    }
}
