//! The CPU engine's half: runs of queries, shared out over all cores.

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::kernels::interp::cpu::PreparedQueries;
use crate::kernels::interp::op::modulo;
use crate::kernels::locate::op::Locate;

pub(crate) fn locate<T: Float>(op: &Locate) -> Result<()> {
    let args = &op.args;
    let queries = PreparedQueries::<T>::to_be_located(args)?;
    let at_once = queries.results_per_task();
    op.cells.host::<u32>()?.write(|cells| {
        parallel_for(cells.chunks_mut(at_once).enumerate(), |(task, cells)| {
            queries.find(task * at_once, cells);
        });
    })?;
    let (Some(wrapped), Some(period)) = (&op.wrapped, args.table.rules.of::<T>().period) else { return Ok(()) };
    let x = args.x.host::<T>()?.snapshot();
    wrapped.host::<T>()?.write(|wrapped| {
        parallel_for(wrapped.chunks_mut(at_once).zip(x.chunks(at_once)), |(wrapped, x)| {
            wrapped.iter_mut().zip(x).for_each(|(wrapped, &x)| *wrapped = modulo(x, period));
        });
    })
}
