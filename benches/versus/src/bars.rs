//! What ndgpu is meant to reach, each bar beside what this run measured. A bar whose workload was not measured says so.
//!
//! Bars are ratios within one workload, so that they mean the same on any machine; they were set for two cores without
//! a GPU. Of a peer whose result is not right nothing is compared.

use crate::protocol::Part;
use crate::results::{ArmResult, Memory, Report, Row, Verdict};
use crate::roster::{self, CPU, GPU, Side};
use crate::workload::name::grouped;
use crate::workload::{Overhead, SHAPES, Spacing, Type, Workload};

pub struct Bar {
    pub what: String,
    /// `≥ 70× np.interp`.
    pub target: String,
    pub outcome: Outcome,
    /// Whether `--gate` asks for it: not for an absolute time, which says as much about the machine as about ndgpu.
    pub gated: bool,
}

impl Bar {
    fn new(what: String, target: impl Into<String>, outcome: Outcome) -> Self {
        Self { what, target: target.into(), outcome, gated: true }
    }
}

pub enum Outcome {
    /// What came out, and whether that is enough.
    Measured(String, bool),
    NotMeasured,
}

pub fn bars(report: &Report) -> Vec<Bar> {
    let mut bars = interp_bars(report);
    bars.extend(average_bars(report));
    bars.extend(gpu_bars(report));
    bars.extend(overhead_bars(report));
    bars.extend(memory_bars(report));
    bars
}

/// The workload of an interpolation bar: ten million queries.
fn interp(ty: Type, knots: usize, spacing: Spacing, sorted: bool) -> Workload {
    Workload::Interp { ty, tables: 1, knots, spacing, sorted, queries: 10_000_000 }
}

fn interp_bars(report: &Report) -> Vec<Bar> {
    use Spacing::{Logarithmic, Random};
    let numpy = "np.interp";
    let mut bars = Vec::new();
    for (knots, factor) in [(16, 50.0), (1_024, 70.0), (65_536, 80.0), (1_000_000, 55.0)] {
        bars.push(faster(report, interp(Type::F32, knots, Random, false), CPU, numpy, factor));
    }
    for knots in [16, 1_024, 65_536, 1_000_000] {
        bars.push(even_as_random(report, knots));
    }
    for knots in [1_024, 65_536] {
        bars.push(faster(report, interp(Type::F32, knots, Logarithmic, false), CPU, numpy, 40.0));
    }
    let sorted = interp(Type::F32, 1_000_000, Random, true);
    bars.push(faster(report, sorted, CPU, numpy, 6.0));
    bars.push(faster(report, sorted, CPU, "numba", 10.0));
    for (knots, factor) in [(1_024, 38.0), (65_536, 42.0)] {
        let workload = interp(Type::F64, knots, Random, false);
        bars.push(faster(report, workload, CPU, numpy, factor));
        bars.push(same_bits(report, workload));
    }
    let tables =
        Workload::Interp { ty: Type::F32, tables: 1_000, knots: 256, spacing: Random, sorted: false, queries: 10_000 };
    bars.push(faster(report, tables, CPU, numpy, 50.0));
    // One line for all spacings and orders: the least of the leads.
    let large = |row: &&Row| matches!(row.workload, Workload::Interp { tables: 1, .. }) && row.elements >= 10_000;
    let rows = report.rows.iter().filter(large).collect::<Vec<_>>();
    bars.push(ahead_of_all(&rows, CPU, Side::Cpu, "every interpolation of 10,000 queries or more", 1.0));
    bars
}

fn average_bars(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    for axis in [1, 0] {
        for (rows, columns) in SHAPES {
            let workload = Workload::Average { ty: Type::F32, rows, columns, axis, full: false };
            let least = if rows == columns { 0.8 } else { 1.0 };
            let what = workload.title();
            let found: Vec<_> = report.row(&workload).into_iter().collect();
            bars.push(ahead_of_all(&found, CPU, Side::Cpu, &what, least));
        }
    }
    for full in [false, true] {
        for axis in [1, 0] {
            // A matrix of 4 MB lies in a cache.
            for (rows, columns) in SHAPES.into_iter().filter(|(rows, columns)| rows * columns > 1_000_000) {
                bars.push(bandwidth(report, Workload::Average { ty: Type::F32, rows, columns, axis, full }));
            }
        }
    }
    for axis in [1, 0] {
        for (rows, columns) in SHAPES {
            bars.push(accuracy(report, Workload::Average { ty: Type::F32, rows, columns, axis, full: false }));
        }
    }
    bars
}

