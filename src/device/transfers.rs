//! What was moved: [`TransferCost`] of one readback, [`TransferStats`] of a device.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How data reached the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferPath {
    /// The CPU engine: the host looks at the very memory that the engine computed in. Nothing is copied.
    Shared,
    /// Unified memory and an array that was given up: its own buffer is mapped. Nothing is copied.
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

/// What a readback costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TransferCost {
    /// The size of the array in bytes. They are copied once if the path is [`TransferPath::Staged`], and only made
    /// visible if it is another. (The 4 bytes of a check that travels with the data are not counted.)
    pub bytes: u64,
    /// The way they take.
    pub path: TransferPath,
}

/// What has been moved to and from a device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransferStats {
    /// Arrays uploaded, overwritten ones included, and tables, each of which counts once.
    pub uploads: u64,
    /// Their bytes; those of a table include its search index.
    pub upload_bytes: u64,
    /// The time the calls took that uploaded them. The device may still be copying when they return.
    pub upload_time: Duration,
    /// Arrays that arrived on the host.
    pub readbacks: u64,
    /// Their bytes, whichever path they took.
    pub readback_bytes: u64,
    /// The time from the request of each to its arrival, which includes waiting for the device to finish computing.
    /// Readbacks that are under way together each count their own time.
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
