//! Reductions, in every way: along an axis, over several, over everything, weighted, without NaN.

mod axes;
mod empty;
mod extremes;
mod filling;
mod lanes;
mod moments;
mod refusals;
mod skipping;
mod sums;