fn gpu_bars(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (knots, factor) in [(1_024, 3.0), (65_536, 2.5)] {
        bars.push(faster(report, interp(Type::F32, knots, Spacing::Random, false), GPU, "bisection kernel", factor));
    }
    for knots in [16, 1_024, 65_536, 1_000_000] {
        bars.push(faster(report, interp(Type::F32, knots, Spacing::Random, false), GPU, "numr", 8.0));
    }
    for axis in [1, 0] {
        for (rows, columns) in SHAPES {
            let workload = Workload::Average { ty: Type::F32, rows, columns, axis, full: false };
            let found: Vec<_> = report.row(&workload).into_iter().collect();
            bars.push(ahead_of_all(&found, GPU, Side::Gpu, &workload.title(), 1.0));
            for peer in ["burn", "numr"] {
                bars.push(faster(report, workload, GPU, peer, 2.5));
            }
            bars.push(as_by_hand(report, workload));
        }
    }
    bars
}

fn overhead_bars(report: &Report) -> Vec<Bar> {
    let of = |what| report.row(&Workload::Overhead { what });
    let limits =
        [(Overhead::Dispatch, 1.5), (Overhead::Dispatches, 1.5), (Overhead::Upload, 1.3), (Overhead::Readback, 1.2)];
    let mut bars: Vec<_> = limits
        .map(|(what, limit)| {
            let ratio = of(what)
                .and_then(|row| Some(row.seconds(GPU, Part::Resident)? / row.seconds("bare wgpu", Part::Resident)?));
            Bar::new(
                Workload::Overhead { what }.title(),
                format!("≤ {limit}× bare wgpu"),
                at_most(ratio, limit, |ratio| format!("{ratio:.2}×")),
            )
        })
        .into();
    let seconds = of(Overhead::IntoReadback).and_then(|row| row.seconds(GPU, Part::Resident));
    bars.push(Bar {
        what: Workload::Overhead { what: Overhead::IntoReadback }.title(),
        target: "≤ 10 µs where memory is unified".into(),
        outcome: at_most(seconds, 10e-6, |seconds| format!("{:.0} µs", seconds * 1e6)),
        gated: false,
    });
    bars
}

fn memory_bars(report: &Report) -> Vec<Bar> {
    let bar = |memory: &Memory| {
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        Bar {
            what: memory.name.clone(),
            target: format!("≤ {:.0} MiB added (inputs, outputs, 4 × table, 16 MiB)", mebibytes(memory.allowed)),
            outcome: match &memory.added {
                Ok(added) => Outcome::Measured(format!("{:.0} MiB", mebibytes(*added)), *added <= memory.allowed),
                Err(reason) => Outcome::Measured(reason.clone(), false),
            },
            // Some systems do not tell.
            gated: memory.added.is_ok(),
        }
    };
    report.memory.iter().map(bar).collect()
}

/// ndgpu's own arm, if its time does not count: no bar is reached by a wrong result.
fn broken(row: Option<&Row>, engine: &str) -> Option<Outcome> {
    let arm = row?.arm(engine).filter(|arm| !arm.verdict.counts() && !matches!(arm.verdict, Verdict::Refused(_)))?;
    Some(Outcome::Measured(format!("{engine} {}", verdict(&arm.verdict)), false))
}

fn at_most(value: Option<f64>, limit: f64, show: impl Fn(f64) -> String) -> Outcome {
    value.map_or(Outcome::NotMeasured, |value| Outcome::Measured(show(value), value <= limit))
}

fn at_least(value: Option<f64>, limit: f64, show: impl Fn(f64) -> String) -> Outcome {
    value.map_or(Outcome::NotMeasured, |value| Outcome::Measured(show(value), value >= limit))
}

/// `factor` times as fast as one peer.
fn faster(report: &Report, workload: Workload, engine: &str, peer: &str, factor: f64) -> Bar {
    let row = report.row(&workload);
    let ratio = row.and_then(|row| Some(row.seconds(peer, Part::Resident)? / row.seconds(engine, Part::Resident)?));
    let outcome = broken(row, engine).unwrap_or_else(|| match row.and_then(|row| row.arm(peer)) {
        // Nothing to beat: what it computes is not what was asked for.
        Some(arm) if ratio.is_none() && !arm.verdict.counts() => {
            Outcome::Measured(format!("{peer}: {}", verdict(&arm.verdict)), true)
        }
        _ => at_least(ratio, factor, |ratio| format!("{ratio:.1}×")),
    });
    Bar::new(format!("{engine}, {}", workload.title()), format!("≥ {factor}× {peer}"), outcome)
}

fn verdict(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Right => "right",
        Verdict::Coarse => "right to a few digits",
        Verdict::Wrong(_) => "wrong",
        Verdict::Failed(_) => "fails",
        Verdict::Refused(_) => "refuses",
    }
}

