//! The adjoint of interpolation: what cotangents of results mean for the values, knots and fills of a table.
//!
//! Results are `A fp` and what fills add, so the cotangent of `fp` is `A^T g`. A query between two knots shares its
//! cotangent out between them. Shares are summed by segment ([`slots`](shares)), undivided: `g * (x1 - x)` and
//! `g * (x - x0)`, so that a segment is divided by its width once, and the sums are as exact as all sums of the crate.

pub(crate) mod cpu;
pub(crate) mod csr;
pub(crate) mod gpu;
pub(crate) mod op;
pub(crate) mod shares;
