//! What runs found: plain data that is written as JSON after every workload, and read back to draw tables and charts
//! again without measuring (`--from`).
//!
//! Fields are added and never taken away or given another meaning: results of years ago are still drawn.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, told, write};
use crate::protocol::Part;
use crate::roster;
use crate::workload::Workload;

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Report {
    pub machine: Machine,
    /// The command line.
    pub command: String,
    /// When it began, as the system's clock says: seconds since 1970.
    pub began: u64,
    pub took_seconds: f64,
    pub rounds: usize,
    /// Where the rows come from. Results of several runs have several.
    #[serde(default)]
    pub runs: Vec<Run>,
    pub peers: Vec<PeerState>,
    pub rows: Vec<Row>,
    pub memory: Vec<Memory>,
}

/// What it takes to measure the same again.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// As in the report, and by it rows name the run they come from.
    pub began: u64,
    pub command: String,
    /// Of the repository.
    pub commit: Option<String>,
    /// Whether anything was not committed.
    pub changed: bool,
    pub rustc: String,
    /// What RUSTFLAGS and the configuration of cargo gave the compiler.
    pub flags: String,
    /// And the level of optimisation.
    pub target: String,
    /// Of the crates that are measured, and of Python. Libraries of Python say theirs among the peers.
    pub versions: BTreeMap<String, String>,
    /// Variables of the environment that peers look at.
    pub environment: BTreeMap<String, String>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub threads: usize,
    pub system: String,
    /// Of the last level.
    pub cache_bytes: Option<u64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct PeerState {
    pub name: String,
    pub what: String,
    /// Version, threads, device; or why it is missing.
    pub about: Result<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    pub title: String,
    pub bytes: usize,
    pub elements: usize,
    pub workload: Workload,
    /// The run that it comes from, by when that began.
    #[serde(default)]
    pub began: u64,
    pub arms: Vec<ArmResult>,
    /// The share of the machine that other programs took while this was timed, where the system tells.
    #[serde(default)]
    pub disturbed: Option<f64>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct ArmResult {
    pub peer: String,
    pub name: String,
    pub call: String,
    /// Bytes that it moves, if it is a limit and no peer.
    pub floor: Option<u64>,
    /// What could be timed, whether or not this run did.
    #[serde(default)]
    pub offers: Vec<Part>,
    pub verdict: Verdict,
    /// The largest error found: relative, or absolute for results below 1.
    pub error: Option<f64>,
    /// Whether the results are np.interp's, bit for bit. Of f64 only.
    pub same_bits_as_numpy: Option<bool>,
    pub parts: BTreeMap<Part, Stats>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Right,
    /// Right to a few digits only: its time counts and its error is printed.
    Coarse,
    /// No time is shown.
    Wrong(String),
    /// Died, panicked, raised, hung.
    Failed(String),
    /// It does not do this.
    Refused(String),
}

impl Verdict {
    pub fn counts(&self) -> bool {
        matches!(self, Self::Right | Self::Coarse)
    }
}

/// Seconds a call.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Stats {
    pub median: f64,
    pub lower_quartile: f64,
    pub upper_quartile: f64,
    pub rounds: usize,
}

impl Stats {
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Some(Self { median: at(0.5), lower_quartile: at(0.25), upper_quartile: at(0.75), rounds: sorted.len() })
    }
}

/// What a child process that did nothing else added to its resident memory.
#[derive(Clone, Serialize, Deserialize)]
pub struct Memory {
    pub name: String,
    /// The run that it comes from, by when that began.
    #[serde(default)]
    pub began: u64,
    /// What the bar allows: inputs, outputs, 16 MiB, four times the table.
    pub allowed: u64,
    pub added: Result<u64, String>,
}

impl Report {
    pub fn read(file: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    pub fn write(&self, file: &Path) -> Outcome<()> {
        write(file, &serde_json::to_string_pretty(self).map_err(told)?)
    }

    pub fn row(&self, workload: &Workload) -> Option<&Row> {
        self.rows.iter().find(|row| row.workload == *workload)
    }

    pub fn run_of(&self, began: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.began == began)
    }

    /// Adds what a later run on the same machine found. A workload measured again replaces the older one.
    pub fn merge(&mut self, other: Self) -> Outcome<()> {
        if self.rows.is_empty() && self.memory.is_empty() {
            *self = other;
            return Ok(());
        }
        if !self.machine.is_same(&other.machine) {
            let (ours, theirs) = (&self.machine.processor, &other.machine.processor);
            return Err(format!("figures of two machines do not go into one table: {ours} and {theirs}"));
        }
        for row in other.rows {
            match self.rows.iter_mut().find(|known| known.workload == row.workload) {
                Some(known) => *known = row,
                None => self.rows.push(row),
            }
        }
        for memory in other.memory {
            self.memory.retain(|known| known.name != memory.name);
            self.memory.push(memory);
        }
        for peer in other.peers {
            match self.peers.iter_mut().find(|known| known.name == peer.name) {
                Some(known) if known.about.is_err() => *known = peer,
                Some(_) => {}
                None => self.peers.push(peer),
            }
        }
        self.runs.extend(other.runs);
        let (rows, memory) = (&self.rows, &self.memory);
        let in_use = |began| rows.iter().any(|row| row.began == began) || memory.iter().any(|row| row.began == began);
        self.runs.retain(|run| in_use(run.began));
        self.runs.dedup_by_key(|run| run.began);
        self.took_seconds += other.took_seconds;
        self.command = format!("{}; {}", self.command, other.command);
        Ok(())
    }
}

impl Machine {
    fn is_same(&self, other: &Self) -> bool {
        (&self.processor, self.threads, &self.system) == (&other.processor, other.threads, &other.system)
    }
}

impl Row {
    /// What is to be said of other programs, if they took more than a twentieth of the machine.
    pub fn disturbance(&self) -> Option<String> {
        let share = self.disturbed.filter(|&share| share > 0.05)?;
        Some(format!("other programs took {:.0} % of the machine meanwhile", 100.0 * share))
    }

    pub fn arm(&self, name: &str) -> Option<&ArmResult> {
        self.arms.iter().find(|arm| arm.name == name)
    }

    /// The median of one part of an arm whose result is right.
    pub fn seconds(&self, name: &str, part: Part) -> Option<f64> {
        self.arm(name)?.seconds(part)
    }
}

impl ArmResult {
    /// Whether it is ndgpu's.
    pub fn is_own(&self) -> bool {
        roster::find(&self.peer).is_some_and(roster::Known::is_own)
    }

    pub fn seconds(&self, part: Part) -> Option<f64> {
        self.verdict.counts().then_some(())?;
        self.parts.get(&part).map(|stats| stats.median)
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;

    #[test]
    fn the_middle_and_its_quarters() {
        let stats = Stats::of(&[4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!((stats.lower_quartile, stats.median, stats.upper_quartile, stats.rounds), (2.0, 3.0, 4.0, 5));
        assert!(Stats::of(&[]).is_none());
    }
}
