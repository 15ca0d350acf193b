//! What a GPU's compiler makes of ndgpu's kernels, without a GPU: `scripts/kernel-report` exports the kernels and
//! starts this.
//!
//!     kernel-report FOLDER [--report FILE.md] [--json FILE.json] [--check] [--baseline FILE.json]
//!     kernel-report --measure FAMILY FOLDER       figures of one family, as JSON: the other form starts itself so
//!     kernel-report --assembly FAMILY FILE.wgsl [NAME=VALUE ...]  [--trusted]

mod assembly;
mod devices;
mod kernels;
mod radv;
mod report;
mod translate;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use crate::assembly::Counts;
use crate::kernels::{KERNELS, Kernel};
use crate::radv::{Compiled, Radv};

const FAMILIES: [&str; 3] = ["vega10", "navi21", "gfx1100"];

/// Of a kernel on one family.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    pub registers: u64,
    pub spills: u64,
    pub scratch: u64,
    pub waves: u64,
    pub instructions: u64,
    /// Of the program, as the compiler models it: cycles a wave.
    pub inverse_throughput: u64,
    /// A turn of the loop with the loads, or the whole program.
    pub hot: Counts,
    /// The program with as many turns as a wave is expected to take.
    pub expected: Counts,
}

/// Figures by workload.
pub type Family = BTreeMap<String, Figures>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("kernel-report: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--measure", family, folder] => {
            let figures = measure(family, Path::new(folder))?;
            println!("{}", serde_json::to_string(&figures).map_err(|error| error.to_string())?);
            Ok(true)
        }
        ["--assembly", family, file, ref rest @ ..] => {
            let constants = rest.iter().filter_map(|one| {
                let (name, value) = one.split_once('=')?;
                Some((name.to_owned(), value.parse().ok()?))
            });
            let source = read(Path::new(file))?;
            let kernel = translate::translate(&source, &constants.collect(), rest.contains(&"--trusted"))?;
            let Compiled { statistics, assembly } = Radv::open()?.compile(&kernel)?;
            let f64_cycles = f64_cycles(family);
            println!("{assembly}\n{statistics:#?}\n{:#?}", assembly::hot(&assembly, f64_cycles));
            Ok(true)
        }
        [folder, ref options @ ..] if !folder.starts_with("--") => report(Path::new(folder), options),
        _ => Err("usage: kernel-report FOLDER [--report FILE] [--json FILE] [--check] [--baseline FILE]".into()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What an instruction on f64 takes there, in cycles of one on f32.
fn f64_cycles(family: &str) -> u32 {
    if family == "gfx1100" { 32 } else { 16 }
}

/// All kernels that matter, through the compiler of one family.
fn measure(family: &str, folder: &Path) -> Result<Family, String> {
    let constants: HashMap<String, HashMap<String, f64>> =
        serde_json::from_str(&read(&folder.join("constants.json"))?).map_err(|error| error.to_string())?;
    let radv = Radv::open()?;
    let mut figures = Family::new();
    for kernel in KERNELS {
        let missing = || format!("no kernel is called {}: src/kernels.rs has to follow a renaming", kernel.name);
        let constants = constants.get(kernel.name).ok_or_else(missing)?;
        let source = read(&folder.join("immediates").join(format!("{}.wgsl", kernel.name)))?;
        let translated = translate::translate(&source, constants, false)?;
        let compiled = radv.compile(&translated).map_err(|error| format!("{}: {error}", kernel.name))?;
        figures.insert(kernel.workload.into(), figures_of(kernel, &compiled, f64_cycles(family)));
    }
    Ok(figures)
}

fn figures_of(kernel: &Kernel, compiled: &Compiled, f64_cycles: u32) -> Figures {
    let statistic = |name: &str| compiled.statistics.get(name).copied().unwrap_or_default();
    let hot = assembly::hot(&compiled.assembly, f64_cycles);
    let expected = match kernel.turns {
        None => hot.clone(),
        Some(turns) => {
            let whole = assembly::whole(&compiled.assembly, f64_cycles);
            let more = |one: u32, turn: u32| (f64::from(one) + (turns - 1.0) * f64::from(turn)).round() as u32;
            Counts {
                vector: more(whole.vector, hot.vector),
                f64: more(whole.f64, hot.f64),
                cycles: more(whole.cycles, hot.cycles),
                ..whole
            }
        }
    };
    Figures {
        registers: statistic("VGPRs"),
        spills: statistic("Spilled VGPRs") + statistic("Spilled SGPRs"),
        scratch: statistic("Scratch size"),
        waves: statistic("Subgroups per SIMD"),
        instructions: statistic("Instructions"),
        inverse_throughput: statistic("Inverse Throughput"),
        hot,
        expected,
    }
}

/// Starts this program again for a family: the driver reads the environment once.
fn in_a_process(family: &str, folder: &Path) -> Result<Family, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--measure", family])
        .arg(folder)
        .env("RADV_FORCE_FAMILY", family)
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{family}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{family}: {error}"))
}

fn report(folder: &Path, options: &[&str]) -> Result<bool, String> {
    let option = |name: &str| options.iter().position(|&one| one == name).and_then(|at| options.get(at + 1));
    // Before it is written anew.
    let baseline = option("--baseline").map(|file| read(Path::new(file))).transpose()?;
    let mut families = BTreeMap::new();
    for family in FAMILIES {
        families.insert(family.to_owned(), in_a_process(family, folder)?);
    }
    let write = |file: &str, text: String| std::fs::write(file, text).map_err(|error| format!("{file}: {error}"));
    if let Some(file) = option("--json") {
        write(file, report::json(&families)?)?;
    }
    if let Some(file) = option("--report") {
        write(file, report::markdown(&families))?;
    }
    if let Some(baseline) = baseline {
        print!("{}", report::compared(&families, &baseline)?);
    }
    let missed = report::missed(&families);
    if options.contains(&"--check") {
        missed.iter().for_each(|bar| eprintln!("missed: {bar}"));
        return Ok(missed.is_empty());
    }
    Ok(true)
}
