//! What the kernels of sums have in common: the layouts of weights, how many partial sums run side by side, the sums
//! themselves, and what becomes of an average whose weights sum to zero.

use crate::element::Float;
use crate::engine::check::Check;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;

/// Partial sums that run side by side along a row, on every instruction set, so that results do not depend on it.
pub(crate) const LANES: usize = 16;

/// `Weights::None`, as the const parameter of a kernel, which cannot be an enum.
pub(crate) const NONE: u8 = 0;
/// `Weights::Shared`, likewise.
pub(crate) const SHARED: u8 = 1;
/// `Weights::PerElement`, likewise.
pub(crate) const PER_ELEMENT: u8 = 2;

/// For each output the sum of its values or products, and, where they are summed as well, that of its weights.
pub(crate) struct Totals<T: Float> {
    pub products: Vec<Sum<T>>,
    pub weights: Vec<Sum<T>>,
}

impl<T: Float> Default for Totals<T> {
    fn default() -> Self {
        Self { products: Vec::new(), weights: Vec::new() }
    }
}

impl<T: Float> Totals<T> {
    /// Room for the sums of some outputs.
    pub fn with_capacity(outputs: usize, sums_weights: bool) -> Self {
        let weights = if sums_weights { outputs } else { 0 };
        Self { products: Vec::with_capacity(outputs), weights: Vec::with_capacity(weights) }
    }

    /// Adds the sums of later parts of the same outputs.
    pub fn merge(&mut self, later: Self) {
        self.products.iter_mut().zip(later.products).for_each(|(sum, later)| sum.merge(later));
        self.weights.iter_mut().zip(later.weights).for_each(|(sum, later)| sum.merge(later));
    }
}

/// What becomes of averages whose weights sum to zero.
#[derive(Clone, Copy)]
pub(crate) enum ZeroWeights<'a, T> {
    /// An error, which the check reports later; without one nothing.
    Flag(Option<&'a Check>),
    /// This value in place of the quotient.
    Fill(T),
}

impl<T> ZeroWeights<'_, T> {
    /// Reports an output, if that is what becomes of it.
    pub fn flag(&self, output: usize) {
        if let Self::Flag(Some(check)) = self {
            check.flag(output);
        }
    }
}
