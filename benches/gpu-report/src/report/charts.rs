//! The charts: ceilings and transfers by size; workloads beside the ceilings, beside the CPU engine, and beside peers.

use super::bandwidth::{at, ceiling, kind_of, rate};
use super::lanes::{Lane, Lanes, Style};
use super::lines::{Line, Lines};
use super::svg::{Shape, colour};
use super::text::factor;
use crate::findings::{CeilingKind, Report, Row};

/// The name of a file, what it shows, and the chart. What there is nothing for is left out.
pub fn all(report: &Report) -> Vec<(&'static str, &'static str, String)> {
    let charts = [
        ("ceilings.svg", "What this device's memory does, by size", ceilings(report)),
        ("predicted.svg", "The predicted workloads beside the ceilings", bandwidth(report, "Predicted")),
        ("averages.svg", "Averages beside the ceilings", bandwidth(report, "Averages")),
        ("interpolation.svg", "Interpolation beside the ceilings", bandwidth(report, "Interpolation")),
        ("speedup.svg", "The GPU beside the CPU engine and the peers", speedup(report)),
        ("transfers.svg", "Transfers, by size", transfers(report)),
    ];
    charts.into_iter().filter_map(|(name, title, chart)| Some((name, title, chart?))).collect()
}

fn device(report: &Report) -> Vec<String> {
    let mut notes = vec![format!("{}.", report.facts.device_name)];
    if report.facts.software {
        notes.push(
            "A software rasteriser: a graphics driver that computes on the processor. No GPU was measured.".into(),
        );
    }
    notes
}

fn ceilings(report: &Report) -> Option<String> {
    let series = [
        (CeilingKind::Read, "read kernel", colour::BLUE, Shape::Circle),
        (CeilingKind::Copy, "copy kernel", colour::VERMILION, Shape::Square),
        (CeilingKind::BufferCopy, "copy_buffer_to_buffer", colour::GREEN, Shape::Diamond),
    ];
    let line = |(kind, name, colour, shape): (CeilingKind, &str, &'static str, Shape)| Line {
        name: name.into(),
        colour,
        shape,
        dashes: "",
        points: ceiling(report, kind).into_iter().map(|(moved, rate)| (moved, rate / 1e9)).collect(),
    };
    let mut notes = device(report);
    notes.push("Bytes read and written together; the better of two kernels at each size.".into());
    let lines = series.map(line).into();
    Lines { title: "Ceilings of this device's memory".into(), notes, unit: "GB/s", logarithmic: false, lines }.draw()
}

fn transfers(report: &Report) -> Option<String> {
    let series = [
        ("upload", "upload", colour::BLUE, Shape::Circle, ""),
        ("overwrite", "overwrite", colour::SKY, Shape::Circle, ""),
        ("bare wgpu: write_buffer to a reused buffer", "write_buffer, bare wgpu", colour::GREY, Shape::Ring, "5 4"),
        ("readback", "readback", colour::VERMILION, Shape::Square, ""),
        ("into_readback", "into_readback", colour::ORANGE, Shape::Square, ""),
        ("bare wgpu: copy to a reused staging buffer, map", "copy and map, bare wgpu", colour::INK, Shape::Ring, "5 4"),
    ];
    let points = |what: &str| {
        let of_it = report.transfers.iter().filter(|transfer| transfer.what == what && transfer.times.median > 0.0);
        // Mapped in place nothing moves, and a rate would say nothing.
        let moves = of_it.filter(|transfer| transfer.path.as_deref() != Some("mapped"));
        moves.map(|moved| (moved.bytes as f64, moved.bytes as f64 / moved.times.median / 1e9)).collect()
    };
    let lines = series.map(|(what, name, colour, shape, dashes)| Line {
        name: name.into(),
        colour,
        shape,
        dashes,
        points: points(what),
    });
    let mut notes = device(report);
    notes.push("From the host's memory to the device's and back, until it is there; logarithmic.".into());
    Lines { title: "Transfers".into(), notes, unit: "GB/s", logarithmic: true, lines: lines.into() }.draw()
}

