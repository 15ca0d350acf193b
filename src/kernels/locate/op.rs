//! Locating queries, as plain data.

use crate::engine::storage::Storage;
use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::InterpArgs;

/// Finds the segments of queries.
pub(crate) struct Locate {
    pub args: InterpArgs,
    /// The queries in the period, of a table that has one.
    pub wrapped: Option<Storage>,
    pub cells: Storage,
}

impl Locate {
    pub fn footprint(&self) -> Footprint {
        let Self { args, wrapped, cells } = self;
        let bytes = args.table.dtype.bytes(args.queries());
        let mut writes = vec![cells.access(4 * args.results() as u64)];
        writes.extend(wrapped.iter().map(|wrapped| wrapped.access(bytes)));
        Footprint { name: format!("cells of {} x {}", args.rows, args.columns), reads: args.reads(), writes }
    }
}
