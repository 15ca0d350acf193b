//! The CPU engine's half: reduces over all cores, a vector at a time where there is a kernel for that.
//!
//! An array is seen as `[outer, len, inner]` and reduced along `len`. Work is cut into blocks of neighbouring outputs
//! and, where outputs are few and long, into parts of `len`, whose partial results are merged. How it is cut depends on
//! the shape alone, so that results do not depend on the number of cores.
//!
//! ```text
//! inner > 1: columns                      inner == 1: contiguous rows
//!
//!              inner                                    len
//!        +---------+---------+                  +---------+---------+
//!        | part 0  | part 0  |                  | part 0  | part 1  |  outer 0   block 0
//!   len  +---------+---------+  outer 0         | part 0  | part 1  |  outer 1
//!        | part 1  | part 1  |                  +---------+---------+
//!        +---------+---------+                  | part 0  | part 1  |  outer 2   block 1
//!          block 0   block 1                    | part 0  | part 1  |  outer 3
//!        +---------+---------+                  +---------+---------+
//!        | part 0  | part 0  |
//!   len  +---------+---------+  outer 1         Several outer rows of columns make one block
//!        | part 1  | part 1  |                  where `inner` is small enough.
//!        +---------+---------+
//!          block 2   block 3
//! ```
//!
//! Modules import downwards only:
//!
//! ```text
//! mod              chooses the strategy
//! driver           tasks, merging, values produced on the fly       tiling: blocks and parts
//! sums             sums, means, averages                            region: which kernel sums what
//! extremes         minima, maxima and their indices                 extreme_kernels
//! fold             everything else, one value at a time             nan_sums, moments
//! rows, columns    kernels of sums
//! reducer          the trait of a strategy, and its operands
//! totals           sums, weight layouts
//! ```

mod columns;
mod driver;
mod extreme_kernels;
mod extremes;
mod fold;
mod moments;
mod nan_sums;
mod reducer;
mod region;
pub(crate) mod rows;
mod sums;
mod tiling;
pub(crate) mod totals;

use crate::element::Float;
use crate::engine::host::memory::{HostBuffer, Values};
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::Sum;
use crate::kernels::reduce::cpu::driver::{Job, Producer};
use crate::kernels::reduce::cpu::extremes::{ArgExtremes, Extremes};
use crate::kernels::reduce::cpu::fold::Generic;
use crate::kernels::reduce::cpu::moments::Moments;
use crate::kernels::reduce::cpu::nan_sums::{NanSum, NanWeightedSum};
use crate::kernels::reduce::cpu::reducer::{Block, Input, Reducer};
use crate::kernels::reduce::cpu::sums::Sums;
use crate::kernels::reduce::cpu::tiling::Tiling;
use crate::kernels::reduce::cpu::totals::{LANES, ZeroWeights};
use crate::kernels::reduce::op::{AxisSplit, Output, Reduce, Reduction, Weights};

