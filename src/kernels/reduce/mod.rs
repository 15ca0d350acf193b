//! Reductions along one axis, several, or all: sums, means, weighted averages, variances, smallest and largest values,
//! as NumPy's functions of those names have them.
//!
//! All of them are one operation over an array seen as `[outer, len, inner]`, which `gpu` and `cpu` implement.
//!
//! Sums are as exact as if added up in twice the precision and rounded once, whatever the length and the axis: f32 in
//! f64, or in compensated f32 where a GPU has no f64; f64 in compensated f64.

pub(crate) mod cpu;
pub(crate) mod gpu;
pub(crate) mod op;