fn even_as_random(report: &Report, knots: usize) -> Bar {
    let row = |spacing| report.row(&interp(Type::F32, knots, spacing, false));
    let seconds = |row: &Row| row.seconds(CPU, Part::Resident);
    let ratio = row(Spacing::Even).zip(row(Spacing::Random)).and_then(|(even, random)| {
        // The only bar on two workloads: rows of two runs are not compared.
        if even.began == random.began { Some(seconds(even)? / seconds(random)?) } else { None }
    });
    Bar::new(
        format!("{CPU}, interp, f32: {} even knots beside random ones", grouped(knots)),
        "no slower (5 % for noise)",
        at_most(ratio, 1.05, |ratio| format!("{ratio:.2}× the time")),
    )
}

fn same_bits(report: &Report, workload: Workload) -> Bar {
    let same = report.row(&workload).and_then(|row| row.arm(CPU)?.same_bits_as_numpy);
    let outcome = same.map_or(Outcome::NotMeasured, |same| {
        Outcome::Measured(if same { "the same bits" } else { "other bits" }.into(), same)
    });
    Bar::new(format!("{CPU}, {}", workload.title()), "np.interp's bits", outcome)
}

/// Whether any peer on that side is faster than `least` allows, over several workloads; the closest is named.
fn ahead_of_all(rows: &[&Row], engine: &str, side: Side, what: &str, least: f64) -> Bar {
    let rival = |arm: &&ArmResult| {
        let known = roster::find(&arm.peer);
        // Sums without compensation and memory limits are measures, not libraries; bare kernels have bars of their own.
        arm.floor.is_none()
            && !["plain", "wgsl"].contains(&arm.peer.as_str())
            && !arm.is_own()
            && known.is_some_and(|known| known.side == side)
    };
    let leads = rows.iter().flat_map(|row| {
        let own = row.seconds(engine, Part::Resident);
        row.arms
            .iter()
            .filter(rival)
            .filter_map(move |arm| Some((arm.seconds(Part::Resident)? / own?, arm.name.as_str(), row.name.as_str())))
    });
    let closest = leads.min_by(|a, b| a.0.total_cmp(&b.0));
    let wrong = rows.iter().find_map(|row| broken(Some(row), engine));
    let outcome = wrong.unwrap_or_else(|| {
        closest.map_or(Outcome::NotMeasured, |(lead, peer, workload)| {
            let place = if rows.len() > 1 { format!(" in {workload}") } else { String::new() };
            Outcome::Measured(format!("{lead:.2}× {peer}{place}"), lead >= least)
        })
    });
    Bar::new(format!("{engine}, {what}"), format!("≥ {least:.1}× the fastest peer"), outcome)
}

/// Bytes a second beside reading 256 MB in the same rounds.
fn bandwidth(report: &Report, workload: Workload) -> Bar {
    let share = report.row(&workload).and_then(|row| {
        let limit = row.arm("read of 256 MB")?;
        let seconds = limit.seconds(Part::Resident)? * row.bytes as f64 / limit.floor? as f64;
        Some(seconds / row.seconds(CPU, Part::Resident)?)
    });
    Bar::new(
        format!("{CPU}, {}", workload.title()),
        "≥ 0.85 of the read bandwidth",
        at_least(share, 0.85, |share| format!("{share:.2}")),
    )
}

/// Beside the better of the layouts made by hand.
fn as_by_hand(report: &Report, workload: Workload) -> Bar {
    let ratio = report.row(&workload).and_then(|row| {
        let by_hand = row.arms.iter().filter(|arm| arm.name.starts_with("hand layout"));
        let best = by_hand.filter_map(|arm| arm.seconds(Part::Resident)).min_by(f64::total_cmp)?;
        Some(row.seconds(GPU, Part::Resident)? / best)
    });
    Bar::new(
        format!("{GPU}, {}", workload.title()),
        "≤ 1.2× the best layout made by hand",
        at_most(ratio, 1.2, |ratio| format!("{ratio:.2}×")),
    )
}

/// What exactness costs: beside plain sums in f32.
fn accuracy(report: &Report, workload: Workload) -> Bar {
    let ratio = report.row(&workload).and_then(|row| {
        // Where plain sums are too wrong to count their time is still what it is.
        let plain = row.arm("plain sum in f32")?.parts.get(&Part::Resident)?.median;
        Some(row.seconds(CPU, Part::Resident)? / plain)
    });
    Bar::new(
        format!("{CPU}, {}", workload.title()),
        "≤ 1.10× a plain sum in f32",
        at_most(ratio, 1.10, |ratio| format!("{ratio:.2}×")),
    )
}
