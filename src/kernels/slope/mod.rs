//! Slopes: the derivative of an interpolation in its queries, and products with it.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
