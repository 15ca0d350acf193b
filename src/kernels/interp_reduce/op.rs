//! Sums, means and weighted averages of rows that are looked up when they are needed: a table's values go from where they
//! are computed straight into the sum, and never to memory.

use std::sync::Arc;

use crate::device::Device;
use crate::element::Float;
use crate::engine::Engine;
use crate::engine::gpu::encoder::Commands;
use crate::engine::host::memory::HostPool;
use crate::error::Result;
use crate::kernels::footprint::{Account, Operation};
use crate::kernels::interp::cpu::Looked;
use crate::kernels::interp::op::{Interp, Lookups};
use crate::kernels::interp_reduce::gpu;
use crate::kernels::reduce::op::Reduce;

/// An interpolation, and the reduction of each row of its values.
pub(crate) struct InterpReduce<T: Float> {
    lookups: Lookups<T>,
    reduce: Reduce<T>,
    account: Account,
}

impl<T: Float> InterpReduce<T> {
    /// Both in one, if they fit: the reduction takes rows of the values as they come, and takes them but once.
    pub fn of(device: &Device, interp: &Interp<T>, reduce: &Reduce<T>) -> Option<Self> {
        let mut lookups = interp.lookups.clone();
        // One row shares its queries with nobody.
        lookups.shared_queries &= lookups.rows > 1;
        let fits = match device.engine() {
            Engine::Cpu(_) => true,
            Engine::Gpu(context) => gpu::takes(&lookups, reduce, context),
        };
        if !fits || !reduce.sums_rows_of(&interp.output) {
            return None;
        }
        let (first, second) = (interp.account(), reduce.account());
        let others = second.reads.into_iter().filter(|read| read.memory != interp.output.id());
        let account = Account {
            name: format!("{}, {}", first.name, second.name),
            reads: first.reads.into_iter().chain(others).collect(),
            writes: second.writes,
        };
        // The memory of the values is let go: nobody will read them from there.
        let reduce = Reduce { values: lookups.x.clone(), ..reduce.clone() };
        Some(Self { lookups, reduce, account })
    }
}

impl<T: Float> Operation for InterpReduce<T> {
    fn on_cpu(&self, _: &Arc<HostPool>) -> Result<()> {
        let looked = Looked::up(&self.lookups)?;
        self.reduce.of_made(&|first, values| looked.fill(first, values))
    }

    fn on_gpu(&self, commands: &Commands<'_>) -> Result<()> {
        gpu::run(&self.lookups, &self.reduce, commands)
    }

    fn account(&self) -> Account {
        self.account.clone()
    }
}
