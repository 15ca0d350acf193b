//! The CPU engine's half.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::kernels::reduce::cpu::statistics_of_rows;
use crate::kernels::reduce::op::AxisSplit;
use crate::kernels::standardize::op::{Standardize, StandardizeRows};

/// Elements that one task works on.
pub(crate) const ELEMENTS_PER_TASK: usize = 32 << 10;

pub(crate) fn standardize<T: Float>(op: &Standardize) -> Result<()> {
    let AxisSplit { len, inner, .. } = op.view;
    let values = op.values.host::<T>()?.snapshot();
    let (means, deviations) = (op.means.host::<T>()?.snapshot(), op.deviations.host::<T>()?.snapshot());
    let (values, means, deviations) = (&*values, &*means, &*deviations);
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(ELEMENTS_PER_TASK).enumerate(), |(task, chunk)| {
            let first = task * ELEMENTS_PER_TASK;
            for (index, target) in chunk.iter_mut().enumerate() {
                let element = first + index;
                let output = element / (len * inner) * inner + element % inner;
                let deviation = deviations[output];
                let standardized = (values[element] - means[output]) / deviation;
                // A constant row yields NaN: 0 would be indistinguishable from values equal to their mean.
                *target = if deviation.is_zero() { T::nan() } else { standardized };
            }
        });
    })
}

pub(crate) fn standardize_rows<T: Float>(op: &StandardizeRows) -> Result<()> {
    let values = op.values.host::<T>()?.snapshot();
    let (len, ddof) = (op.len, op.ddof);
    let at_once = (ELEMENTS_PER_TASK / len).max(1) * len;
    op.output.host::<T>()?.write(|output| {
        parallel_for(output.chunks_mut(at_once).zip(values.chunks(at_once)), |(output, values)| {
            let (means, deviations) = statistics_of_rows(values, len, ddof);
            let rows = output.chunks_exact_mut(len).zip(values.chunks_exact(len));
            for ((output, values), (mean, deviation)) in rows.zip(means.into_iter().zip(deviations)) {
                // A constant row yields NaN: 0 would be indistinguishable from values equal to their mean.
                let scale = if deviation.is_zero() { T::nan() } else { deviation };
                output.iter_mut().zip(values).for_each(|(output, &value)| *output = (value - mean) / scale);
            }
        });
    })
}
