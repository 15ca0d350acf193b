//! A sorted axis, prepared once and searched many times.
//!
//! [`search`] is the public face: [`Knots`] with `searchsorted` and `digitize`; [`bins`] says what may be edges. [`axis`] is
//! the axis as a device holds it, [`index`] chooses and builds, on the host, the buckets that make a GPU's search short.
//! [`buckets`] is a smaller index, in which the CPU engine looks many queries up at once.

pub(crate) mod axis;
mod bins;
pub(crate) mod buckets;
mod cpu;
mod gpu;
pub(crate) mod index;
mod search;

#[cfg(test)]
pub(crate) use gpu::kernels;
pub(crate) use gpu::{Reach, axis_bindings};
pub(crate) use search::Search;
pub use search::{Knots, Side};
