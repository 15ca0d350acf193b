//! How many times as fast as NumPy everybody is, workload by workload; and how near averages come to the bandwidth of
//! the memory.

use super::facts::{needs_transfers, software};
use super::lanes::{Lane, Lanes, Style};
use super::svg::{Shape, colour};
use super::text::factor;
use crate::protocol::Part;
use crate::results::{Report, Row};
use crate::roster::CPU;
use crate::workload::Family;

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
    let all: Vec<&Row> = report.rows.iter().filter(|row| row.workload.family() == Family::Interp).collect();
    // Of one table and one order of queries only the largest number of them.
    let table = |row: &Row| row.workload.name_without_queries();
    let largest = |row: &&Row| all.iter().all(|other| table(other) != table(row) || other.elements <= row.elements);
    let rows: Vec<&Row> = all.iter().copied().filter(largest).take(MOST).collect();
    speedups(report, "np.interp", "Interpolation: times as fast as np.interp", &rows, &INTERP)
}

pub fn average(report: &Report) -> Option<String> {
    let rows: Vec<&Row> = averages(report).take(MOST).collect();
    speedups(report, "np.average", "Weighted averages: times as fast as np.average", &rows, &AVERAGE)
}

fn averages(report: &Report) -> impl Iterator<Item = &Row> {
    report.rows.iter().filter(|row| row.workload.family() == Family::Average)
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
        let bar = times(CPU).map(|times| (times, format!("{}×", factor(times))));
        Some(Lane { label: row.workload.label(), bar, marks: marks.collect(), limit: None })
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
        arm.is_some_and(|arm| !needs_transfers(arm))
    });
    let mut known: Vec<_> = on_cpu.copied().collect();
    known.push(("np.average", Shape::Circle, colour::INK));
    known.push(("plain sum in f32", Shape::Ring, colour::GREY));
    let styles = used(&rows, &known);
    let rate = |row: &Row, name: &str| Some(row.bytes as f64 / row.seconds(name, Part::Resident)? / 1e9);
    let lane = |row: &&Row| {
        let marks = styles.iter().enumerate().filter_map(|(place, style)| Some((rate(row, &style.name)?, place)));
        let bar = rate(row, CPU).map(|rate| (rate, factor(rate)));
        Lane { label: row.workload.label(), bar, marks: marks.collect(), limit: limit(row, "read of as many bytes") }
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
        lines: vec![(read, format!("reading 256 MB: {}", factor(read)))],
        limit: Some("A short black line: reading as many bytes as this workload has, which a cache may serve."),
        unit: "",
    };
    Some(chart.draw())
}

fn limit(row: &Row, name: &str) -> Option<f64> {
    let arm = row.arm(name)?;
    Some(arm.floor? as f64 / arm.seconds(Part::Resident)? / 1e9)
}

/// Those of the known whose time counts anywhere.
fn used(rows: &[&Row], known: &[(&str, Shape, &'static str)]) -> Vec<Style> {
    let counts = |name: &str| rows.iter().any(|row| row.seconds(name, Part::Resident).is_some());
    let used = known.iter().filter(|(name, ..)| counts(name));
    used.map(|&(name, shape, colour)| Style { name: name.into(), shape, colour }).collect()
}

fn machine(report: &Report) -> String {
    format!("{}, {} threads.", report.machine.processor.replace("(R)", ""), report.machine.threads)
}

fn software_note(report: &Report) -> Option<String> {
    software(report).then(|| {
        "No GPU here: ndgpu GPU, the bisection kernel, numr and burn ran on llvmpipe, on the same processor.".to_owned()
    })
}
