//! The progress of a stream, for progress bars.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::host::clock::Instant;

/// The progress of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamProgress {
    /// Chunks uploaded.
    pub chunks_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Results delivered.
    pub chunks_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
    /// The time since the first chunk was started.
    pub elapsed: Duration,
}

impl StreamProgress {
    /// Chunks in flight.
    pub fn under_way(&self) -> u64 {
        self.chunks_in - self.chunks_out
    }
}

/// Observes a stream from elsewhere. Cloning is cheap; it outlives the stream.
#[derive(Clone, Debug, Default)]
pub struct StreamMonitor(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    counts: StreamProgress,
    start: Option<Instant>,
}

impl StreamMonitor {
    /// The progress so far.
    pub fn progress(&self) -> StreamProgress {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        StreamProgress { elapsed: state.start.map_or(Duration::ZERO, |start| start.elapsed()), ..state.counts }
    }

    pub(crate) fn went_in(&self, bytes: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.start.get_or_insert_with(Instant::now);
        state.counts.chunks_in += 1;
        state.counts.bytes_in += bytes;
    }

    pub(crate) fn came_out(&self, bytes: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.counts.chunks_out += 1;
        state.counts.bytes_out += bytes;
    }
}
