//! Counts by operation, tier and configuration, and the failures behind them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::engines::Configuration;
use super::super::report::say;

/// What became of a case.
pub enum Verdict {
    Passed,
    /// Not as NumPy, and listed with the reason.
    Differs,
    Failed(String),
}

impl From<Result<(), String>> for Verdict {
    fn from(judged: Result<(), String>) -> Self {
        judged.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    differs: usize,
    failed: usize,
}

/// Verdicts by operation, tier and configuration.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<(String, String), BTreeMap<&'static str, Counts>>,
    failures: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, op: &str, tier: &str, id: &str, configuration: &Configuration, verdict: Verdict) {
        let row = self.counts.entry((op.into(), tier.into())).or_default();
        let counts = row.entry(configuration.name).or_default();
        match verdict {
            Verdict::Passed => counts.passed += 1,
            Verdict::Differs => counts.differs += 1,
            Verdict::Failed(why) => {
                counts.failed += 1;
                self.failures.push(format!("{id} [{}]: {why}", configuration.name));
            }
        }
    }

    /// Prints the counts. Panics with all failures if there are any, and if nothing was run at all.
    pub fn finish(self, title: &str, configurations: &[Configuration]) {
        say(&self.table(title, configurations));
        let cells = self.counts.values().flat_map(BTreeMap::values);
        assert!(cells.map(|counts| counts.passed + counts.failed).sum::<usize>() > 0, "{title}: nothing was run");
        assert!(self.failures.is_empty(), "{title}: {} failed\n{}", self.failures.len(), self.failures.join("\n"));
    }

    fn table(&self, title: &str, configurations: &[Configuration]) -> String {
        let mut text = format!("{title}: passed / deliberate difference / failed\n");
        let _ = write!(text, "{:13} {:9}", "operation", "tier");
        for configuration in configurations {
            let _ = write!(text, " {:>16}", configuration.name);
        }
        for ((op, tier), row) in &self.counts {
            let _ = write!(text, "\n{op:13} {tier:9}");
            for configuration in configurations {
                let Counts { passed, differs, failed } = row.get(configuration.name).copied().unwrap_or_default();
                let _ = write!(text, " {:>16}", format!("{passed} / {differs} / {failed}"));
            }
        }
        text
    }
}
