//! The report: Markdown, JSON and charts, of what was found alone.

mod bandwidth;
mod charts;
mod lines;
mod markdown;
mod short;

// The charts of benches/versus.
#[allow(dead_code)]
#[path = "../../../versus/src/report/lanes.rs"]
mod lanes;
#[allow(dead_code)]
#[path = "../../../versus/src/report/svg.rs"]
mod svg;
#[allow(dead_code)]
#[path = "../../../versus/src/report/text.rs"]
mod text;

use std::path::Path;

use crate::findings::Report;
use crate::outcome::{Outcome, told, write as write_file};
use crate::predictions::{self, Predictions};

pub use short::summary;

/// Writes everything anew: what a later section adds replaces what an earlier one left.
pub fn write(report: &mut Report, predictions: &Predictions, out: &Path) -> Outcome<()> {
    report.predicted = predictions::compare(predictions, report, |row| bandwidth::share_of_largest(report, row));
    write_file(&out.join("report.json"), &serde_json::to_string_pretty(&report).map_err(told)?)?;
    let mut charts = Vec::new();
    for (name, title, chart) in charts::all(report) {
        write_file(&out.join(name), &chart)?;
        charts.push((name, title));
    }
    write_file(&out.join("report.md"), &markdown::report(report, predictions, &charts))
}
