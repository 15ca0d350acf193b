//! The operations of a table as values: each names its operands and its output.

use std::sync::Arc;

use crate::element::Float;
use crate::engine::gpu::encoder::Commands;
use crate::engine::host::memory::HostPool;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::interp::{cpu, gpu};
use crate::table::InterpTable;

/// Puts values and slopes beside the knots, into the table's segments.
pub(crate) struct BuildSegments<T: Float> {
    pub table: InterpTable<T>,
    pub values: Storage<T>,
}

/// Looks queries up.
pub(crate) struct Interp<T: Float> {
    pub lookups: Lookups<T>,
    pub output: Storage<T>,
}

/// What is looked up.
#[derive(Clone)]
pub(crate) struct Lookups<T: Float> {
    pub table: InterpTable<T>,
    pub x: Storage<T>,
    /// Rows of the output, a table each (or all of one table).
    pub rows: usize,
    /// Queries a row.
    pub columns: usize,
    /// Every row has the same queries, and `x` holds them once.
    pub shared_queries: bool,
}

impl<T: Float> Operation for BuildSegments<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        cpu::build_segments(self)
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        gpu::build_segments(self, commands)
    }

    fn account(&self) -> Account {
        let Self { table, values } = self;
        let cells = table.tables() * table.axis().knots;
        Account {
            name: format!("table of {} x {} knots", table.tables(), table.knots()),
            reads: vec![
                table.axis().keys.used(table.axis().tables * table.axis().knots),
                values.used(table.tables() * table.knots()),
            ],
            writes: vec![table.segments().used(4 * cells)],
        }
    }
}

impl<T: Float> Operation for Interp<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        cpu::interp(self)
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        gpu::interp(self, commands)
    }

    fn account(&self) -> Account {
        let Lookups { table, x, rows, columns, shared_queries } = &self.lookups;
        let queries = if *shared_queries { *columns } else { rows * columns };
        let mut reads = vec![x.used(queries), table.segments().used(4 * table.tables() * table.axis().knots)];
        reads.extend(table.axis().index.iter().map(|(starts, _)| starts.used(table.axis().buckets)));
        Account { name: format!("interp of {rows} x {columns}"), reads, writes: vec![self.output.used(rows * columns)] }
    }
}
