//! A reduction as plain data.

use std::sync::Arc;

use crate::engine::check::Check;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::float::scalar::Scalar;
use crate::kernels::footprint::Footprint;

/// The split of an array into `[outer, len, inner]`, which is reduced along `len`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AxisSplit {
    pub outer: usize,
    pub len: usize,
    pub inner: usize,
}

impl AxisSplit {
    /// The number of outputs.
    pub fn outputs(self) -> usize {
        self.outer * self.inner
    }
}

/// The reduction of a row. Shaders have the numbers as `REDUCTION_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// The sum of the values, or of the products with the weights.
    Sum = 0,
    /// The sum divided by the count.
    Mean = 1,
    /// The sum of the products divided by the sum of the weights.
    Average = 2,
    /// The sum of the squared deviations from the mean, divided by the count less `ddof`.
    Var = 3,
    /// The square root of that.
    Std = 4,
    /// The smallest value.
    Min = 5,
    /// The largest value.
    Max = 6,
    /// The index of the smallest value.
    ArgMin = 7,
    /// The index of the largest value.
    ArgMax = 8,
}

impl Reduction {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Average => "average",
            Self::Var => "variance",
            Self::Std => "standard deviation",
            Self::Min => "minimum",
            Self::Max => "maximum",
            Self::ArgMin => "index of the minimum",
            Self::ArgMax => "index of the maximum",
        }
    }

    /// Whether smaller values win.
    pub fn is_min(self) -> bool {
        matches!(self, Self::Min | Self::ArgMin)
    }

    /// Whether a row without values has no result.
    pub fn needs_a_value(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::ArgMin | Self::ArgMax)
    }
}

/// Weights, if there are any: their memory, or for a kernel the numbers themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights<W = Storage> {
    None,
    /// One for each index along the axis, shared by all rows.
    Shared(W),
    /// One for each element.
    PerElement(W),
}

impl<W> Weights<W> {
    /// The same with what `to` makes of them.
    pub fn try_map<'a, U>(&'a self, to: impl FnOnce(&'a W) -> Result<U>) -> Result<Weights<U>> {
        Ok(match self {
            Self::None => Weights::None,
            Self::Shared(weights) => Weights::Shared(to(weights)?),
            Self::PerElement(weights) => Weights::PerElement(to(weights)?),
        })
    }
}

/// The memory of the outputs.
#[derive(Clone)]
pub(crate) enum Output {
    Values(Storage),
    /// Indices along the axis.
    Indices(Storage),
}

/// A reduction, ready to run.
#[derive(Clone)]
pub(crate) struct Reduce {
    pub dtype: FloatType,
    pub view: AxisSplit,
    pub values: Storage,
    pub weights: Weights,
    pub reduction: Reduction,
    /// Whether NaN values are skipped.
    pub skip_nan: bool,
    /// For variances: the number subtracted from the count.
    pub ddof: f64,
    /// For variances: the means of the rows.
    pub means: Option<Storage>,
    pub output: Output,
    /// The memory of the sums of weights, if they are requested.
    pub weight_sums: Option<Storage>,
    /// Records a sum of weights that is zero; present if and only if this is an average without a `fill`.
    pub check: Option<Arc<Check>>,
    /// For averages: the result where a sum of weights is zero.
    pub fill: Option<Scalar>,
}

impl Reduce {
    /// Whether this sums rows of an array, weighted or not, and reads it only once.
    pub fn sums_rows_of(&self, array: &Storage) -> bool {
        let is_sum = matches!(self.reduction, Reduction::Sum | Reduction::Mean | Reduction::Average);
        let weighs_itself = match &self.weights {
            Weights::None => false,
            Weights::Shared(weights) | Weights::PerElement(weights) => weights.id() == array.id(),
        };
        is_sum && self.view.inner == 1 && self.values.id() == array.id() && !weighs_itself
    }

    pub fn footprint(&self) -> Footprint {
        let Self { dtype, view, values, weights, means, output, weight_sums, .. } = self;
        let (elements, output_bytes) = (dtype.bytes(view.outputs() * view.len), dtype.bytes(view.outputs()));
        let mut reads = vec![values.access(elements)];
        match weights {
            Weights::None => {}
            Weights::Shared(weights) => reads.push(weights.access(dtype.bytes(view.len))),
            Weights::PerElement(weights) => reads.push(weights.access(elements)),
        }
        reads.extend(means.iter().map(|means| means.access(output_bytes)));
        let mut writes = vec![match output {
            Output::Values(output) => output.access(output_bytes),
            Output::Indices(output) => output.access(4 * view.outputs() as u64),
        }];
        writes.extend(weight_sums.iter().map(|sums| sums.access(output_bytes)));
        let AxisSplit { outer, len, inner } = view;
        Footprint {
            name: format!("{} of {outer} x {len} x {inner} along the middle", self.reduction.name()),
            reads,
            writes,
        }
    }
}
