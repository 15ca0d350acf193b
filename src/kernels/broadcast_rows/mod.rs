//! Arrays made of one factor for each of their rows: what a reduction passes back to the elements that it read.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
