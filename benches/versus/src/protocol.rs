//! What the runner and its workers say to each other: a line of JSON each way, behind a mark.
//!
//! Every peer lives in a process of its own: one that panics, aborts or hangs takes nobody with it, and one whose
//! threads spin after a call can be waited for. Rust peers are this program started again with `--worker NAME`, Python
//! peers are `python/worker.py NAME`; both speak this. Lines without the mark are what libraries print, and are
//! ignored.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::workload::Workload;

/// Before every answer.
pub const MARK: &str = "@versus ";

#[derive(Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Import the library, open the device, say which.
    Hello,
    /// Load the inputs and get ready. Answers with what can be timed.
    Prepare { task: Task },
    /// Compute once and write the result, to be compared.
    Check { arm: usize, out: PathBuf },
    /// Run one part of an arm `warm` times, then `calls` times against the clock.
    Time { arm: usize, part: Part, calls: usize, warm: usize },
    /// Resident bytes that the workload adds at its peak.
    Memory { task: Task },
    /// Let go of the workload.
    Release,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Task {
    /// Where the inputs are.
    pub folder: PathBuf,
    #[serde(flatten)]
    pub workload: Workload,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Why not. With it nothing else counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmInfo>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seconds: Vec<f64>,
    pub bytes: u64,
}

/// Something that a peer can do with a workload.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ArmInfo {
    pub name: String,
    /// The call that is timed, as its user would write it.
    pub call: String,
    pub parts: Vec<Part>,
    /// Not a peer but a physical limit: the bytes that it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<u64>,
    /// Why it does not do this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuses: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The computation alone: inputs, tables and outputs are where they are computed on.
    Resident,
    /// Inputs to the device.
    Upload,
    /// Results to the host.
    Readback,
    /// From host arrays to host results, building the table included.
    EndToEnd,
}
