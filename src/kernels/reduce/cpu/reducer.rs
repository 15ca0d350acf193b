//! The duties of a strategy, whatever it computes: partial results of a part of some outputs, their merging, and the
//! outputs made of them.

use std::ops::Range;

use crate::element::Float;
use crate::kernels::reduce::op::{AxisSplit, Weights};

/// The operands of a reduction.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a, T> {
    pub view: AxisSplit,
    pub values: &'a [T],
    pub weights: Weights<&'a [T]>,
}

/// Neighbouring outputs: those of several outer rows with all of the inner axis, or those of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub first_output: usize,
    pub outer: Range<usize>,
    pub inner: Range<usize>,
}

impl Block {
    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.outer.len() * self.inner.len()
    }
}

/// Partial results of neighbouring outputs.
pub(crate) trait Partials: Default + Send {
    /// Appends those of the next outputs.
    fn append(&mut self, next: Self);
}

impl<S: Send> Partials for Vec<S> {
    fn append(&mut self, next: Self) {
        self.extend(next);
    }
}

/// A way to reduce.
pub(crate) trait Reducer<T: Float>: Sync {
    /// The partial results of some outputs.
    type Partials: Partials;
    /// The type of an output.
    type Output: Send;

    /// The partial results of a block, from a part of the reduced axis.
    fn partials(&self, input: &Input<'_, T>, block: &Block, part: Range<usize>) -> Self::Partials;

    /// Merges those of a later part of the same outputs.
    fn merge(&self, partials: &mut Self::Partials, later: Self::Partials);

    /// Computes the outputs from complete results, and the sums of their weights where those are wanted.
    fn finalize(
        &self,
        partials: Self::Partials,
        first_output: usize,
        output: &mut [Self::Output],
        weight_sums: Option<&mut [T]>,
    );

    /// Computes the outputs of a block from the whole of the reduced axis.
    fn reduce(&self, input: &Input<'_, T>, block: &Block, output: &mut [Self::Output], weight_sums: Option<&mut [T]>) {
        let partials = self.partials(input, block, 0..input.view.len);
        self.finalize(partials, block.first_output, output, weight_sums);
    }
}
