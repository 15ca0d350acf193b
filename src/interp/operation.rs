//! The operations of a table as values: each names its operands and its output.

use std::sync::Arc;

use super::table::InterpTable;
use super::{cpu, gpu};
use crate::device::Operation;
use crate::device::gpu::GpuContext;
use crate::device::host::HostPool;
use crate::device::storage::Storage;
use crate::element::Float;
use crate::error::Result;

/// Puts values and slopes beside the knots, into the table's segments.
pub(super) struct BuildSegments<T: Float> {
    pub table: InterpTable<T>,
    pub values: Storage<T>,
}

/// Looks queries up.
pub(super) struct Interp<T: Float> {
    pub table: InterpTable<T>,
    pub x: Storage<T>,
    pub output: Storage<T>,
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

    fn on_gpu(&self, context: &GpuContext) -> Result<()> {
        gpu::build_segments(self, context)
    }
}

impl<T: Float> Operation for Interp<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        cpu::interp(self)
    }

    fn on_gpu(&self, context: &GpuContext) -> Result<()> {
        gpu::interp(self, context)
    }
}
