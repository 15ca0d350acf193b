//! `searchsorted`: the index of each query among sorted knots.

pub(crate) mod axis;
pub(crate) mod cpu;
pub(crate) mod find;
pub(crate) mod gpu;
pub(crate) mod gpu_index;
pub(crate) mod op;
