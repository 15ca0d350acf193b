//! Reductions along one axis, several, or all: sums, means, weighted averages, variances, smallest and largest values, as
//! NumPy's functions of those names have them.
//!
//! [`along`] holds the methods for one axis, [`over`] those for several and for everything, [`average_or`] averages with a
//! value for lines whose weights sum to zero, [`skip_nan`] and [`skip_nan_over`] those that leave out NaN. All of them come
//! down to one operation over an array seen as `[outer, len, inner]`, which `gpu` and `cpu` carry out: the CPU engine by a
//! `fold` of one value at a time, or, for sums, averages and `extremes`, a vector at a time.
//!
//! Sums are as exact as if added up in twice the precision and rounded once, whatever the length and the axis: f32 in
//! f64, or in compensated f32 where a GPU has no f64; f64 in compensated f64.

mod along;
mod average_or;
mod columns;
mod cpu;
mod extremes;
mod fold;
pub(crate) mod gpu;
mod operation;
mod over;
mod rows;
mod skip_nan;
mod skip_nan_over;
mod standardize;
mod sums;
mod transpose;

pub(crate) use operation::{Output, Reduce, Weights};
pub use skip_nan::SkipNan;
pub(crate) use standardize::{Standardize, StandardizeRows};
pub(crate) use transpose::Transpose;

#[cfg(test)]
pub(crate) fn kernels() -> Vec<crate::device::gpu::Kernel> {
    [gpu::kernels(), standardize::kernels(), transpose::kernels()].concat()
}
