//! The table: for each workload who took how long, beside ndgpu and beside what the memory can do; before it what
//! matters most, after it who was missing and why.

use super::facts::{head, needs_transfers, trouble};
use super::summary;
use super::text::{escape, exponent, factor, line, size, time};
use crate::bars::{self, Bar, Outcome};
use crate::date;
use crate::protocol::Part;
use crate::results::{ArmResult, Report, Row, Run, Stats, Verdict};
use crate::roster::{CPU, GPU};
use crate::workload::Family;

pub fn table(report: &Report) -> String {
    let mut text = String::new();
    head(&mut text, report);
    line(&mut text, "\n## At a glance\n");
    text.push_str(&summary::glance(report));
    peers(&mut text, report);
    runs(&mut text, report);
    bars_section(&mut text, &bars::bars(report));
    legend(&mut text);
    let mut family = None;
    for row in &report.rows {
        let heading = match row.workload.family() {
            Family::Interp => "Interpolation",
            Family::Average => "Averages",
            Family::Overhead => "Overhead of the GPU engine",
        };
        if family.replace(row.workload.family()) != Some(row.workload.family()) {
            line(&mut text, &format!("\n## {heading}"));
        }
        workload(&mut text, row, report);
    }
    text
}

fn peers(text: &mut String, report: &Report) {
    line(text, "\n## Who took part\n");
    line(text, "| peer | what it is | here |\n|---|---|---|");
    for peer in &report.peers {
        let about = match &peer.about {
            Ok(about) => escape(about),
            Err(reason) => format!("**missing**: {}", escape(reason)),
        };
        line(text, &format!("| {} | {} | {about} |", peer.name, peer.what));
    }
}

/// What it takes to measure the same again, of each run that rows come from.
fn runs(text: &mut String, report: &Report) {
    if report.runs.is_empty() {
        return;
    }
    line(text, "\n## To measure it again\n");
    for run in &report.runs {
        line(text, &format!("- {}: `{}`", when(run), run.command));
        line(
            text,
            &format!(
                "  - {}, {}; {}",
                run.rustc,
                run.target,
                if run.flags.is_empty() { "no flags" } else { &run.flags }
            ),
        );
        let versions: Vec<_> = run.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        line(text, &format!("  - {}", versions.join(", ")));
        for (name, value) in &run.environment {
            line(text, &format!("  - `{name}={value}`"));
        }
    }
}

fn when(run: &Run) -> String {
    let commit = match &run.commit {
        None => "of an unknown commit".into(),
        Some(commit) if run.changed => format!("of commit {commit} with changes that are not committed"),
        Some(commit) => format!("of commit {commit}"),
    };
    format!("{} at {} UTC, {commit}", date::day(run.began), date::time(run.began))
}

fn bars_section(text: &mut String, bars: &[Bar]) {
    let measured = bars.iter().filter(|bar| matches!(bar.outcome, Outcome::Measured(..))).count();
    let reached = bars.iter().filter(|bar| matches!(bar.outcome, Outcome::Measured(_, true))).count();
    line(text, "\n## Bars\n");
    line(
        text,
        &format!(
            "What ndgpu is meant to reach, on two cores without a GPU: {reached} of {measured} measured bars reached; \
             {} not measured in this run.\n",
            bars.len() - measured
        ),
    );
    if measured == 0 {
        return;
    }
    line(text, "| what | bar | measured | reached |\n|---|---|---|---|");
    for bar in bars {
        if let Outcome::Measured(value, reached) = &bar.outcome {
            let reached = if *reached { "yes" } else { "**no**" };
            line(text, &format!("| {} | {} | {} | {reached} |", bar.what, bar.target, escape(value)));
        }
    }
    let missing: Vec<_> = bars.iter().filter(|bar| matches!(bar.outcome, Outcome::NotMeasured)).collect();
    if !missing.is_empty() {
        line(text, "\n<details><summary>Not measured in this run</summary>\n");
        for bar in missing {
            line(text, &format!("- {}: {}", bar.what, bar.target));
        }
        line(text, "\n</details>");
    }
}

fn legend(text: &mut String) {
    line(
        text,
        "\n## How to read the tables

- **resident**: the computation alone, data and tables where they are computed on. **in**, **out**: transfers. **end \
to end**: from host arrays to host results, building the table included; of a library that computes on host arrays the \
call itself.
- Behind ± is half the distance between the quartiles of the rounds, in percent.
- **× CPU**, **× GPU**: how many times as long as ndgpu's engine the resident time is. Above 1 ndgpu is faster.
- **floor**: the time over that of the limit below it: reading (for averages) or copying (for interpolation) as many \
bytes, on the same side, in the same rounds.
- **error**: the largest difference from plain f64 arithmetic, relative, or absolute below 1. ≈ marks results that \
are right to a few digits only. Of a wrong result no time is shown.",
    );
}

