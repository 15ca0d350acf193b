//! Libraries of Python beside ndgpu, where they can be imported: CuPy, PyTorch, JAX and NumPy, in the processes and by
//! the protocol of benches/versus.

use std::path::Path;
use std::time::Duration;

use ndarray::Array1;
use ndarray_npy::ReadNpyExt;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::args::Args;
use crate::client::{Client, Program};
use crate::data::Real;
use crate::findings::{Finding, Peer, PeerTime};
use crate::gpu;
use crate::measure::{Deadline, Times};
use crate::outcome::{Outcome, told};
use crate::workload::Type;
use crate::workloads::case::{self, Case, Scale};
use crate::workloads::inputs::{Inputs, largest_error};

/// The names of their files. JAX on the CPU stands in only where it has no GPU.
const PEERS: [(&str, &str); 5] = [
    ("numpy", "NumPy"),
    ("cupy", "CuPy"),
    ("torch", "PyTorch"),
    ("jax-cuda", "JAX on CUDA"),
    ("jax", "JAX on the CPU"),
];
/// Importing a library, and compiling what it compiles at first.
const START: Duration = Duration::from_secs(40);
const ANSWER: Duration = Duration::from_secs(30);
/// Up to these results are right, and above them right to a few digits only.
const TOLERANCE: [(Type, f64); 2] = [(Type::F32, 1e-3), (Type::F64, 1e-9)];
const FIRST: [&str; 5] =
    ["interp_f32_random_65536", "average_f32_rows", "interp_f32_random_1024", "sum_f32_rows", "average_f32_columns"];
/// Seconds that an arm of a workload gets.
const TURN: f64 = 0.25;

