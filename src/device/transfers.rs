//! Transfer accounting: [`TransferCost`] of one readback, [`TransferStats`] of a device.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The path by which data reached the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferPath {
    /// The CPU engine: the host views the memory in which the engine computed. Nothing is copied.
    Shared,
    /// Unified memory and a consumed array: its own buffer is mapped. Nothing is copied.
    Mapped,
    /// The device copies into a staging buffer, which is mapped.
    Staged,
}

impl std::fmt::Display for TransferPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Mapped => "mapped",
            Self::Staged => "staged",
        })
    }
}

/// The cost of a readback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TransferCost {
    /// The size of the array in bytes. They are copied once if the path is [`TransferPath::Staged`], else only made
    /// visible. (The 4 bytes of a check that travels with the data are not counted.)
    pub bytes: u64,
    /// The path they take.
    pub path: TransferPath,
}

/// The transfers to and from a device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferStats {
    /// Arrays uploaded, overwritten ones included, and tables, each of which counts once.
    pub uploads: u64,
    /// Their bytes; those of a table include its search index.
    pub upload_bytes: u64,
    /// The time spent in the calls that uploaded them. The device may still be copying when they return.
    pub upload_time: Duration,
    /// Arrays that arrived on the host.
    pub readbacks: u64,
    /// Their bytes, whichever path they took.
    pub readback_bytes: u64,
    /// The time from the request of each to its arrival, including the wait for the device to finish computing.
    /// Concurrent readbacks each count their own time.
    pub readback_time: Duration,
}

/// Counts the transfers of a device.
#[derive(Default)]
pub(crate) struct Ledger {
    stats: Mutex<TransferStats>,
}

impl Ledger {
    pub fn stats(&self) -> TransferStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count_upload(&self, bytes: u64, time: Duration) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.uploads += 1;
        stats.upload_bytes += bytes;
        stats.upload_time += time;
    }

    pub fn count_readback(&self, bytes: u64, time: Duration) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.readbacks += 1;
        stats.readback_bytes += bytes;
        stats.readback_time += time;
    }
}
