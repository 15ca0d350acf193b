//! The CPU engine: memory of the host, and the threads that work on it.
//!
//! - [`memory`]: buffers with copy-on-write snapshots, pooled
//! - [`alloc`]: fallible allocation of vectors
//! - [`parallel`]: tasks on the rayon pool, the calling thread among the workers
//! - [`gather`]: copies arrays of any layout into standard order
//! - [`clock`]: time, in a browser too

pub(crate) mod alloc;
pub(crate) mod clock;
pub(crate) mod gather;
pub(crate) mod memory;
pub(crate) mod parallel;
