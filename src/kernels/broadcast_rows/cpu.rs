//! The CPU engine's half: runs of contiguous elements, in which either the row or the index along the axis stays.

use std::ops::Range;

use crate::element::Float;
use crate::engine::host::memory::{HostBuffer, Values};
use crate::engine::host::parallel::parallel_for;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::kernels::broadcast_rows::op::{BroadcastRows, Elements, RowFactors};
use crate::kernels::reduce::op::{AxisSplit, Weights};

/// Elements that one task writes: some tens of microseconds of work.
const ELEMENTS_PER_TASK: usize = 32 << 10;

/// Contiguous elements of one row, or of neighbouring rows at one index along the axis.
struct Run {
    elements: Range<usize>,
    rows: Range<usize>,
    along: Range<usize>,
}

pub(crate) fn broadcast_rows<T: Float>(op: &BroadcastRows) -> Result<()> {
    let factors = snapshot::<T>(&op.factors)?;
    let factors = &*factors;
    match &op.elements {
        Elements::Weights(weights) => {
            let weights = weights.try_map(|weights| weights.host::<T>().map(HostBuffer::snapshot))?;
            let weights = weights.try_map(|weights| Ok(&weights[..]))?;
            write_runs(op, |run, output| {
                let factors = &factors[run.rows.clone()];
                match weights {
                    Weights::None => fill(output, factors),
                    Weights::Shared(weights) => multiply(output, factors, &weights[run.along.clone()]),
                    Weights::PerElement(weights) => multiply(output, factors, &weights[run.elements.clone()]),
                }
            })
        }
        Elements::Deviations { values, means } => {
            let (values, means) = (snapshot::<T>(values)?, snapshot::<T>(means)?);
            let (values, means) = (&*values, &*means);
            write_runs(op, |run, output| {
                let rows = run.rows.clone();
                deviations(output, &factors[rows.clone()], &values[run.elements.clone()], &means[rows]);
            })
        }
        Elements::Residuals { values, means, scores, slopes } => {
            let (values, means) = (snapshot::<T>(values)?, snapshot::<T>(means)?);
            let (scores, slopes) = (snapshot::<T>(scores)?, snapshot::<T>(slopes)?);
            let (values, means, scores, slopes) = (&*values, &*means, &*scores, &*slopes);
            write_runs(op, |run, output| {
                let (rows, elements) = (run.rows.clone(), run.elements.clone());
                multiply(output, &slopes[rows.clone()], &scores[elements.clone()]);
                residuals(output, &factors[rows.clone()], &values[elements], &means[rows]);
            })
        }
    }
}

fn snapshot<T: Float>(storage: &Storage) -> Result<Values<T>> {
    Ok(storage.host::<T>()?.snapshot())
}

/// Writes the output a run at a time, on all cores.
fn write_runs<T: Float>(op: &BroadcastRows, write: impl Fn(&Run, &mut [T]) + Sync) -> Result<()> {
    let AxisSplit { outer, len, inner } = op.view;
    // Where every row is one element, all of them are neighbours.
    let inner = if len == 1 { outer * inner } else { inner };
    let longest = if inner == 1 { len } else { inner };
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(ELEMENTS_PER_TASK).enumerate(), |(task, mut rest)| {
            let mut first = task * ELEMENTS_PER_TASK;
            // Counted on from here: there may be as many runs as elements, and a division takes longer than one.
            let (number, mut start) = (first / longest, first % longest);
            let (mut outer, mut along) = if inner == 1 { (number, 0) } else { (number / len, number % len) };
            while !rest.is_empty() {
                let count = (longest - start).min(rest.len());
                let (output, later) = rest.split_at_mut(count);
                let elements = first..first + count;
                let run = if inner == 1 {
                    Run { elements, rows: outer..outer + 1, along: start..start + count }
                } else {
                    let row = outer * inner + start;
                    Run { elements, rows: row..row + count, along: along..along + 1 }
                };
                write(&run, output);
                along += 1;
                if inner == 1 || along == len {
                    (outer, along) = (outer + 1, 0);
                }
                (first, start, rest) = (first + count, 0, later);
            }
        });
    })
}

// Of one row there is one number, of neighbouring rows one for each element; of weights likewise.

fn fill<T: Float>(output: &mut [T], factors: &[T]) {
    match factors {
        &[factor] => output.fill(factor),
        _ => output.copy_from_slice(factors),
    }
}

fn multiply<T: Float>(output: &mut [T], factors: &[T], weights: &[T]) {
    match (factors, weights) {
        (&[same], each) | (each, &[same]) => {
            output.iter_mut().zip(each).for_each(|(output, &each)| *output = same * each);
        }
        _ => {
            let pairs = factors.iter().zip(weights);
            output.iter_mut().zip(pairs).for_each(|(output, (&factor, &weight))| *output = factor * weight);
        }
    }
}

fn deviations<T: Float>(output: &mut [T], factors: &[T], values: &[T], means: &[T]) {
    let values = output.iter_mut().zip(values);
    match (factors, means) {
        (&[factor], &[mean]) => values.for_each(|(output, &value)| *output = factor * (value - mean)),
        _ => {
            let rows = factors.iter().zip(means);
            values.zip(rows).for_each(|((output, &value), (&factor, &mean))| *output = factor * (value - mean));
        }
    }
}

/// The output has what the slopes make of the scores.
fn residuals<T: Float>(output: &mut [T], factors: &[T], values: &[T], means: &[T]) {
    let values = output.iter_mut().zip(values);
    match (factors, means) {
        (&[factor], &[mean]) => values.for_each(|(output, &value)| *output = factor * ((value - mean) - *output)),
        _ => {
            let rows = factors.iter().zip(means);
            values.zip(rows).for_each(|((output, &value), (&factor, &mean))| {
                *output = factor * ((value - mean) - *output);
            });
        }
    }
}

pub(crate) fn row_factors<T: Float>(op: &RowFactors) -> Result<()> {
    let [numerators, divisors] = op.quotients.operands().map(|operand| operand.map(snapshot::<T>).transpose());
    let (numerators, divisors) = (numerators?, divisors?);
    let (numerators, divisors) = (numerators.as_deref(), divisors.as_deref());
    let (scale, count, where_zero) = (T::narrow(op.scale), T::narrow(op.count), op.quotients.where_zero());
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(ELEMENTS_PER_TASK).enumerate(), |(task, factors)| {
            let rows = task * ELEMENTS_PER_TASK..task * ELEMENTS_PER_TASK + factors.len();
            factors.fill(scale);
            if let Some(numerators) = numerators {
                factors.iter_mut().zip(&numerators[rows.clone()]).for_each(|(factor, &one)| *factor = *factor * one);
            }
            if let Some(divisors) = divisors {
                factors.iter_mut().zip(&divisors[rows.clone()]).for_each(|(factor, &one)| *factor = *factor / one);
            }
            factors.iter_mut().for_each(|factor| *factor = *factor / count);
            if let (Some(divisors), Some(where_zero)) = (divisors, where_zero.map(T::narrow)) {
                let zeros = factors.iter_mut().zip(&divisors[rows]).filter(|(_, divisor)| divisor.is_zero());
                zeros.for_each(|(factor, _)| *factor = where_zero);
            }
        });
    })
}