fn workload(text: &mut String, row: &Row, report: &Report) {
    line(text, &format!("\n### {}\n", row.title));
    line(text, &format!("`{}`{}\n", row.name, bytes(row)));
    if let Some(run) = report.run_of(row.began).filter(|_| report.runs.len() > 1) {
        line(text, &format!("Measured {}.\n", when(run)));
    }
    if let Some(disturbance) = row.disturbance() {
        line(text, &format!("**Not alone**: {disturbance}.\n"));
    }
    line(
        text,
        "| | resident | in | out | end to end | GB/s | × CPU | × GPU | floor | error |\n|---|---|---|---|---|---|---|---|---|---|",
    );
    for arm in row.arms.iter().filter(|arm| arm.floor.is_none()) {
        line(text, &entry(row, arm));
    }
    for arm in row.arms.iter().filter(|arm| arm.floor.is_some()) {
        line(text, &limit(arm));
    }
    let calls = row.arms.iter().filter(|arm| !arm.call.is_empty() && arm.floor.is_none());
    let calls: Vec<_> = calls.map(|arm| format!("{}: `{}`", arm.name, arm.call)).collect();
    if !calls.is_empty() {
        line(text, &format!("\n<details><summary>The calls</summary>\n\n- {}\n\n</details>", calls.join("\n- ")));
    }
}

fn bytes(row: &Row) -> String {
    match row.bytes {
        0 => String::new(),
        bytes => format!(", {} to be moved", size(bytes as f64)),
    }
}

fn entry(row: &Row, arm: &ArmResult) -> String {
    if let Some(reason) = trouble(arm) {
        return format!("| {} | {} | | | | | | | | |", arm.name, escape(&reason));
    }
    let own = arm.seconds(Part::Resident);
    let beside = |engine: &str| match (own, row.seconds(engine, Part::Resident)) {
        (Some(own), Some(engine)) => factor(own / engine),
        _ => String::new(),
    };
    let rate =
        own.filter(|_| row.bytes > 0).map_or(String::new(), |own| format!("{:.2}", row.bytes as f64 / own / 1e9));
    let coarse = if arm.verdict == Verdict::Coarse { "≈ " } else { "" };
    let same = match arm.same_bits_as_numpy {
        Some(true) if arm.name != "np.interp" => ", np.interp's bits",
        _ => "",
    };
    let error = arm.error.map_or(String::new(), |error| format!("{coarse}{}{same}", exponent(error)));
    let floor = own.zip(floor(row, arm)).map_or(String::new(), |(own, floor)| factor(own / floor));
    let whole = match arm.offers.contains(&Part::EndToEnd) {
        true if arm.parts.contains_key(&Part::EndToEnd) => part(arm, Part::EndToEnd),
        true => "not timed".into(),
        false => "the same".into(),
    };
    let columns = [
        if arm.is_own() { format!("**{}**", arm.name) } else { arm.name.clone() },
        part(arm, Part::Resident),
        part(arm, Part::Upload),
        part(arm, Part::Readback),
        if row.workload.family() == Family::Overhead || needs_transfers(arm) {
            part(arm, Part::EndToEnd)
        } else {
            whole
        },
        rate,
        beside(CPU),
        beside(GPU),
        floor,
        error,
    ];
    format!("| {} |", columns.join(" | "))
}

/// What the fastest limit on the same side would take for the bytes of the row.
pub fn floor(row: &Row, arm: &ArmResult) -> Option<f64> {
    let on_gpu = needs_transfers(arm);
    let limits = row.arms.iter().filter(|limit| needs_transfers(limit) == on_gpu);
    // Of two on the CPU the one with the same bytes comes first, because a cache may serve them.
    let limit = limits.clone().find(|limit| limit.name.ends_with("as many bytes"));
    let limit = limit.or_else(|| limits.clone().find(|limit| limit.name == "copy kernel"))?;
    Some(limit.seconds(Part::Resident)? * row.bytes as f64 / limit.floor? as f64)
}

fn limit(arm: &ArmResult) -> String {
    let seconds = arm.seconds(Part::Resident);
    let rate = seconds.zip(arm.floor).map(|(seconds, bytes)| format!("{:.2}", bytes as f64 / seconds / 1e9));
    let moved = arm.floor.map_or(String::new(), |bytes| size(bytes as f64));
    format!("| *{}* ({moved}) | {} | | | | {} | | | | |", arm.name, part(arm, Part::Resident), rate.unwrap_or_default())
}

fn part(arm: &ArmResult, part: Part) -> String {
    let Some(Stats { median, lower_quartile, upper_quartile, rounds }) = arm.parts.get(&part) else {
        return String::new();
    };
    if *rounds < 2 {
        return format!("{} (once)", time(*median));
    }
    let spread = 50.0 * (upper_quartile - lower_quartile) / median;
    format!("{} ±{spread:.0}%", time(*median))
}
