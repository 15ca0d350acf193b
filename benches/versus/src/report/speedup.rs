//! How many times as fast as NumPy everybody is, workload by workload; and how near averages come to the bandwidth of the memory.

use super::lanes::{Lane, Lanes, Style};
use super::markdown;
use super::svg::{Shape, colour};
use crate::bars::CPU;
use crate::peers::{self, Side};
use crate::protocol::Part;
use crate::results::{ArmResult, Report, Row};
use crate::workload::{Type, Workload, grouped};

/// The name in the results, and how it is drawn.
const INTERP: [(&str, Shape, &str); 10] = [
    ("ndgpu GPU", Shape::Circle, colour::VERMILION),
    ("numba", Shape::Diamond, colour::GREEN),
    ("JAX", Shape::Square, colour::PURPLE),
    ("interp crate", Shape::Triangle, colour::ORANGE),
    ("ndarray-interp", Shape::Triangle, colour::SKY),
    ("scipy spline", Shape::Square, colour::GREY),
    ("bisection kernel", Shape::Ring, colour::VERMILION),
    ("numr", Shape::Cross, colour::VERMILION),
    ("CuPy", Shape::Ring, colour::GREEN),
    ("PyTorch", Shape::Ring, colour::PURPLE),
];

const AVERAGE: [(&str, Shape, &str); 11] = [
    ("ndgpu GPU", Shape::Circle, colour::VERMILION),
    ("np.dot", Shape::Square, colour::ORANGE),
    ("np.einsum", Shape::Square, colour::GREY),
    ("JAX", Shape::Square, colour::PURPLE),
    ("numba", Shape::Diamond, colour::GREEN),
    ("ndarray", Shape::Triangle, colour::SKY),
    ("numr matmul", Shape::Cross, colour::VERMILION),
    ("burn", Shape::Ring, colour::VERMILION),
    ("burn matmul", Shape::Cross, colour::INK),
    ("CuPy", Shape::Ring, colour::GREEN),
    ("PyTorch", Shape::Ring, colour::PURPLE),
];

/// More lanes than fit on a page are left to the table.
const MOST: usize = 34;

pub fn interp(report: &Report) -> Option<String> {
    let all: Vec<&Row> = report.rows.iter().filter(|row| matches!(row.workload, Workload::Interp { .. })).collect();
    // Of one table and one order of queries only the largest number of them.
    let largest = |row: &&Row| all.iter().all(|other| family(other) != family(row) || other.elements <= row.elements);
    let rows: Vec<&Row> = all.iter().copied().filter(largest).take(MOST).collect();
    speedups(report, "np.interp", "Interpolation: times as fast as np.interp", &rows, &INTERP)
}

pub fn average(report: &Report) -> Option<String> {
    let rows: Vec<&Row> = averages(report).take(MOST).collect();
    speedups(report, "np.average", "Weighted averages: times as fast as np.average", &rows, &AVERAGE)
}

fn averages(report: &Report) -> impl Iterator<Item = &Row> {
    report.rows.iter().filter(|row| matches!(row.workload, Workload::Average { .. }))
}

fn family(row: &Row) -> &str {
    row.name.rsplit_once('/').map_or(row.name.as_str(), |(family, _)| family)
}

