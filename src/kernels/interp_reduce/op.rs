//! Sums, means and weighted averages of interpolated rows, fused: a value goes from the lookup directly into the sum,
//! and never to memory.

use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::{Interp, InterpArgs};
use crate::kernels::reduce::op::Reduce;

/// An interpolation, and the reduction of each row of its values.
pub(crate) struct InterpReduce {
    pub args: InterpArgs,
    pub reduce: Reduce,
    footprint: Footprint,
}

impl InterpReduce {
    /// Fuses both, if the reduction reads rows of the values in their order, and only once.
    pub fn of(interp: &Interp, reduce: &Reduce) -> Option<Self> {
        if !reduce.sums_rows_of(&interp.output) {
            return None;
        }
        let mut args = interp.args.clone();
        // A single row shares its queries with no other.
        args.shared_queries &= args.rows > 1;
        let (first, second) = (interp.footprint(), reduce.footprint());
        let others = second.reads.into_iter().filter(|read| read.memory != interp.output.id());
        let footprint = Footprint {
            name: format!("{}, {}", first.name, second.name),
            reads: first.reads.into_iter().chain(others).collect(),
            writes: second.writes,
        };
        // The memory of the values is released: nothing reads them from there.
        let reduce = Reduce { values: args.x.clone(), ..reduce.clone() };
        Some(Self { args, reduce, footprint })
    }

    pub fn footprint(&self) -> Footprint {
        self.footprint.clone()
    }
}
