//! What is shown: a table, a file of data, charts.

mod crossover;
mod lanes;
mod markdown;
mod speedup;
mod summary;
mod svg;

use std::path::Path;

use crate::args::Args;
use crate::data::{Outcome, told};
use crate::results::Report;

pub fn write_json(report: &Report, folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let text = serde_json::to_string_pretty(report).map_err(told)?;
    std::fs::write(folder.join("results.json"), text).map_err(told)
}

pub fn read_json(file: &Path) -> Outcome<Report> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Writes everything, and prints the short version.
pub fn publish(report: &Report, args: &Args) -> Outcome<()> {
    write_json(report, &args.out)?;
    write(&args.out.join("table.md"), &markdown::table(report))?;
    let charts = [
        ("crossover.svg", crossover::chart(report)),
        ("interp.svg", speedup::interp(report)),
        ("average.svg", speedup::average(report)),
        ("bandwidth.svg", speedup::bandwidth(report)),
    ];
    let mut written = vec!["table.md", "results.json"];
    for (name, chart) in &charts {
        if let Some(chart) = chart {
            write(&args.out.join(name), chart)?;
            written.push(name);
        }
    }
    if let Some(path) = &args.readme_chart {
        let chart = charts[0].1.as_ref().ok_or("too few sizes were measured for the chart of the README")?;
        write(path, chart)?;
    }
    print!("{}", summary::summary(report));
    println!("\nIn {}: {}", args.out.display(), written.join(", "));
    match summary::own_faults(report).as_slice() {
        [] => Ok(()),
        faults => Err(format!("ndgpu itself is at fault in {}", faults.join(", "))),
    }
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
