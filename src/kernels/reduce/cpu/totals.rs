//! What the kernels of sums have in common: how weights are laid out, how many partial sums run side by side, and the
//! sums themselves.

use crate::element::Float;
use crate::float::Sum;
use crate::float::accumulator::Accumulate;

/// Partial sums that run side by side along a row, on every instruction set, so that results do not depend on it.
pub(crate) const LANES: usize = 16;

/// How values are weighted, with the weights themselves where it carries any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeightLayout<W = ()> {
    None,
    /// One weight for each index along the reduced axis, the same for every output.
    Shared(W),
    /// One weight for each value.
    PerElement(W),
}

/// [`WeightLayout::None`], as the parameter of a kernel.
pub(crate) const NONE: u8 = WeightLayout::<()>::None.number();
/// [`WeightLayout::Shared`], as the parameter of a kernel.
pub(crate) const SHARED: u8 = WeightLayout::Shared(()).number();
/// [`WeightLayout::PerElement`], as the parameter of a kernel.
pub(crate) const PER_ELEMENT: u8 = WeightLayout::PerElement(()).number();

impl<W> WeightLayout<W> {
    /// The layout as a number, which, unlike an enum, can be a const parameter.
    const fn number(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Shared(_) => 1,
            Self::PerElement(_) => 2,
        }
    }
}

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
