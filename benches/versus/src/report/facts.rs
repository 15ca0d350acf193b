//! What the summary, the table and the charts all say of a run: what it was measured on, and why an arm has no times.

use super::text::{exponent, line};
use crate::results::{ArmResult, Report, Verdict};
use crate::roster::{self, Side};

pub fn head(text: &mut String, report: &Report) {
    let machine = &report.machine;
    line(text, "# ndgpu and its peers\n");
    line(text, &format!("`{}`\n", report.command));
    let cache = machine.cache_bytes.map_or(String::new(), |bytes| format!(", {} MiB of cache", bytes >> 20));
    line(
        text,
        &format!(
            "{}, {} threads{cache}, {}. Medians of up to {} rounds in turns; the whole run took {:.0} s.",
            machine.processor, machine.threads, machine.system, report.rounds, report.took_seconds
        ),
    );
    if software(report) {
        line(
            text,
            "\n**There is no GPU in these figures.** \"ndgpu GPU\" and the peers on wgpu ran on a software \
             rasteriser: a graphics driver that computes on the same processor.",
        );
    }
}

/// Whether what stands for a GPU computes on the processor.
pub fn software(report: &Report) -> bool {
    let gpu = report.peers.iter().find(|peer| peer.name == "ndgpu-gpu");
    gpu.and_then(|peer| peer.about.as_ref().ok()).is_some_and(|about| about.contains("software rasteriser"))
}

/// Whether its data have to be brought somewhere else first.
pub fn needs_transfers(arm: &ArmResult) -> bool {
    roster::find(&arm.peer).is_some_and(|known| known.side != Side::Cpu)
}

/// Why there are no times.
pub fn trouble(arm: &ArmResult) -> Option<String> {
    match &arm.verdict {
        Verdict::Right | Verdict::Coarse => None,
        Verdict::Wrong(reason) => {
            let error = arm.error.map_or(String::new(), |error| format!(", off by up to {}", exponent(error)));
            Some(format!("**wrong**: {reason}{error}"))
        }
        Verdict::Failed(reason) => Some(format!("**fails**: {reason}")),
        Verdict::Refused(reason) => Some(format!("refuses: {reason}")),
    }
}
