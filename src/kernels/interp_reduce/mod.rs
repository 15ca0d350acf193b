//! Interpolation fused with a reduction of its rows.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
