//! What is shown of results: a table, charts, and a summary on the terminal. Nothing here measures, so all of it can be
//! drawn again from results that were written.

mod crossover;
mod facts;
mod lanes;
mod speedup;
mod summary;
mod svg;
mod table;
mod text;

use std::path::Path;

use crate::outcome::{Outcome, write};
use crate::results::Report;

/// The Markdown with every figure.
pub fn table(report: &Report) -> String {
    table::table(report)
}

/// Writes everything, and prints the short version.
pub fn publish(report: &Report, folder: &Path, readme_chart: Option<&Path>) -> Outcome<()> {
    report.write(&folder.join("results.json"))?;
    write(&folder.join("table.md"), &table(report))?;
    let charts = [
        ("crossover.svg", crossover::chart(report)),
        ("interp.svg", speedup::interp(report)),
        ("average.svg", speedup::average(report)),
        ("bandwidth.svg", speedup::bandwidth(report)),
    ];
    let mut written = vec!["table.md", "results.json"];
    for (name, chart) in &charts {
        if let Some(chart) = chart {
            write(&folder.join(name), chart)?;
            written.push(name);
        }
    }
    if let Some(path) = readme_chart {
        let chart = charts[0].1.as_ref().ok_or("too few sizes were measured for the chart of the README")?;
        write(path, chart)?;
    }
    print!("{}", summary::summary(report));
    println!("\nIn {}: {}", folder.display(), written.join(", "));
    Ok(())
}