/// How outputs are computed.
enum Strategy<'a, T: Float, const SKIP_NAN: bool> {
    /// By vectors of sums.
    Sums(Sums<'a, T>),
    /// By vector comparisons.
    Extremes(Extremes<SKIP_NAN>),
    ArgExtremes(ArgExtremes),
    /// One value at a time.
    NanSums(Generic<NanSum>),
    NanWeightedSums(Generic<NanWeightedSum<'a, T>>),
    Moments(Generic<Moments<'a, T, SKIP_NAN>>),
}

/// Reduces the operation's values, or those of a producer.
pub(crate) fn reduce<T: Float>(op: &Reduce, producer: Option<Producer<'_, T>>) -> Result<()> {
    if op.skip_nan { reduce_by::<T, true>(op, producer) } else { reduce_by::<T, false>(op, producer) }
}

fn reduce_by<T: Float, const SKIP_NAN: bool>(op: &Reduce, producer: Option<Producer<'_, T>>) -> Result<()> {
    let values = op.values.host::<T>()?.snapshot();
    let weights = op.weights.try_map(|weights| weights.host::<T>().map(HostBuffer::snapshot))?;
    let weights = weights.try_map(|weights| Ok(&weights[..]))?;
    let means = match &op.means {
        Some(means) => means.host::<T>()?.snapshot(),
        None => Values::default(),
    };
    let input = Input { view: op.view, values: &values, weights };
    match Strategy::<T, SKIP_NAN>::choose(op, weights, &means) {
        Strategy::Sums(sums) => run(op, Job { input, producer, reducer: &sums }),
        Strategy::Extremes(extremes) => run(op, Job { input, producer, reducer: &extremes }),
        Strategy::ArgExtremes(extremes) => run(op, Job { input, producer, reducer: &extremes }),
        Strategy::NanSums(fold) => run(op, Job { input, producer, reducer: &fold }),
        Strategy::NanWeightedSums(fold) => run(op, Job { input, producer, reducer: &fold }),
        Strategy::Moments(fold) => run(op, Job { input, producer, reducer: &fold }),
    }
}

impl<'a, T: Float, const SKIP_NAN: bool> Strategy<'a, T, SKIP_NAN> {
    fn choose(op: &'a Reduce, weights: Weights<&[T]>, means: &'a [T]) -> Self {
        let is_min = op.reduction.is_min();
        let average = op.reduction == Reduction::Average;
        let zero_weights = match op.fill {
            Some(fill) => ZeroWeights::Fill(fill.get()),
            None => ZeroWeights::Flag(op.check.as_deref()),
        };
        match (op.reduction, weights) {
            (Reduction::Var | Reduction::Std, _) => {
                Self::Moments(Generic(Moments { means, ddof: op.ddof, root: op.reduction == Reduction::Std }))
            }
            (Reduction::Min | Reduction::Max, _) => Self::Extremes(Extremes { is_min }),
            (Reduction::ArgMin | Reduction::ArgMax, _) => Self::ArgExtremes(ArgExtremes { is_min }),
            (Reduction::Sum | Reduction::Mean | Reduction::Average, Weights::None) => match op.reduction {
                _ if SKIP_NAN => Self::NanSums(Generic(NanSum { mean: op.reduction == Reduction::Mean })),
                Reduction::Mean => Self::Sums(Sums::Mean { count: op.view.len }),
                _ => Self::Sums(Sums::Sum),
            },
            (Reduction::Sum | Reduction::Mean | Reduction::Average, _) if SKIP_NAN => {
                Self::NanWeightedSums(Generic(NanWeightedSum { average, zero_weights }))
            }
            // The shared weights of many outputs are summed once, beforehand; those of a few with their values, so that
            // they are not read again.
            (Reduction::Sum | Reduction::Mean | Reduction::Average, Weights::Shared(weights))
                if op.view.outputs() > LANES =>
            {
                Self::Sums(Sums::SharedWeights { average, sum_of_weights: sum(weights), zero_weights })
            }
            (Reduction::Sum | Reduction::Mean | Reduction::Average, Weights::Shared(_) | Weights::PerElement(_)) => {
                Self::Sums(Sums::PerElementWeights { average, zero_weights })
            }
        }
    }
}

/// Runs a job whose outputs go where the operation says.
fn run<T, R>(op: &Reduce, job: Job<'_, T, R>) -> Result<()>
where
    T: Float,
    R: Reducer<T, Output: bytemuck::Pod + Send + Sync>,
{
    let output: &Storage = match &op.output {
        Output::Values(output) | Output::Indices(output) => output,
    };
    output.host::<R::Output>()?.write(|output| match &op.weight_sums {
        None => {
            job.run(output, None);
            Ok(())
        }
        Some(sums) => sums.host::<T>()?.write(|sums| job.run(output, Some(sums))),
    })?
}

/// The sum of a slice, over all cores.
fn sum<T: Float>(values: &[T]) -> Sum<T> {
    let view = AxisSplit { outer: 1, len: values.len(), inner: 1 };
    let input = Input { view, values, weights: Weights::None };
    let Tiling { blocks, parts } = Tiling::new(view, false);
    let job = Job { input, producer: None, reducer: &Sums::Sum };
    let totals = blocks.first().map(|block| job.partials(block, &parts));
    totals.and_then(|totals| totals.products.first().copied()).unwrap_or_default()
}

/// The means and standard deviations of contiguous rows, on the calling thread.
pub(crate) fn statistics_of_rows<T: Float>(values: &[T], len: usize, ddof: f64) -> (Vec<T>, Vec<T>) {
    let view = AxisSplit { outer: values.len() / len, len, inner: 1 };
    let input = Input { view, values, weights: Weights::None };
    let block = Block { first_output: 0, outer: 0..view.outer, inner: 0..1 };
    let (mut means, mut deviations) = (vec![T::zero(); view.outer], vec![T::zero(); view.outer]);
    Sums::Mean { count: len }.reduce(&input, &block, &mut means, None);
    Generic(Moments::<T, false> { means: &means, ddof, root: true }).reduce(&input, &block, &mut deviations, None);
    (means, deviations)
}
