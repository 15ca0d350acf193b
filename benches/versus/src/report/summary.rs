//! The short version: a line for each workload, what is missing or went wrong, and the bars that were not reached. This
//! is what a run prints; `table.md` has everything.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::facts::{head, needs_transfers, trouble};
use super::text::{escape, factor, time};
use crate::bars::{self, Outcome};
use crate::protocol::Part;
use crate::results::{ArmResult, Report, Row, Verdict};
use crate::roster::{CPU, GPU};
use crate::workload::Family;

pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    text.push('\n');
    text.push_str(&glance(report));
    text.push_str(&troubles(report));
    text.push_str(&disturbances(report));
    text.push_str(&bars_missed(report));
    text
}

/// Who is fastest, by how much.
pub fn glance(report: &Report) -> String {
    let columns = ["workload", CPU, "× NumPy", "× fastest CPU peer", GPU, "end to end", "× fastest GPU peer"];
    let mut lines = vec![columns.map(str::to_owned).to_vec()];
    for row in report.rows.iter().filter(|row| row.workload.family() != Family::Overhead) {
        let own = |engine: &str, part| row.seconds(engine, part);
        let show = |seconds: Option<f64>| seconds.map_or("–".into(), time);
        let numpy = ["np.interp", "np.average"].into_iter().find_map(|name| row.seconds(name, Part::Resident));
        let beside_numpy = numpy.zip(own(CPU, Part::Resident)).map_or("–".into(), |(numpy, own)| factor(numpy / own));
        lines.push(vec![
            row.name.clone(),
            show(own(CPU, Part::Resident)),
            beside_numpy,
            rival(row, CPU, false),
            show(own(GPU, Part::Resident)),
            show(own(GPU, Part::EndToEnd)),
            rival(row, GPU, true),
        ]);
    }
    if lines.len() == 1 { String::new() } else { aligned(&lines) }
}

/// The fastest peer on that side, and how many times as long it takes.
fn rival(row: &Row, engine: &str, on_gpu: bool) -> String {
    let is_rival = |arm: &&ArmResult| {
        arm.floor.is_none()
            && !arm.is_own()
            && arm.peer != "plain"
            && needs_transfers(arm) == on_gpu
            && arm.verdict.counts()
    };
    let timed = row.arms.iter().filter(is_rival).filter_map(|arm| Some((arm.seconds(Part::Resident)?, arm)));
    let fastest = timed.min_by(|a, b| a.0.total_cmp(&b.0));
    fastest
        .zip(row.seconds(engine, Part::Resident))
        .map_or("–".into(), |((seconds, arm), own)| format!("{} {}", factor(seconds / own), arm.name))
}

/// A Markdown table that is also legible as plain text.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
        if place == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Who is missing, and who failed, was wrong, or refused, each reason once.
fn troubles(report: &Report) -> String {
    let mut text = String::from("\nMissing, wrong, failing or refusing:\n\n");
    let start = text.len();
    for peer in &report.peers {
        if let Err(reason) = &peer.about {
            let _ = writeln!(text, "- {} is missing: {}", peer.name, escape(reason));
        }
    }
    let mut seen: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for row in &report.rows {
        for arm in &row.arms {
            let Some(reason) = trouble(arm) else { continue };
            // What is wrong differs from workload to workload; that it is wrong does not.
            let reason = if matches!(arm.verdict, Verdict::Wrong(_)) { "is **wrong**".to_owned() } else { reason };
            seen.entry((arm.name.clone(), reason)).or_default().push(&row.name);
        }
    }
    for ((name, reason), workloads) in seen {
        let more = if workloads.len() > 3 { format!(" and {} more", workloads.len() - 3) } else { String::new() };
        let shown = workloads[..workloads.len().min(3)].join(", ");
        let _ = writeln!(text, "- {name} {}: {shown}{more}", escape(&reason));
    }
    if text.len() == start { String::new() } else { text }
}

/// Where figures mean less, because the machine was busy with something else.
fn disturbances(report: &Report) -> String {
    let mut text = String::new();
    for row in &report.rows {
        if let Some(disturbance) = row.disturbance() {
            let _ = writeln!(text, "- {}: {disturbance}", row.name);
        }
    }
    if text.is_empty() { text } else { format!("\nNot alone:\n\n{text}") }
}

fn bars_missed(report: &Report) -> String {
    let bars = bars::bars(report);
    let (mut measured, mut missed) = (0, String::new());
    for bar in &bars {
        if let Outcome::Measured(value, reached) = &bar.outcome {
            measured += 1;
            if !reached {
                let _ = writeln!(missed, "- {}: {} instead of {}", bar.what, escape(value), bar.target);
            }
        }
    }
    let reached = measured - missed.lines().count();
    let unmeasured = bars.len() - measured;
    format!("\nBars: {reached} of {measured} reached, {unmeasured} not measured in this run. Not reached:\n\n{missed}")
}
