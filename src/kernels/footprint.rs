//! [`Footprint`]: what an operation is called, and what memory it touches.

use crate::engine::storage::Use;

/// What an operation does, for a plan to print, and to find out who else needs its output.
#[derive(Clone)]
pub(crate) struct Footprint {
    /// In a few words, shapes among them.
    pub name: String,
    pub reads: Vec<Use>,
    pub writes: Vec<Use>,
}
