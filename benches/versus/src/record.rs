//! Results that are kept: `benches/record/MACHINE/DATE.json` with every figure, and beside it the tables as Markdown.

use std::path::{Path, PathBuf};

use crate::date;
use crate::outcome::{Outcome, write};
use crate::report;
use crate::results::Report;

/// Where records are in the repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("record")
}

/// Writes a record, or updates that of the same machine and day: what it has of other workloads stays.
pub fn update(report: Report, folder: &Path) -> Outcome<PathBuf> {
    if report.runs.is_empty() || report.began == 0 {
        return Err(
            "a record says how to measure it again, and these results do not: they are of an older version".into()
        );
    }
    if report.runs.iter().any(|run| run.target.ends_with("opt-level 0")) {
        return Err("figures of a build without optimisation are not recorded".into());
    }
    let file = folder.join(machine(&report)).join(format!("{}.json", date::day(report.began)));
    let mut record = if file.exists() { Report::read(&file)? } else { Report::default() };
    // The same results again change nothing.
    if !report.runs.iter().all(|run| record.runs.contains(run)) {
        record.merge(report)?;
    }
    record.write(&file)?;
    write(&file.with_extension("md"), &report::table(&record))?;
    Ok(file)
}

/// `intel-xeon-2.80ghz-x2_llvmpipe_linux-x86-64`: processor and threads, the adapter of ndgpu's GPU engine if it took
/// part, system.
pub fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let mut parts = vec![format!("{}-x{}", slug(&machine.processor), machine.threads)];
    let adapter = report.peers.iter().find(|peer| peer.name == "ndgpu-gpu").and_then(|peer| peer.about.as_ref().ok());
    // Versions of drivers are in brackets.
    parts.extend(adapter.map(|about| slug(about.split(" (").next().unwrap_or(about))));
    parts.push(slug(&machine.system));
    parts.join("_")
}

/// Letters, digits and points, with hyphens between; without what every name of a processor has.
fn slug(name: &str) -> String {
    let name = name.to_lowercase().replace("(r)", "").replace("(tm)", "");
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.');
    let words = words.filter(|word| !["", "cpu", "processor", "with"].contains(word));
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::{machine, update};
    use crate::report::table;
    use crate::results::{Machine, PeerState, Report, Row, Run};
    use crate::workload::{Overhead, Workload};

    fn report(began: u64, what: Overhead) -> Report {
        let workload = Workload::Overhead { what };
        let about = Ok("llvmpipe (LLVM 15.0.6, 256 bits) (software rasteriser, Vulkan, Mesa 22.3.6)".into());
        Report {
            machine: Machine {
                processor: "Intel(R) Xeon(R) Processor @ 2.80GHz".into(),
                threads: 2,
                system: "linux x86_64".into(),
                cache_bytes: None,
            },
            began,
            // One of those that come out of a file as their neighbour where that is read without care.
            took_seconds: 0.000_091_070_000_000_000_01,
            peers: vec![PeerState { name: "ndgpu-gpu".into(), what: String::new(), about }],
            runs: vec![Run { began, commit: Some(format!("c{began}")), ..Run::default() }],
            rows: vec![Row {
                name: workload.name(),
                title: workload.title(),
                bytes: 0,
                elements: 1,
                workload,
                began,
                arms: Vec::new(),
                disturbed: None,
            }],
            ..Report::default()
        }
    }

    #[test]
    fn machines_are_named_after_what_computes() {
        let mut report = report(1, Overhead::Dispatch);
        assert_eq!(machine(&report), "intel-xeon-2.80ghz-x2_llvmpipe_linux-x86-64");
        report.peers.clear();
        report.machine.processor = "AMD Ryzen 9 7950X 16-Core Processor".into();
        assert_eq!(machine(&report), "amd-ryzen-9-7950x-16-core-x2_linux-x86-64");
    }

    #[test]
    fn runs_of_a_day_are_one_record_that_tells_them_apart() {
        let folder = tempfile::tempdir().unwrap();
        let morning = 1_709_251_199 - 40_000;
        let first = update(report(morning, Overhead::Dispatch), folder.path()).unwrap();
        assert!(first.ends_with("intel-xeon-2.80ghz-x2_llvmpipe_linux-x86-64/2024-02-29.json"), "{}", first.display());
        assert!(!std::fs::read_to_string(first.with_extension("md")).unwrap().contains("Measured 2024"));
        assert_eq!(Report::read(&first).unwrap().took_seconds, report(morning, Overhead::Dispatch).took_seconds);

        let second = update(report(morning + 60, Overhead::Upload), folder.path()).unwrap();
        assert_eq!(first, second);
        let record = Report::read(&second).unwrap();
        let text = std::fs::read_to_string(second.with_extension("md")).unwrap();
        assert_eq!(text, table(&record), "the table is drawn again from the figures");
        for began in [morning, morning + 60] {
            assert!(text.contains(&format!("UTC, of commit c{began}.")), "{text}");
        }

        // What is measured again replaces the older figures, and a run that nothing is left of is not named any more.
        update(report(morning + 120, Overhead::Dispatch), folder.path()).unwrap();
        let record = Report::read(&second).unwrap();
        assert_eq!(record.rows.iter().map(|row| row.began).collect::<Vec<_>>(), [morning + 120, morning + 60]);
        assert_eq!(record.runs.iter().map(|run| run.began).collect::<Vec<_>>(), [morning + 60, morning + 120]);
        // Recorded twice, results are there once.
        let before = std::fs::read_to_string(&second).unwrap();
        update(record, folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&second).unwrap(), before);
    }

    #[test]
    fn results_that_say_too_little_or_nothing_are_not_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let mut slow = report(1, Overhead::Dispatch);
        slow.runs[0].target = "x86_64-unknown-linux-gnu at opt-level 0".into();
        assert!(update(slow, folder.path()).unwrap_err().contains("without optimisation"));
        let mut older = report(1, Overhead::Dispatch);
        older.runs.clear();
        assert!(update(older, folder.path()).is_err());
        let mut other = report(2, Overhead::Upload);
        other.machine.threads = 64;
        assert!(report(1, Overhead::Dispatch).merge(other).is_err());
    }
}
