//! The whole report, section by section.

use super::bandwidth::{ceiling, rate, share_at_size, share_of_largest};
use super::lines::binary;
use super::short::headline;
use super::text::{escape, exponent, factor, line, time};
use crate::date;
use crate::findings::{CeilingKind, PeerTime, Report, Row};
use crate::measure::Times;
use crate::predictions::Predictions;

pub fn report(report: &Report, predictions: &Predictions, charts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    line(&mut text, "# ndgpu on this machine's GPU\n");
    headline(&mut text, report);
    problems(&mut text, report);
    facts(&mut text, report);
    let chart = |text: &mut String, wanted: &str| {
        if let Some((name, title)) = charts.iter().find(|(name, _)| *name == wanted) {
            line(text, &format!("\n![{title}]({name})\n"));
        }
    };
    heading(&mut text, "Ceilings");
    chart(&mut text, "ceilings.svg");
    ceilings(&mut text, report);
    heading(&mut text, "Workloads");
    workloads_say(&mut text, report);
    for (group, name) in
        [("Predicted", "predicted.svg"), ("Averages", "averages.svg"), ("Interpolation", "interpolation.svg")]
    {
        let rows: Vec<&Row> = report.workloads.iter().filter(|row| row.group == group).collect();
        if !rows.is_empty() {
            let shown = if group == "Predicted" { "Those that predictions are about" } else { group };
            line(&mut text, &format!("\n### {shown}"));
            chart(&mut text, name);
            workloads(&mut text, report, &rows);
        }
    }
    heading(&mut text, "Predictions");
    predicted(&mut text, report, predictions);
    heading(&mut text, "Peers");
    chart(&mut text, "speedup.svg");
    peers(&mut text, report);
    heading(&mut text, "Transfers");
    chart(&mut text, "transfers.svg");
    transfers(&mut text, report);
    heading(&mut text, "Overheads");
    overheads(&mut text, report);
    heading(&mut text, "Tests");
    suites(&mut text, report);
    text
}

fn heading(text: &mut String, title: &str) {
    line(text, &format!("\n## {title}\n"));
}

fn row(text: &mut String, cells: &[String]) {
    let cells: Vec<_> = cells.iter().map(|cell| escape(cell)).collect();
    line(text, &format!("| {} |", cells.join(" | ")));
}

/// A table's head: names that begin with `:` are of numbers.
fn head(text: &mut String, names: &[&str]) {
    let shown: Vec<_> = names.iter().map(|name| name.trim_start_matches(':')).collect();
    line(text, &format!("| {} |", shown.join(" | ")));
    let rule: Vec<_> = names.iter().map(|name| if name.starts_with(':') { "--:" } else { "---" }).collect();
    line(text, &format!("|{}|", rule.join("|")));
}

fn nothing(text: &mut String, section: &str, report: &Report) {
    let state = report.sections.iter().find(|state| state.name == section);
    line(
        text,
        if state.is_some() {
            "Nothing was measured: see the problems."
        } else {
            "Not run, or the run was ended before."
        },
    );
}

