//! A sorted axis, prepared once and searched many times.
//!
//! [`search`] is the public face: [`Knots`] with `searchsorted` and `digitize`. [`axis`] is the axis as a device holds it,
//! [`index`] chooses and builds the buckets that make a search short, on the host. Both engines search the same index by
//! the same rule, and interpolation tables stand on it too.

pub(crate) mod axis;
mod gpu;
pub(crate) mod index;
mod search;

#[cfg(test)]
pub(crate) use gpu::kernels;
pub(crate) use gpu::{Reach, axis_bindings};
pub use search::{Knots, Side};
