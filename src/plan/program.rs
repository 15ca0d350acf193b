//! [`Program`]: the operations of a plan, fused and prepared for the engine, with the cost of each.

use std::sync::Arc;

use crate::device::Device;
use crate::device::recorder::Recording;
use crate::engine::check::{Check, Findings};
use crate::engine::storage::{MemoryAccess, MemoryId};
use crate::error::Result;
use crate::kernels::door;
use crate::plan::fusion::{Planned, fuse};

/// The operations of a replay.
pub(crate) struct Program {
    ready: door::PreparedOps,
    steps: Vec<Step>,
    checks: Vec<Arc<Check>>,
    words: Option<wgpu::Buffer>,
}

/// One operation in human-readable form.
pub(crate) struct Step {
    pub name: String,
    pub passes: usize,
    pub reads: u64,
    pub writes: u64,
    /// The number of other operations fused into it.
    pub fused: usize,
    /// The bytes that the fusion saves writing and reading.
    pub saved: u64,
}

impl Program {
    /// `needed` is the memory that is read from outside.
    pub fn new(device: &Device, recording: Recording, needed: &[MemoryId]) -> Result<Self> {
        let Recording { ops, checks, words } = recording;
        let planned = fuse(device.engine(), ops, needed);
        let mut steps: Vec<Step> = planned.iter().map(Step::of).collect();
        let ops = planned.into_iter().map(|planned| planned.op).collect();
        let (ready, passes) = door::PreparedOps::new(device.engine(), ops)?;
        steps.iter_mut().zip(passes).for_each(|(step, passes)| step.passes = passes);
        Ok(Self { ready, steps, checks, words })
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The checks that each replay makes.
    pub fn checks(&self) -> &[Arc<Check>] {
        &self.checks
    }

    /// Returns the finding of each check, or where it will be.
    pub fn replay(&self, device: &Device) -> Result<Vec<Findings>> {
        self.ready.replay(device.engine(), &self.checks, self.words.as_ref())
    }
}

impl Step {
    fn of(planned: &Planned) -> Self {
        let footprint = &planned.footprint;
        let bytes = |uses: &[MemoryAccess]| uses.iter().map(|one| one.bytes).sum();
        Self {
            passes: 1,
            reads: bytes(&footprint.reads),
            writes: bytes(&footprint.writes),
            name: footprint.name.clone(),
            fused: planned.fused,
            saved: planned.saved,
        }
    }
}
