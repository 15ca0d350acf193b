//! What kernels ask of a float beyond arithmetic.

pub(crate) mod accumulator;
pub(crate) mod dtype;
