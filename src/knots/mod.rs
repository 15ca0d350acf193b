//! A sorted axis, prepared once and searched many times.
//!
//! [`search`] is the public face: [`Knots`] with `searchsorted` and `digitize`. [`axis`] is the axis as a device holds it,
//! [`index`] chooses and builds the buckets that make a search short, on the host; both engines search them by the same rule.
//! [`buckets`] is a smaller index, in which the CPU engine's interpolation looks many queries up at once.

pub(crate) mod axis;
pub(crate) mod buckets;
mod gpu;
pub(crate) mod index;
mod search;

#[cfg(test)]
pub(crate) use gpu::kernels;
pub(crate) use gpu::{Reach, axis_bindings};
pub(crate) use search::Search;
pub use search::{Knots, Side};
