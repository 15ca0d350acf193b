//! Locating: the segments of queries, kept for as many evaluations as are wanted.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