/// Gigabytes a second of a group of workloads, with the ceiling of each.
fn bandwidth(report: &Report, group: &str) -> Option<String> {
    let of_group = || report.workloads.iter().filter(|row| row.group == group && rate(row).is_some());
    let most = of_group().map(|row| row.elements).max()?;
    // Few queries are in the table: they tell what a call costs, and not what memory does.
    let rows: Vec<&Row> = of_group().filter(|row| group != "Interpolation" || 2 * row.elements >= most).collect();
    let (title, prefix) = match group {
        "Averages" => ("Averages: bandwidth, GB/s", "average, "),
        "Interpolation" => ("Interpolation of the most queries: bandwidth, GB/s", "interp, "),
        _ => ("Workloads that predictions are about: bandwidth, GB/s", ""),
    };
    let lane = |row: &&Row| {
        let per_second = |seconds: f64| row.bytes as f64 / seconds / 1e9;
        let mut marks = Vec::new();
        if let Ok(timing) = &row.cpu {
            marks.extend((timing.batched.median > 0.0).then(|| (per_second(timing.batched.median), 0)));
        }
        let ceiling = ceiling(report, kind_of(row.bound));
        let prediction = row.key.as_ref().and_then(|key| report.predicted.get(key)).and_then(|known| known.predicted);
        marks.extend(prediction.zip(ceiling.last()).map(|(share, (_, rate))| (share * rate / 1e9, 1)));
        let bar = rate(row).map(|rate| (rate / 1e9, factor(rate / 1e9)));
        // The title of the chart has it.
        let label = row.title.strip_prefix(prefix).unwrap_or(&row.title).to_owned();
        Lane { label, bar, marks, limit: at(&ceiling, row.bytes as f64).map(|rate| rate / 1e9) }
    };
    let lanes: Vec<Lane> = rows.iter().map(lane).collect();
    if lanes.is_empty() {
        return None;
    }
    let predicted = lanes.iter().any(|lane| lane.marks.iter().any(|(_, style)| *style == 1));
    let style = |name: &str, shape, colour| Style { name: name.into(), shape, colour };
    let mut styles = vec![style("CPU engine", Shape::Circle, colour::INK)];
    if predicted {
        styles.push(style("predicted", Shape::Diamond, colour::VERMILION));
    }
    let largest = |kind, name: &str| {
        let rate = ceiling(report, kind).last()?.1 / 1e9;
        let used = rows.iter().any(|row| kind_of(row.bound) == kind);
        used.then(|| (rate, format!("{name} {}", factor(rate))))
    };
    let mut lines: Vec<_> =
        [largest(CeilingKind::Read, "reading"), largest(CeilingKind::Copy, "copying")].into_iter().flatten().collect();
    // Names that would lie upon each other become one.
    let most = lanes.iter().flat_map(|lane| lane.bar.iter().map(|bar| bar.0)).chain(lines.iter().map(|line| line.0));
    let room = 0.25 * most.fold(0.0, f64::max);
    if let [(a, reading), (b, copying)] = &mut lines[..]
        && (*a - *b).abs() < room
    {
        *reading = format!("{reading}, {copying}");
        copying.clear();
    }
    let mut notes = device(report);
    notes.push("Each input read once, each output written once; data resident, calls in batches.".into());
    let chart = Lanes {
        title: title.into(),
        notes,
        bar: "ndgpu, GPU",
        styles,
        lanes,
        logarithmic: false,
        from: 0.0,
        lines,
        limit: Some(
            "A short black line: the ceiling at as many bytes as this workload moves, which a cache may serve.",
        ),
        unit: "",
    };
    Some(chart.draw())
}

/// Times as fast as the CPU engine, of what is predicted, with the peers.
fn speedup(report: &Report) -> Option<String> {
    let arms = [
        ("np.interp", "NumPy", Shape::Circle, colour::GREY),
        ("np.average", "NumPy", Shape::Circle, colour::GREY),
        ("NumPy", "NumPy", Shape::Circle, colour::GREY),
        ("CuPy", "CuPy", Shape::Ring, colour::GREEN),
        ("PyTorch", "PyTorch", Shape::Square, colour::PURPLE),
        ("JAX CUDA", "JAX CUDA", Shape::Diamond, colour::VERMILION),
        ("JAX", "JAX (CPU)", Shape::Diamond, colour::ORANGE),
    ];
    let mut styles: Vec<Style> = Vec::new();
    let mut lanes = Vec::new();
    for row in report.workloads.iter().filter(|row| row.key.is_some()) {
        let (Ok(gpu), Ok(cpu)) = (&row.gpu, &row.cpu) else { continue };
        let base = cpu.single.median;
        if base <= 0.0 || gpu.single.median <= 0.0 {
            continue;
        }
        let mut marks = Vec::new();
        for time in report.peer_times.iter().filter(|time| time.row == row.name) {
            let known = arms.iter().find(|(arm, ..)| *arm == time.arm);
            let (Some((_, name, shape, colour)), Ok((times, _))) = (known, &time.outcome) else { continue };
            let place = styles.iter().position(|style| style.name == *name).unwrap_or_else(|| {
                styles.push(Style { name: (*name).into(), shape: *shape, colour });
                styles.len() - 1
            });
            marks.push((base / times.median, place));
        }
        let ratio = base / gpu.single.median;
        lanes.push(Lane {
            label: row.title.clone(),
            bar: Some((ratio, format!("{} ×", factor(ratio)))),
            marks,
            limit: None,
        });
    }
    if lanes.is_empty() {
        return None;
    }
    let mut notes = device(report);
    notes.push(format!("CPU engine: {}. One call at a time, waited for; data resident.", report.facts.processor));
    let chart = Lanes {
        title: "Times as fast as ndgpu's CPU engine".into(),
        notes,
        bar: "ndgpu, GPU",
        styles,
        lanes,
        logarithmic: true,
        from: 1.0,
        lines: vec![(1.0, "CPU engine".into())],
        limit: None,
        unit: "×",
    };
    Some(chart.draw())
}
