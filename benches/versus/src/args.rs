//! The command line.

use std::path::PathBuf;

use regex::Regex;

use crate::outcome::{Outcome, told};

pub const HELP: &str = "\
ndgpu and its peers, in one run, on the same data, each result checked before its time counts.

    cargo bench --bench versus -- [OPTIONS]

What is measured:
    --quick               Something of everything, in less than three minutes. Transfers and end to end of ndgpu only.
    --workloads REGEX     Only workloads whose name matches, of the whole grid, or of the quick one with --quick.
                          Names look like interp/f32/1024/random/sorted/1e6, tables/f32/1000x256/1e4,
                          average/f32/10000x1000/axis1/full, overhead/upload-64MB, memory/...
    --peers LIST          Only these, separated by commas; ndgpu itself always takes part. --list shows them.
    --engines LIST        cpu, gpu, or both (default): ndgpu's engines, and with them the peers on that side.
    --adapter NAME        The adapter whose name contains this, for ndgpu's GPU engine and the bare kernels.
    --list                Prints workloads and peers, and measures nothing.

How:
    --rounds N            Rounds over all arms: 9, or 3 with --quick. Of each arm the median over rounds counts.
    --seconds S           At most about this long for a part of an arm in a workload: 6, or 0.4 with --quick. Slow ones
                          get fewer rounds, one at least.
    --python PATH         The Python whose libraries are measured: else $NDGPU_VERSUS_PYTHON, else python3.
    --light               Builds without numr and burn, which take minutes; they are then reported as not built.

What comes out:
    --out DIR             Where table.md, results.json and the charts go: target/versus.
    --record [DIR]        Keeps the results, too: benches/record/MACHINE/DATE.json with the figures and what it takes
                          to measure them again, and DATE.md with the tables. Runs of a day go into one record.
    --readme-chart PATH   Writes the chart of sizes here, too.
    --from FILE...        Measures nothing: draws tables and charts from results.json of earlier runs, or from
                          records. Of what was measured twice the last counts.
    --gate                Fails, with exit status 1, unless every bar that was measured is reached, and at least one
                          was. Bars compare arms of one workload in one run: none is a time of another day.
    -h, --help            This.
";

/// Where results are kept.
#[derive(Debug, PartialEq)]
pub enum Record {
    InRepository,
    In(PathBuf),
}

#[derive(Default)]
pub struct Args {
    pub help: bool,
    pub list: bool,
    pub quick: bool,
    /// Built without the heavy peers.
    pub light: bool,
    pub workloads: Option<Regex>,
    pub peers: Option<Vec<String>>,
    pub cpu: bool,
    pub gpu: bool,
    pub adapter: Option<String>,
    pub rounds: usize,
    pub seconds: f64,
    pub python: String,
    pub out: PathBuf,
    pub readme_chart: Option<PathBuf>,
    pub from: Vec<PathBuf>,
    /// The folder of records, to keep the results there.
    pub record: Option<Record>,
    /// Bars that are missed make the run fail.
    pub gate: bool,
    /// Set in the processes that a run starts.
    pub worker: Option<String>,
}

impl Args {
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut args = Self { cpu: true, gpu: true, ..Self::default() };
        let (mut rounds, mut seconds, mut python, mut out) = (None, None, None, None);
        let mut rest = arguments.into_iter().peekable();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "-h" | "--help" => args.help = true,
                "--list" => args.list = true,
                "--quick" => args.quick = true,
                "--light" => args.light = true,
                "--workloads" => args.workloads = Some(Regex::new(&value()?).map_err(told)?),
                "--peers" => args.peers = Some(list(&value()?)),
                "--engines" => {
                    let engines = list(&value()?);
                    (args.cpu, args.gpu) = (engines.contains(&"cpu".into()), engines.contains(&"gpu".into()));
                    if let Some(other) = engines.iter().find(|engine| !["cpu", "gpu"].contains(&engine.as_str())) {
                        return Err(format!("there is no engine {other}: cpu and gpu are"));
                    }
                }
                "--adapter" => args.adapter = Some(value()?),
                "--rounds" => rounds = Some(value()?.parse::<usize>().map_err(told)?.max(1)),
                "--seconds" => seconds = Some(value()?.parse::<f64>().map_err(told)?),
                "--python" => python = Some(value()?),
                "--out" => out = Some(PathBuf::from(value()?)),
                "--readme-chart" => args.readme_chart = Some(value()?.into()),
                "--from" => {
                    args.from.push(value()?.into());
                    while let Some(file) = rest.next_if(|next| !next.starts_with("--")) {
                        args.from.push(file.into());
                    }
                }
                "--record" => {
                    let folder = rest.next_if(|next| !next.starts_with("--"));
                    args.record = Some(folder.map_or(Record::InRepository, |folder| Record::In(folder.into())));
                }
                "--gate" => args.gate = true,
                "--worker" => args.worker = Some(value()?),
                other => return Err(format!("{other} is not known; --help lists what is")),
            }
        }
        args.rounds = rounds.unwrap_or(if args.quick { 3 } else { 9 });
        args.seconds = seconds.unwrap_or(if args.quick { 0.4 } else { 6.0 });
        args.python = python.or_else(|| std::env::var("NDGPU_VERSUS_PYTHON").ok()).unwrap_or_else(|| "python3".into());
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        args.out = out.unwrap_or_else(|| target.join("versus"));
        Ok(args)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
