//! Sums over all rows of an array, one for each index along its axis: what a reduction passes back to weights that its
//! rows share. In twice the precision, as every sum.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
