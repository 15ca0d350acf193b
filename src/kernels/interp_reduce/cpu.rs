//! The CPU engine's half: values are looked up a tile at a time, and reduced while they are in the cache.

use crate::element::Float;
use crate::error::Result;
use crate::kernels::interp::cpu::PreparedQueries;
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce;

pub(crate) fn interp_reduce<T: Float>(op: &InterpReduce) -> Result<()> {
    let queries = PreparedQueries::<T>::new(&op.args)?;
    reduce::cpu::reduce(&op.reduce, Some(&|first, values: &mut [T]| queries.fill(first, values)))
}
