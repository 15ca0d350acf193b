//! The CPU engine's half of `searchsorted`: values shared out over all cores. How they are found says
//! [`find`](crate::kernels::search::find).

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::kernels::search::axis::{first_not_descending, first_out_of_order};
use crate::kernels::search::find::{ByKey, Count};
use crate::kernels::search::op::{PrepareKnots, Search};

/// Values that one task looks up.
const QUERIES_PER_TASK: usize = 16 << 10;

pub(crate) fn search<T: Float>(search: &Search) -> Result<()> {
    let axis = &search.axis;
    let (keys, x) = (axis.keys.host::<T::Key>()?.snapshot(), search.x.host::<T>()?.snapshot());
    let index = axis.index_for::<T>(search.total, &keys).and_then(|tables| tables.first());
    let order = ByKey::new(search.left);
    search.output.host::<u32>()?.write(|output| {
        parallel_for(output.chunks_mut(QUERIES_PER_TASK).zip(x.chunks(QUERIES_PER_TASK)), |(output, x)| {
            T::vectorize(Count { order, knots: &keys[..], index, x, counts: &mut *output });
            if search.flip {
                output.iter_mut().for_each(|count| *count = axis.knots as u32 - *count);
            }
        });
    })
}

/// Keys of knots, and whether they are in order.
pub(crate) fn prepare_knots<T: Float>(op: &PrepareKnots) -> Result<()> {
    let xp = op.xp.host::<T>()?.snapshot();
    let first_wrong = if op.order.is_some() { first_not_descending } else { first_out_of_order };
    if let Some(check) = &op.check
        && let Some(index) = first_wrong(&xp, op.knots)
    {
        check.flag(index);
    }
    op.keys.host::<T::Key>()?.write(|keys| {
        parallel_for(keys.chunks_mut(QUERIES_PER_TASK).zip(xp.chunks(QUERIES_PER_TASK)), |(keys, xp)| {
            keys.iter_mut().zip(xp).for_each(|(key, &x)| *key = x.key());
        });
        if op.order.is_some() {
            parallel_for(keys.chunks_mut(op.knots), |table| table.reverse());
        }
    })?;
    let Some(order) = &op.order else { return Ok(()) };
    order.host::<u32>()?.write(|order| {
        parallel_for(order.chunks_mut(op.knots), |table| {
            table.iter_mut().rev().zip(0..).for_each(|(index, knot)| *index = knot);
        });
    })
}
