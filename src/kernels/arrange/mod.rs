//! Arranging the knots of tables: which are kept, in which order, and what closes a period.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
