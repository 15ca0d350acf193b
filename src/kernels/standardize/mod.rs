//! `(a - mean) / std` along an axis.

pub(crate) mod op;
