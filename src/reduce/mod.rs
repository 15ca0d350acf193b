//! Reductions along one axis, several, or all: sums, means, weighted sums and averages, as NumPy's `sum`, `mean` and
//! `average` have them.
//!
//! [`along`] holds the methods for one axis, [`over`] those for several and for everything. All of them come down to one
//! operation over an array seen as `[outer, len, inner]`, which `gpu` and `cpu` carry out.
//!
//! Sums are as exact as if added up in twice the precision and rounded once, whatever the length and the axis: f32 in
//! f64, or in compensated f32 where a GPU has no f64; f64 in compensated f64.

mod along;
mod cpu;
mod gpu;
mod operation;
mod over;
mod transpose;

#[cfg(test)]
pub(crate) fn kernels() -> Vec<crate::device::gpu::Kernel> {
    [gpu::kernels(), transpose::kernels()].concat()
}
