//! Whether a run has passed: never if ndgpu itself computes something wrong or fails; with `--gate` only if every bar
//! that it measured is reached.
//!
//! Bars compare arms of one workload that were timed in turns, so a gate needs no figures of another day or another
//! machine.

use crate::bars::{Bar, Outcome as Reached};
use crate::outcome::Outcome;
use crate::results::{Report, Row, Verdict};

/// Workloads in which ndgpu is wrong or fails.
pub fn faults(report: &Report) -> Outcome<()> {
    let at_fault = |row: &&Row| {
        row.arms.iter().any(|arm| arm.is_own() && matches!(arm.verdict, Verdict::Wrong(_) | Verdict::Failed(_)))
    };
    let faults: Vec<_> = report.rows.iter().filter(at_fault).map(|row| row.name.as_str()).collect();
    if faults.is_empty() { Ok(()) } else { Err(format!("ndgpu itself is at fault in {}", faults.join(", "))) }
}

/// How many bars are reached, if all are. A run that measured none passes no gate.
pub fn pass(bars: &[Bar]) -> Outcome<usize> {
    let (mut reached, mut missed) = (0, Vec::new());
    for bar in bars.iter().filter(|bar| bar.gated) {
        match &bar.outcome {
            Reached::NotMeasured => {}
            Reached::Measured(_, true) => reached += 1,
            Reached::Measured(value, false) => {
                missed.push(format!("\n    {}: {value} instead of {}", bar.what, bar.target))
            }
        }
    }
    match (reached, missed.len()) {
        (0, 0) => {
            Err("the gate: no bar was measured, so there is nothing to pass; --help says which workloads have bars"
                .into())
        }
        (reached, 0) => Ok(reached),
        (reached, count) => {
            Err(format!("the gate: {count} of {} bars are missed:{}", reached + count, missed.concat()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{faults, pass};
    use crate::bars::bars;
    use crate::protocol::Part;
    use crate::results::{ArmResult, Report, Row, Stats, Verdict};
    use crate::roster::CPU;
    use crate::workload::{Spacing, Type, Workload};

    /// A workload of which the bar says: 70 times np.interp.
    fn report(numpy: f64, own: f64, verdict: Verdict) -> Report {
        let workload = Workload::Interp {
            ty: Type::F32,
            tables: 1,
            knots: 1_024,
            spacing: Spacing::Random,
            sorted: false,
            queries: 10_000_000,
        };
        let arm = |peer: &str, name: &str, seconds: f64, verdict| {
            let stats = Stats { median: seconds, lower_quartile: seconds, upper_quartile: seconds, rounds: 3 };
            ArmResult {
                peer: peer.into(),
                name: name.into(),
                call: String::new(),
                floor: None,
                offers: vec![Part::Resident],
                verdict,
                error: None,
                same_bits_as_numpy: None,
                parts: [(Part::Resident, stats)].into(),
            }
        };
        let row = Row {
            name: workload.name(),
            title: workload.title(),
            bytes: workload.bytes(),
            elements: workload.elements(),
            workload,
            began: 0,
            arms: vec![arm("ndgpu-cpu", CPU, own, verdict), arm("numpy", "np.interp", numpy, Verdict::Right)],
            disturbed: None,
        };
        Report { rows: vec![row], ..Report::default() }
    }

    #[test]
    fn a_missed_bar_and_a_run_without_bars_do_not_pass() {
        let gate = |report: &Report| pass(&bars(report));
        // Beside the 70 times there is the bar of being ahead of every peer.
        assert_eq!(gate(&report(7.1, 0.1, Verdict::Right)), Ok(2));
        let missed = gate(&report(6.9, 0.1, Verdict::Right)).unwrap_err();
        assert!(
            missed.contains("1 of 2 bars are missed") && missed.contains("69.0× instead of ≥ 70× np.interp"),
            "{missed}"
        );
        let wrong = report(7.1, 0.1, Verdict::Wrong("of the test".into()));
        assert!(gate(&wrong).is_err() && faults(&wrong).is_err());
        assert!(faults(&report(6.9, 0.1, Verdict::Right)).is_ok());
        assert!(gate(&Report::default()).unwrap_err().contains("no bar was measured"));
    }
}
