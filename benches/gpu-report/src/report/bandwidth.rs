//! Gigabytes a second, and shares of what the device's memory can do: of the ceiling at as many bytes as a workload
//! moves, which a cache may serve, and of the ceiling at the largest size.

use crate::findings::{Bound, CeilingKind, Report, Row};

/// Bytes moved and bytes a second, the best variant at each size, by size.
pub fn ceiling(report: &Report, kind: CeilingKind) -> Vec<(f64, f64)> {
    let mut best: Vec<(f64, f64)> = Vec::new();
    for ceiling in report.ceilings.iter().filter(|ceiling| ceiling.kind == kind) {
        let (moved, rate) = (ceiling.moved_bytes as f64, ceiling.rate());
        match best.iter_mut().find(|(known, _)| *known == moved) {
            Some((_, best)) => *best = best.max(rate),
            None => best.push((moved, rate)),
        }
    }
    best.sort_by(|a, b| a.0.total_cmp(&b.0));
    best
}

pub fn kind_of(bound: Bound) -> CeilingKind {
    match bound {
        Bound::Read => CeilingKind::Read,
        Bound::Copy => CeilingKind::Copy,
    }
}

/// Bytes a second that a workload moves on the GPU.
pub fn rate(row: &Row) -> Option<f64> {
    let timing = row.gpu.as_ref().ok().filter(|_| row.moves_all)?;
    (timing.batched.median > 0.0).then(|| row.bytes as f64 / timing.batched.median)
}

/// Of the ceiling at as many bytes.
pub fn share_at_size(report: &Report, row: &Row) -> Option<f64> {
    Some(rate(row)? / at(&ceiling(report, kind_of(row.bound)), row.bytes as f64)?)
}

/// Of the ceiling at the largest size, which is that of the memory itself.
pub fn share_of_largest(report: &Report, row: &Row) -> Option<f64> {
    Some(rate(row)? / ceiling(report, kind_of(row.bound)).last()?.1)
}

/// Between the sizes that were measured, in proportion to the logarithm; beyond them, the nearest.
pub fn at(ceiling: &[(f64, f64)], bytes: f64) -> Option<f64> {
    let after = ceiling.partition_point(|(moved, _)| *moved < bytes);
    match (after.checked_sub(1).map(|before| ceiling[before]), ceiling.get(after)) {
        (Some((left, low)), Some((right, high))) => {
            Some(low + (high - low) * (bytes / left).ln() / (right / left).ln())
        }
        (Some((_, rate)), None) => Some(rate),
        (None, Some((_, rate))) => Some(*rate),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{at, ceiling, share_at_size, share_of_largest};
    use crate::findings::{Bound, Ceiling, CeilingKind, Report, Row, Timing};
    use crate::measure::Times;

    fn seconds(median: f64) -> Times {
        Times { median, lower_quartile: median, upper_quartile: median, rounds: 1, calls: 1 }
    }

    fn read(bytes: u64, wall: f64, device: Option<f64>) -> Ceiling {
        Ceiling {
            kind: CeilingKind::Read,
            variant: String::new(),
            buffer_bytes: bytes,
            moved_bytes: bytes,
            wall: seconds(wall),
            device: device.map(seconds),
        }
    }

    #[test]
    fn shares_are_of_the_best_kernel_by_the_devices_clock() {
        let ceilings = vec![read(400, 8.0, Some(4.0)), read(100, 1.0, None), read(100, 0.5, None)];
        let report = Report { ceilings, ..Report::default() };
        assert_eq!(ceiling(&report, CeilingKind::Read), [(100.0, 200.0), (400.0, 100.0)]);
        assert!(ceiling(&report, CeilingKind::Copy).is_empty());
        let timing = Timing { batched: seconds(4.0), single: seconds(5.0), first: 9.0, error: 0.0 };
        let row = Row {
            name: String::new(),
            title: String::new(),
            key: None,
            group: String::new(),
            bytes: 200,
            elements: 50,
            bound: Bound::Read,
            moves_all: true,
            note: None,
            gpu: Ok(timing.clone()),
            cpu: Ok(timing),
        };
        assert_eq!(share_of_largest(&report, &row), Some(0.5));
        // Half of the way from 100 to 400 bytes.
        assert!((share_at_size(&report, &row).unwrap() - 50.0 / 150.0).abs() < 1e-12);
        let refused = Row { gpu: Err("no".into()), ..row.clone() };
        assert_eq!(share_at_size(&report, &Row { moves_all: false, ..row }), None);
        assert_eq!(share_of_largest(&report, &refused), None);
    }

    #[test]
    fn beyond_what_was_measured_counts_the_nearest() {
        let ceiling = [(100.0, 200.0), (400.0, 100.0)];
        assert_eq!(at(&ceiling, 10.0), Some(200.0));
        assert_eq!(at(&ceiling, 4000.0), Some(100.0));
        assert_eq!(at(&ceiling, 100.0), Some(200.0));
        assert_eq!(at(&[], 100.0), None);
    }
}
