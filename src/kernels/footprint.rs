//! [`Footprint`]: the name of an operation, and the memory that it touches.

use crate::engine::storage::Use;

/// The name and the memory of an operation, for printed plans and for fusion.
#[derive(Clone)]
pub(crate) struct Footprint {
    /// A few words, with the shapes.
    pub name: String,
    pub reads: Vec<Use>,
    pub writes: Vec<Use>,
}
