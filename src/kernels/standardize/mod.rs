//! `(a - mean) / std` along an axis.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
