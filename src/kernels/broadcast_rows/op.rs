//! Factors of rows, and their products with elements, as plain data.

use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::kernels::footprint::Footprint;
use crate::kernels::reduce::op::{AxisSplit, Weights};

/// `output[o, k, i] = factors[o, i] * elements[o, k, i]` of an array split as `[outer, len, inner]`.
pub(crate) struct BroadcastRows {
    pub dtype: FloatType,
    pub view: AxisSplit,
    /// One for each row.
    pub factors: Storage,
    pub elements: Elements,
    pub output: Storage,
}

/// What the factor of a row is multiplied by.
pub(crate) enum Elements {
    /// The weights; ones if there are none.
    Weights(Weights),
    /// `values - means`, with a mean for each row.
    Deviations { values: Storage, means: Storage },
    /// `values - means - scores * slopes`, with a mean and a slope for each row.
    Residuals { values: Storage, means: Storage, scores: Storage, slopes: Storage },
}

/// `output[row] = scale * numerators[row] / divisors[row] / count`.
pub(crate) struct RowFactors {
    pub dtype: FloatType,
    pub rows: usize,
    pub quotients: Quotients,
    pub scale: f64,
    pub count: f64,
    pub output: Storage,
}

/// The numbers of rows that make their factors.
#[derive(Clone)]
pub(crate) enum Quotients {
    /// Nothing divides the numerators.
    Undivided(Storage),
    Of {
        numerators: Storage,
        divisors: Storage,
    },
    /// The same, but 0 where the divisor is.
    OrZero {
        numerators: Storage,
        divisors: Storage,
    },
    /// The numerators are ones; NaN where the divisor is 0.
    Reciprocals(Storage),
}

impl Quotients {
    /// Numerators and divisors, as far as there are any.
    pub fn operands(&self) -> [Option<&Storage>; 2] {
        match self {
            Self::Undivided(numerators) => [Some(numerators), None],
            Self::Of { numerators, divisors } | Self::OrZero { numerators, divisors } => {
                [Some(numerators), Some(divisors)]
            }
            Self::Reciprocals(divisors) => [None, Some(divisors)],
        }
    }

    /// The factor of a row whose divisor is 0, if it is not the quotient.
    pub fn where_zero(&self) -> Option<f64> {
        match self {
            Self::Undivided(_) | Self::Of { .. } => None,
            Self::OrZero { .. } => Some(0.0),
            Self::Reciprocals(_) => Some(f64::NAN),
        }
    }
}

impl BroadcastRows {
    pub fn footprint(&self) -> Footprint {
        let AxisSplit { outer, len, inner } = self.view;
        let elements = self.dtype.bytes(outer * len * inner);
        let rows = self.dtype.bytes(self.view.outputs());
        let mut reads = vec![self.factors.access(rows)];
        match &self.elements {
            Elements::Weights(Weights::None) => {}
            Elements::Weights(Weights::Shared(weights)) => reads.push(weights.access(self.dtype.bytes(len))),
            Elements::Weights(Weights::PerElement(weights)) => reads.push(weights.access(elements)),
            Elements::Deviations { values, means } => reads.extend([values.access(elements), means.access(rows)]),
            Elements::Residuals { values, means, scores, slopes } => reads.extend([
                values.access(elements),
                means.access(rows),
                scores.access(elements),
                slopes.access(rows),
            ]),
        }
        let of = match &self.elements {
            Elements::Weights(Weights::None) => "",
            Elements::Weights(_) => ", times weights",
            Elements::Deviations { .. } => ", times deviations",
            Elements::Residuals { .. } => ", times residuals",
        };
        Footprint {
            name: format!("factors of rows of {outer} x {len} x {inner} along the middle{of}"),
            reads,
            writes: vec![self.output.access(elements)],
        }
    }
}

impl RowFactors {
    pub fn footprint(&self) -> Footprint {
        let bytes = self.dtype.bytes(self.rows);
        let reads = self.quotients.operands().into_iter().flatten().map(|operand| operand.access(bytes)).collect();
        Footprint { name: format!("factors of {} rows", self.rows), reads, writes: vec![self.output.access(bytes)] }
    }
}
