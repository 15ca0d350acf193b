//! Whether a run has passed: never if ndgpu itself computes something wrong or fails.

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

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::protocol::Part;
    use crate::results::{ArmResult, Report, Row, Stats, Verdict};
    use crate::roster::CPU;
    use crate::workload::{Spacing, Type, Workload};

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
    fn a_wrong_result_of_ndgpu_fails_a_run_and_a_slow_one_does_not() {
        assert!(faults(&report(7.1, 0.1, Verdict::Wrong("of the test".into()))).is_err());
        assert!(faults(&report(6.9, 0.1, Verdict::Right)).is_ok());
    }
}