fn speedups(
    report: &Report,
    base: &str,
    title: &str,
    rows: &[&Row],
    known: &[(&str, Shape, &'static str)],
) -> Option<String> {
    let styles = used(rows, known);
    let lane = |row: &&Row| {
        let base = row.seconds(base, Part::Resident)?;
        let times = |name: &str| row.seconds(name, Part::Resident).map(|seconds| base / seconds);
        let marks = styles.iter().enumerate().filter_map(|(place, style)| Some((times(&style.name)?, place)));
        let bar = times(CPU).map(|times| (times, format!("{}×", markdown::factor(times))));
        Some(Lane { label: label(row), bar, marks: marks.collect(), limit: None })
    };
    let lanes: Vec<Lane> = rows.iter().filter_map(lane).collect();
    if lanes.is_empty() {
        return None;
    }
    let mut notes =
        vec![format!("The computation alone, medians of rounds in turns; logarithmic. {}", machine(report))];
    notes.extend(software_note(report));
    let chart = Lanes {
        title: title.into(),
        notes,
        bar: "ndgpu, CPU engine",
        styles,
        lanes,
        logarithmic: true,
        from: 1.0,
        lines: vec![(1.0, base.to_owned())],
        limit: None,
        unit: "×",
    };
    Some(chart.draw())
}

/// Gigabytes a second, each input read once and each output written once.
pub fn bandwidth(report: &Report) -> Option<String> {
    let rows: Vec<&Row> = averages(report).take(MOST).collect();
    let on_cpu = AVERAGE.iter().filter(|(name, ..)| {
        let arm = rows.iter().find_map(|row| row.arm(name));
        arm.is_some_and(is_on_cpu)
    });
    let mut known: Vec<_> = on_cpu.copied().collect();
    known.push(("np.average", Shape::Circle, colour::INK));
    known.push(("plain sum in f32", Shape::Ring, colour::GREY));
    let styles = used(&rows, &known);
    let rate = |row: &Row, name: &str| Some(row.bytes as f64 / row.seconds(name, Part::Resident)? / 1e9);
    let lane = |row: &&Row| {
        let marks = styles.iter().enumerate().filter_map(|(place, style)| Some((rate(row, &style.name)?, place)));
        let bar = rate(row, CPU).map(|rate| (rate, markdown::factor(rate)));
        Lane { label: label(row), bar, marks: marks.collect(), limit: limit(row, "read of as many bytes") }
    };
    let lanes: Vec<Lane> = rows.iter().map(lane).collect();
    let mut limits: Vec<f64> = rows.iter().filter_map(|row| limit(row, "read of 256 MB")).collect();
    limits.sort_by(f64::total_cmp);
    if lanes.is_empty() || limits.is_empty() {
        return None;
    }
    let read = limits[limits.len() / 2];
    let chart = Lanes {
        title: "Weighted averages beside the bandwidth of the memory, GB/s".into(),
        notes: vec![format!("Each input read once, each output written once. {}", machine(report))],
        bar: "ndgpu, CPU engine",
        styles,
        lanes,
        logarithmic: false,
        from: 0.0,
        lines: vec![(read, format!("reading 256 MB: {}", markdown::factor(read)))],
        limit: Some("A short black line: reading as many bytes as this workload has, which a cache may serve."),
        unit: "",
    };
    Some(chart.draw())
}

fn limit(row: &Row, name: &str) -> Option<f64> {
    let arm = row.arm(name)?;
    Some(arm.floor? as f64 / arm.seconds(Part::Resident)? / 1e9)
}

fn is_on_cpu(arm: &ArmResult) -> bool {
    peers::ALL.iter().any(|known| known.name == arm.peer && known.side == Side::Cpu)
}

/// Those of the known whose time counts anywhere.
fn used(rows: &[&Row], known: &[(&str, Shape, &'static str)]) -> Vec<Style> {
    let counts = |name: &str| rows.iter().any(|row| row.seconds(name, Part::Resident).is_some());
    let used = known.iter().filter(|(name, ..)| counts(name));
    used.map(|&(name, shape, colour)| Style { name: name.into(), shape, colour }).collect()
}

/// A short name for a lane.
fn label(row: &Row) -> String {
    match row.workload {
        Workload::Interp { ty, tables: 1, knots, spacing, sorted, queries } => {
            let order = if sorted { ", sorted" } else { "" };
            let ty = if ty == Type::F64 { "f64, " } else { "" };
            format!("{ty}{} {} knots, {}{order}", grouped(knots), spacing.name(), queries_short(queries))
        }
        Workload::Interp { tables, knots, queries, .. } => {
            format!("{} tables of {}, {} each", grouped(tables), grouped(knots), queries_short(queries))
        }
        Workload::Average { ty, rows, columns, axis, full } => {
            let ty = if ty == Type::F64 { "f64, " } else { "" };
            let weights = if full { ", full weights" } else { "" };
            format!("{ty}{} × {}, axis {axis}{weights}", grouped(rows), grouped(columns))
        }
        Workload::Overhead { .. } => row.name.clone(),
    }
}

fn queries_short(queries: usize) -> String {
    match queries {
        queries if queries >= 1_000_000 => format!("{} M queries", queries / 1_000_000),
        queries if queries >= 1_000 => format!("{} k queries", queries / 1_000),
        queries => format!("{queries} queries"),
    }
}

fn machine(report: &Report) -> String {
    format!("{}, {} threads.", report.machine.processor.replace("(R)", ""), report.machine.threads)
}

fn software_note(report: &Report) -> Option<String> {
    markdown::software(report).then(|| {
        "No GPU here: ndgpu GPU, the bisection kernel, numr and burn ran on llvmpipe, on the same processor.".to_owned()
    })
}
