//! What is found, as plain data: sections tell it in lines of JSON, and `report.json` is all of it together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::Times;

/// Before every line that is a finding; other lines are what drivers and libraries print.
pub const MARK: &str = "@gpu-report ";

/// Something found, told as soon as it is known.
#[derive(Serialize, Deserialize)]
#[serde(tag = "finding", content = "is", rename_all = "snake_case")]
pub enum Finding {
    Facts(Box<Facts>),
    Ceiling(Ceiling),
    Workload(Box<Row>),
    Transfer(Transfer),
    Overhead(Overhead),
    Peer(Peer),
    PeerTime(PeerTime),
    Suite(Suite),
    Problem(String),
}

/// Prints a finding for the process that gathers them.
pub fn tell(finding: Finding) {
    match serde_json::to_string(&finding) {
        Ok(text) => println!("{MARK}{text}"),
        Err(error) => eprintln!("a finding could not be told: {error}"),
    }
}

/// What the device, the machine and the programs are.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Of the GPU that is measured, in the order in which they are to be read; `Err` says why there is none.
    pub device: Vec<(String, String)>,
    pub device_name: String,
    pub device_missing: Option<String>,
    /// A software rasteriser: a graphics driver that computes on the CPU.
    pub software: bool,
    pub timestamps: bool,
    /// What the adapter offers beyond what every one does, by wgpu's names.
    pub features: Vec<String>,
    pub adapters: Vec<String>,
    pub host: Vec<(String, String)>,
    pub processor: String,
    /// Of the sources that the programs were built from.
    pub build: Vec<(String, String)>,
    /// Seconds since 1970.
    pub began: u64,
}

/// One way to move bytes, at one size.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ceiling {
    pub kind: CeilingKind,
    /// How the kernel is written, or the name of the command.
    pub variant: String,
    /// Of one buffer.
    pub buffer_bytes: u64,
    /// Read and written in all.
    pub moved_bytes: u64,
    /// Seconds a dispatch.
    pub wall: Times,
    pub device: Option<Times>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CeilingKind {
    Read,
    Copy,
    BufferCopy,
}

impl Ceiling {
    /// The device's own clock where it has one, else the host's.
    pub fn seconds(&self) -> f64 {
        self.device.as_ref().map_or(self.wall.median, |times| times.median)
    }

    pub fn rate(&self) -> f64 {
        self.moved_bytes as f64 / self.seconds()
    }
}

/// What limits a workload: it reads much and writes little, or it writes as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Read,
    Copy,
}

/// A workload, measured.
#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    pub title: String,
    /// What the predictions call it, if they do.
    pub key: Option<String>,
    pub group: String,
    /// Each input read once and each output written once.
    pub bytes: usize,
    pub elements: usize,
    pub bound: Bound,
    /// Whether the bytes are what has to move: not where they are mostly a table's that few queries look at.
    pub moves_all: bool,
    pub note: Option<String>,
    pub gpu: Result<Timing, String>,
    pub cpu: Result<Timing, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Timing {
    /// Seconds a call, many asked for and waited for once: what the device takes.
    pub batched: Times,
    /// Seconds of a call that is waited for: what a caller waits.
    pub single: Times,
    /// The first call, which compiles kernels.
    pub first: f64,
    /// The largest error against plain f64 arithmetic: relative, or absolute for results below 1.
    pub error: f64,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Transfer {
    pub what: String,
    pub bytes: u64,
    pub times: Times,
    /// What ndgpu says of the way: `staged`, `mapped`.
    pub path: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Overhead {
    pub what: String,
    /// Seconds.
    pub times: Times,
    pub note: String,
}

/// A library beside ndgpu.
#[derive(Clone, Serialize, Deserialize)]
pub struct Peer {
    pub name: String,
    /// Version and device, or why it is not here.
    pub about: Result<String, String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct PeerTime {
    /// The name of the workload.
    pub row: String,
    pub arm: String,
    pub call: String,
    /// Seconds of a call that is waited for, and the largest error; or why not.
    pub outcome: Result<(Times, f64), String>,
}

/// A test program.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Suite {
    pub name: String,
    pub passed: usize,
    pub failed: usize,
    pub ignored: usize,
    pub filtered: usize,
    pub seconds: f64,
    /// How it ended, if not by itself and well.
    pub trouble: Option<String>,
    pub failures: Vec<String>,
    /// What the recorded cases of NumPy came to.
    pub counts: Vec<String>,
}

/// How a section went.
#[derive(Clone, Serialize, Deserialize)]
pub struct SectionState {
    pub name: String,
    pub seconds: f64,
    pub problems: Vec<String>,
}

/// Everything.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    pub facts: Facts,
    pub ceilings: Vec<Ceiling>,
    pub workloads: Vec<Row>,
    pub transfers: Vec<Transfer>,
    pub overheads: Vec<Overhead>,
    pub peers: Vec<Peer>,
    pub peer_times: Vec<PeerTime>,
    pub suites: Vec<Suite>,
    pub sections: Vec<SectionState>,
    /// Of each workload that has one, what was predicted and what came out.
    pub predicted: BTreeMap<String, Predicted>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Predicted {
    pub row: String,
    pub kernel: String,
    pub bound_by: String,
    /// Predicted share of the bandwidth, if this device is among the predicted ones.
    pub predicted: Option<f64>,
    pub measured: Option<f64>,
}

impl Report {
    pub fn add(&mut self, finding: Finding) -> Option<String> {
        match finding {
            Finding::Facts(facts) => self.facts = *facts,
            Finding::Ceiling(ceiling) => self.ceilings.push(ceiling),
            Finding::Workload(row) => self.workloads.push(*row),
            Finding::Transfer(transfer) => self.transfers.push(transfer),
            Finding::Overhead(overhead) => self.overheads.push(overhead),
            Finding::Peer(peer) => self.peers.push(peer),
            Finding::PeerTime(time) => self.peer_times.push(time),
            Finding::Suite(suite) => self.suites.push(suite),
            Finding::Problem(problem) => return Some(problem),
        }
        None
    }

    /// Whether any section lost its device.
    pub fn lost(&self) -> Vec<&str> {
        let lost = |section: &&SectionState| section.problems.iter().any(|problem| problem.contains("device was lost"));
        self.sections.iter().filter(lost).map(|section| section.name.as_str()).collect()
    }
}
