//! Piecewise interpolation: NumPy's `interp`, one table or many at once.
//!
//! The formula for a query `x` between knots `j` and `j + 1` is NumPy's, `slope[j] * (x - xp[j]) + fp[j]` with
//! `slope[j] = (fp[j+1] - fp[j]) / (xp[j+1] - xp[j])`, and so are the rules around it: at a knot the value is `fp[j]`
//! bit for bit, of repeated knots the last wins, outside it is `left` or `right`, a NaN query gives NaN.

pub(crate) mod cpu;
pub(crate) mod cpu_block;
pub(crate) mod evaluate;
pub(crate) mod few_knots;
pub(crate) mod find;
pub(crate) mod gpu;
pub(crate) mod gpu_params;
pub(crate) mod gpu_variant;
pub(crate) mod halves;
pub(crate) mod lookup;
pub(crate) mod op;
