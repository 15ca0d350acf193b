//! Two neighbouring axes exchanged.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
