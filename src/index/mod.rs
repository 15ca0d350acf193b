//! Search indexes over sorted knots, built on the host.

pub(crate) mod cpu_index;
pub(crate) mod gpu_index;