pub fn measure(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let deadline = Deadline::after(args.seconds.unwrap_or(95.0));
    let script = args.pack.join("python/worker.py");
    let mut team: Vec<(&str, Client)> = Vec::new();
    for (name, shown) in PEERS {
        if name == "jax" && team.iter().any(|(name, _)| *name == "jax-cuda") {
            continue;
        }
        let about = start(name, &script, args).map(|(client, about)| {
            team.push((name, client));
            about
        });
        tell(Finding::Peer(Peer { name: shown.into(), about }));
    }
    if team.is_empty() {
        return Ok(());
    }
    let hardware = gpu::chosen(args.adapter.as_deref()).is_ok_and(|info| info.kind.is_hardware_gpu());
    let scale = if hardware { Scale::Hardware } else { Scale::Software };
    let folder = args.out.join("inputs");
    let mut cases = case::keyed(scale);
    // In the order in which they are to be had where time is short; the others after them.
    cases.sort_by_key(|case| FIRST.iter().position(|key| case.key == Some(key)).unwrap_or(FIRST.len()));
    for (place, case) in cases.iter().enumerate() {
        if deadline.is_over() {
            let left: Vec<_> = cases[place..].iter().filter_map(|case| case.key).collect();
            tell(Finding::Problem(format!("time was up before {}", left.join(", "))));
            break;
        }
        let measured = match case.ty() {
            Type::F32 => of_type::<f32>(case, &folder, &mut team, deadline, &tell),
            Type::F64 => of_type::<f64>(case, &folder, &mut team, deadline, &tell),
        };
        if let Err(reason) = measured {
            tell(Finding::Problem(format!("{}: {reason}", case.name())));
        }
    }
    drop(team);
    // As large as the inputs are, and of no use to a reader. Where nothing was written there is nothing to remove.
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

fn start(name: &str, script: &Path, args: &Args) -> Outcome<(Client, String)> {
    if !script.exists() {
        return Err(format!("{} is not there", script.display()));
    }
    let program = Program {
        program: args.python.clone().into(),
        arguments: vec!["-u".into(), script.display().to_string(), name.into()],
        environment: vec![
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            // JAX would take three quarters of the device's memory at once, from everybody else.
            ("XLA_PYTHON_CLIENT_PREALLOCATE", "false".into()),
        ],
    };
    let stderr = args.out.join("logs").join(format!("peer-{name}.stderr"));
    let mut client = Client::start(&program, &stderr)?;
    let about = client.ask(&json!({"op": "hello"}), START)?.about;
    Ok((client, about))
}

fn of_type<T: Real>(
    case: &Case,
    folder: &Path,
    team: &mut Vec<(&str, Client)>,
    deadline: Deadline,
    tell: &impl Fn(Finding),
) -> Outcome<()> {
    let inputs = Inputs::<T>::of(case);
    inputs.write(folder)?;
    // What ndgpu's transposition is seen by is an average, what a peer does is seen as it is.
    let expected = if let (case::Task::Transpose(..), Inputs::Matrix(a)) = (case.task, &inputs) {
        a.t().iter().map(|&value| value.into()).collect()
    } else {
        inputs.expected(case)
    };
    drop(inputs);
    let mut task = case.to_json();
    task["folder"] = json!(folder);
    team.retain_mut(|(name, client)| {
        if deadline.is_over() {
            return true;
        }
        let asked = arms(case, &task, folder, client, &expected, tell);
        if let Err(reason) = &asked {
            // A peer that has died, or does not answer, has had its last turn.
            let (row, arm) = (case.name(), (*name).to_owned());
            let reason = format!("{reason}; not asked any more");
            tell(Finding::PeerTime(PeerTime { row, arm, call: String::new(), outcome: Err(reason) }));
        }
        asked.is_ok()
    });
    Ok(())
}

/// All that one peer can do with a workload. An error is about the peer as a whole.
fn arms(
    case: &Case,
    task: &Value,
    folder: &Path,
    client: &mut Client,
    expected: &[f64],
    tell: &impl Fn(Finding),
) -> Outcome<()> {
    let told = |arm: &str, call: &str, outcome| {
        tell(Finding::PeerTime(PeerTime { row: case.name(), arm: arm.into(), call: call.into(), outcome }));
    };
    let offered = match client.ask(&json!({"op": "prepare", "task": task}), ANSWER) {
        Ok(reply) => reply.arms,
        // Out of memory, say: the next workload may fit.
        Err(reason) if reason.starts_with("raises") => {
            told("", "", Err(reason));
            return Ok(());
        }
        Err(reason) => return Err(reason),
    };
    for (place, arm) in offered.iter().enumerate() {
        let outcome = match &arm.refuses {
            Some(reason) => Err(format!("refuses: {reason}")),
            // What compiles at the first call says nothing by it.
            None => time(case, folder, client, (place, arm.call.starts_with("jit")), expected),
        };
        let gone =
            outcome.as_ref().err().filter(|reason| reason.starts_with("died") || reason.starts_with("no answer"));
        if let Some(reason) = gone {
            return Err(reason.clone());
        }
        told(&arm.name, &arm.call, outcome);
    }
    client.ask(&json!({"op": "release"}), ANSWER).map(drop)
}

fn time(
    case: &Case,
    folder: &Path,
    client: &mut Client,
    (arm, compiles): (usize, bool),
    expected: &[f64],
) -> Outcome<(Times, f64)> {
    let out = folder.join("out.npy");
    let checked = client.ask(&json!({"op": "check", "arm": arm, "out": out}), ANSWER)?.seconds;
    let error = error_of(&out, expected)?;
    let tolerance = TOLERANCE.iter().find(|(ty, _)| *ty == case.ty()).map_or(0.0, |(_, tolerance)| *tolerance);
    if error > tolerance {
        return Err(format!("**wrong**: off by up to {error:.1e}"));
    }
    // A second of it is enough: the call that was checked counts then.
    if checked.first().is_some_and(|&seconds| seconds > 1.0) && !compiles {
        return Ok((Times::of(checked, 1).ok_or("no time was told")?, error));
    }
    let mut ask = |warm: usize, calls: usize| {
        let request = json!({"op": "time", "arm": arm, "part": "resident", "calls": calls, "warm": warm});
        client.ask(&request, ANSWER).map(|reply| reply.seconds)
    };
    let first = ask(1, 1)?;
    let calls = (TURN / first.first().copied().unwrap_or(TURN).max(1e-6)).clamp(1.0, 50.0) as usize;
    let samples = if calls > 1 { ask(0, calls)? } else { first };
    Ok((Times::of(samples, 1).ok_or("no time was told")?, error))
}

/// What a peer wrote: f64, or else f32.
fn error_of(file: &Path, expected: &[f64]) -> Outcome<f64> {
    let open = || std::fs::File::open(file).map(std::io::BufReader::new).map_err(told);
    let got: Vec<f64> = match Array1::<f64>::read_npy(open()?) {
        Ok(values) => values.to_vec(),
        Err(_) => Array1::<f32>::read_npy(open()?).map_err(told)?.iter().map(|&value| value.into()).collect(),
    };
    if got.len() != expected.len() {
        return Err(format!("**wrong**: {} results instead of {}", got.len(), expected.len()));
    }
    Ok(largest_error(got.par_iter().copied(), expected))
}