fn problems(text: &mut String, report: &Report) {
    let all: Vec<_> =
        report.sections.iter().flat_map(|state| state.problems.iter().map(move |what| (&state.name, what))).collect();
    if all.is_empty() {
        return;
    }
    heading(text, "Problems");
    for (section, what) in all {
        line(text, &format!("- {section}: {}", what.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
}

fn facts(text: &mut String, report: &Report) {
    let facts = &report.facts;
    heading(text, "What was measured");
    let (day, hour) = (date::day(facts.began), date::time(facts.began));
    line(text, &format!("{day}, {hour} UTC.\n"));
    head(text, &["device", ""]);
    facts.device.iter().for_each(|(name, value)| row(text, &[name.clone(), value.clone()]));
    line(text, "");
    head(text, &["machine and programs", ""]);
    facts.host.iter().chain(&facts.build).for_each(|(name, value)| row(text, &[name.clone(), value.clone()]));
    line(text, "\nAdapters, in ndgpu's order:\n");
    facts.adapters.iter().for_each(|adapter| line(text, &format!("- {adapter}")));
    if !facts.features.is_empty() {
        line(
            text,
            &format!("\nFeatures of the adapter, by wgpu's names: {}.", facts.features.join(", ").to_lowercase()),
        );
    }
    line(text, "");
    head(text, &["section", ":seconds", ":problems"]);
    for state in &report.sections {
        row(text, &[state.name.clone(), format!("{:.1}", state.seconds), state.problems.len().to_string()]);
    }
}

fn ceilings(text: &mut String, report: &Report) {
    if report.ceilings.is_empty() {
        return nothing(text, "ceilings", report);
    }
    let by_device = report.ceilings.iter().filter(|ceiling| ceiling.device.is_some()).count();
    let clock = match by_device {
        0 => "The device has no timestamps: times are the host's, over many dispatches in one submission.",
        _ if by_device == report.ceilings.len() => {
            "Times are the device's own timestamps around many dispatches; beside them the host's clock over the same."
        }
        _ => "Times are the device's own timestamps where the column has some, else the host's clock.",
    };
    line(text, &format!("{clock} GB/s are bytes read and written, together.\n"));
    head(text, &["how", ":a buffer", ":moved", ":time", ":GB/s", ":by the host's clock, GB/s"]);
    for ceiling in &report.ceilings {
        let by_host = ceiling.moved_bytes as f64 / ceiling.wall.median / 1e9;
        row(
            text,
            &[
                ceiling.variant.clone(),
                binary(ceiling.buffer_bytes as f64),
                binary(ceiling.moved_bytes as f64),
                time(ceiling.seconds()),
                format!("**{}**", factor(ceiling.rate() / 1e9)),
                factor(by_host),
            ],
        );
    }
}

fn workloads_say(text: &mut String, report: &Report) {
    if report.workloads.is_empty() {
        return nothing(text, "workloads", report);
    }
    let largest = |kind| ceiling(report, kind).last().map_or("?".to_owned(), |(_, rate)| factor(rate / 1e9));
    line(
        text,
        &format!(
            "Inputs, tables and results are on the device; every result was compared with plain f64 arithmetic. \
             \"Time\" is that of a call among many which are waited for once, \"alone\" that of a call which is waited \
             for; ± is half the distance of the quartiles. GB/s count each input read once and each output written \
             once. \"Of ceiling\" is the share of the ceiling at as many bytes (reading for reductions, copying for \
             the rest), \"of largest\" that of the ceiling at the largest size: reading {} GB/s, copying {} GB/s. Both \
             can exceed 1 where a cache serves what the other could not keep; they are left out where most bytes are \
             those of a table that few queries look at. \"CPU : GPU\" is how many times as long ndgpu's CPU engine \
             takes on this machine: above 1 the GPU is faster.",
            largest(CeilingKind::Read),
            largest(CeilingKind::Copy)
        ),
    );
}

fn workloads(text: &mut String, report: &Report, rows: &[&Row]) {
    head(
        text,
        &[
            "workload",
            ":MB",
            ":time",
            ":±",
            ":alone",
            ":GB/s",
            ":of ceiling",
            ":of largest",
            ":CPU engine",
            ":CPU : GPU",
            "note",
        ],
    );
    let share = |share: Option<f64>| share.map_or(String::new(), |share| format!("{share:.2}"));
    for &measured in rows {
        let mut note = measured.note.clone().into_iter().collect::<Vec<_>>();
        let cpu = measured.cpu.as_ref().map(|timing| timing.batched.median);
        if let Err(reason) = &measured.cpu {
            note.push(format!("CPU engine: {reason}"));
        }
        let mut cells = vec![measured.title.clone(), factor(measured.bytes as f64 / 1e6)];
        match &measured.gpu {
            Ok(timing) => {
                let seconds = timing.batched.median;
                cells.extend([time(seconds), plus_minus(&timing.batched), time(timing.single.median)]);
                cells.push(rate(measured).map_or(String::new(), |rate| format!("**{}**", factor(rate / 1e9))));
                cells.extend([share(share_at_size(report, measured)), share(share_of_largest(report, measured))]);
                let ratio = cpu.as_ref().ok().filter(|_| seconds > 0.0).map(|cpu| factor(cpu / seconds));
                cells.extend([cpu.map_or(String::new(), time), ratio.unwrap_or_default()]);
            }
            Err(reason) => {
                cells.extend([reason.clone(), String::new(), String::new(), String::new(), String::new()]);
                cells.extend([String::new(), cpu.map_or(String::new(), time), String::new()]);
            }
        }
        cells.push(note.join("; "));
        row(text, &cells);
    }
}

fn plus_minus(times: &Times) -> String {
    let half = (times.upper_quartile - times.lower_quartile) / 2.0;
    if times.median > 0.0 { format!("{:.0} %", 100.0 * half / times.median) } else { String::new() }
}

fn predicted(text: &mut String, report: &Report, predictions: &Predictions) {
    if let Some(reason) = &predictions.missing {
        line(text, &format!("No prediction: {reason}.\n"));
    }
    if report.predicted.is_empty() {
        return line(text, "No workload was measured that a prediction could be held against.");
    }
    line(
        text,
        "Shares are of the bandwidth at the largest size, which is what was predicted, of kernels compiled for devices \
         that nobody had.\n",
    );
    head(text, &["workload", "kernel", ":predicted", ":measured", ":measured : predicted", "bound by"]);
    for (key, known) in &report.predicted {
        let share = |share: Option<f64>, otherwise: &str| {
            share.map_or_else(|| otherwise.to_owned(), |share| format!("{share:.2}"))
        };
        let ratio = known.measured.zip(known.predicted).filter(|(_, predicted)| *predicted > 0.0);
        row(
            text,
            &[
                key.clone(),
                known.kernel.clone(),
                share(known.predicted, "no prediction"),
                share(known.measured, "not measured"),
                ratio.map_or(String::new(), |(measured, predicted)| format!("{:.2}", measured / predicted)),
                known.bound_by.clone(),
            ],
        );
    }
}

fn peers(text: &mut String, report: &Report) {
    if report.peers.is_empty() {
        return nothing(text, "peers", report);
    }
    for peer in &report.peers {
        match &peer.about {
            Ok(about) => line(text, &format!("- {}: {about}", peer.name)),
            Err(reason) => line(text, &format!("- {}: **skipped**, {reason}", peer.name)),
        }
    }
    if report.peer_times.is_empty() {
        return;
    }
    line(
        text,
        "\nData resident, one call at a time, waited for. \"Times as long\" is how many times what ndgpu took on the \
         GPU, called in the same way, the peer took: above 1 ndgpu is faster.\n",
    );
    head(text, &["workload", "peer", "call", ":time", ":times as long", ":error"]);
    for measured in &report.workloads {
        let of_row: Vec<&PeerTime> = report.peer_times.iter().filter(|time| time.row == measured.name).collect();
        let own = measured.gpu.as_ref().ok().map(|timing| timing.single.median);
        if let (Some(own), false) = (own, of_row.is_empty()) {
            let error = measured.gpu.as_ref().map_or(0.0, |timing| timing.error);
            let cells =
                [measured.title.clone(), "ndgpu GPU".into(), String::new(), time(own), "1".into(), exponent(error)];
            row(text, &cells);
        }
        for peer in of_row {
            let mut cells = vec![measured.title.clone(), peer.arm.clone(), peer.call.clone()];
            match &peer.outcome {
                Ok((times, error)) => {
                    let ratio = own.filter(|own| *own > 0.0).map(|own| factor(times.median / own));
                    cells.extend([time(times.median), ratio.unwrap_or_default(), exponent(*error)]);
                }
                Err(reason) => cells.extend([reason.clone(), String::new(), String::new()]),
            }
            row(text, &cells);
        }
    }
}

fn transfers(text: &mut String, report: &Report) {
    if report.transfers.is_empty() {
        return nothing(text, "transfers", report);
    }
    line(text, "Until the data are there. \"Mapped\" moves nothing: the host looks at the device's own memory.\n");
    head(text, &["what", ":bytes", ":time", ":±", ":GB/s", "way"]);
    for transfer in &report.transfers {
        let (median, path) = (transfer.times.median, transfer.path.clone().unwrap_or_default());
        let rate = if path == "mapped" || median <= 0.0 {
            String::new()
        } else {
            format!("**{}**", factor(transfer.bytes as f64 / median / 1e9))
        };
        let size = binary(transfer.bytes as f64);
        row(text, &[transfer.what.clone(), size, time(median), plus_minus(&transfer.times), rate, path]);
    }
}

fn overheads(text: &mut String, report: &Report) {
    if report.overheads.is_empty() {
        return nothing(text, "overheads", report);
    }
    head(text, &["what", ":time", ":±", "note"]);
    for overhead in &report.overheads {
        let (what, note) = (overhead.what.clone(), overhead.note.clone());
        row(text, &[what, time(overhead.times.median), plus_minus(&overhead.times), note]);
    }
}

fn suites(text: &mut String, report: &Report) {
    if report.suites.is_empty() {
        return nothing(text, "tests", report);
    }
    if report.facts.software {
        line(
            text,
            "On a software rasteriser tests are left out by name that take minutes there; on hardware none is.\n",
        );
    }
    head(text, &["program", ":passed", ":failed", ":ignored", ":left out", ":seconds", "how it ended"]);
    for suite in &report.suites {
        let ended = suite.trouble.clone().unwrap_or_else(|| "by itself, and well".into());
        let seconds = format!("{:.0}", suite.seconds);
        let numbers = [suite.passed, suite.failed, suite.ignored, suite.filtered].map(|number| number.to_string());
        let [passed, failed, ignored, left_out] = numbers;
        row(text, &[suite.name.clone(), passed, failed, ignored, left_out, seconds, ended]);
    }
    for suite in report.suites.iter().filter(|suite| !suite.counts.is_empty()) {
        line(text, &format!("\nRecorded answers in {}:\n", suite.name));
        suite.counts.iter().for_each(|count| line(text, &format!("- {count}")));
    }
    for suite in report.suites.iter().filter(|suite| !suite.failures.is_empty()) {
        line(
            text,
            &format!("\nFailures of {}, all of whose output is in logs/tests-{}.txt:\n", suite.name, suite.name),
        );
        suite.failures.iter().for_each(|failure| line(text, &format!("- {}", escape(failure))));
    }
}
