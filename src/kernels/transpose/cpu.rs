//! The CPU engine's half: runs of the inner axes, copied by all cores.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::kernels::transpose::op::Transpose;

/// Elements that one task copies: some tens of microseconds of work.
const ELEMENTS_PER_TASK: usize = 32 << 10;

pub(crate) fn transpose<T: Float>(op: &Transpose) -> Result<()> {
    let Transpose { a, b, inner, .. } = *op;
    let source = op.source.host::<T>()?.snapshot();
    let source = &*source;
    let runs_per_task = (ELEMENTS_PER_TASK / inner).max(1);
    op.target.host::<T>()?.write(|target| {
        parallel_for(target.chunks_mut(runs_per_task * inner).enumerate(), |(task, runs)| {
            for (number, run) in runs.chunks_exact_mut(inner).enumerate() {
                let number = task * runs_per_task + number;
                let (slab, place) = (number / (a * b), number % (a * b));
                let from = (slab * a * b + place % a * b + place / a) * inner;
                run.copy_from_slice(&source[from..from + inner]);
            }
        });
    })
}
