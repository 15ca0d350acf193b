//! [`Footprint`]: the name of an operation, and the memory that it touches.

use crate::engine::storage::MemoryAccess;

/// The name and the memory of an operation, for printed plans and for fusion.
#[derive(Clone)]
pub(crate) struct Footprint {
    /// A few words, with the shapes.
    pub name: String,
    pub reads: Vec<MemoryAccess>,
    pub writes: Vec<MemoryAccess>,
}
