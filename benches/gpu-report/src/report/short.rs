//! The summary: what a terminal takes.

use super::bandwidth::{ceiling, share_of_largest};
use super::text::{factor, line, time};
use crate::findings::{CeilingKind, Report};
use crate::predictions::Predictions;

pub fn summary(report: &Report, predictions: &Predictions) -> String {
    let mut text = String::from("\n");
    headline(&mut text, report);
    let largest = |kind| {
        let rate = ceiling(report, kind).last().map(|(_, rate)| rate / 1e9);
        rate.map_or("not measured".to_owned(), |rate| format!("{} GB/s", factor(rate)))
    };
    let (read, copy) = (largest(CeilingKind::Read), largest(CeilingKind::Copy));
    line(&mut text, &format!("Ceilings: reading {read}, copying {copy}"));
    for row in report.workloads.iter().filter(|row| row.key.is_some()) {
        let key = row.key.as_deref().unwrap_or_default();
        let measured = match &row.gpu {
            Ok(timing) => {
                let share = share_of_largest(report, row).map_or(String::new(), |share| format!(", {share:.2} of it"));
                let ratio = row.cpu.as_ref().ok().map(|cpu| cpu.batched.median / timing.batched.median);
                let ratio =
                    ratio.map_or(String::new(), |ratio| format!(", CPU engine {} times as long", factor(ratio)));
                format!("{}{share}{ratio}", time(timing.batched.median))
            }
            Err(reason) => reason.clone(),
        };
        let known = report.predicted.get(key).and_then(|known| known.predicted);
        let known = known.map_or(String::new(), |share| format!(" (predicted {share:.2})"));
        line(&mut text, &format!("  {key:26} {measured}{known}"));
    }
    if let Some(reason) = &predictions.missing {
        line(&mut text, reason);
    }
    for peer in &report.peers {
        let about = peer.about.as_ref().map_or_else(|reason| format!("skipped: {reason}"), Clone::clone);
        line(&mut text, &format!("Peer {}: {about}", peer.name));
    }
    for suite in &report.suites {
        let trouble = suite.trouble.as_ref().map_or(String::new(), |trouble| format!(", {trouble}"));
        let (name, passed, failed) = (&suite.name, suite.passed, suite.failed);
        line(&mut text, &format!("Tests, {name}: {passed} passed, {failed} failed{trouble}"));
    }
    for section in &report.sections {
        for problem in &section.problems {
            line(&mut text, &format!("Problem in {}: {problem}", section.name));
        }
    }
    text
}

/// Which device, and what has to be known before any figure is read.
pub fn headline(text: &mut String, report: &Report) {
    let facts = &report.facts;
    match &facts.device_missing {
        Some(reason) => line(text, &format!("**No GPU was measured**: {reason}")),
        None if facts.software => line(
            text,
            &format!(
                "**No GPU was measured**: {} is a software rasteriser, a graphics driver that computes on the \
                 processor. Workloads were shrunk for it.",
                facts.device_name
            ),
        ),
        None if facts.device_name.is_empty() => line(text, "**The device is not known**: see the problems."),
        None => line(text, &format!("Device: {}", facts.device_name)),
    }
    let lost = report.lost();
    if !lost.is_empty() {
        line(text, &format!("**The device was lost** in: {}. Figures of these sections may be few.", lost.join(", ")));
    }
}
