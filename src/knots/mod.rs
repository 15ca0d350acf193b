//! A sorted axis, prepared once and searched many times.
//!
//! [`axis`] is the axis as a device holds it, [`index`] chooses and builds the buckets that make a search short, on the
//! host. Both engines search the same index by the same rule.

pub(crate) mod axis;
mod gpu;
pub(crate) mod index;

#[cfg(test)]
pub(crate) use gpu::kernels;
