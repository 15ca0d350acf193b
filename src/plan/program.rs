//! [`Program`]: operations made ready for an engine. On a GPU their kernels are compiled, buffers bound and grids known, so
//! that a replay only encodes them; the CPU engine calls them one after another.

use std::sync::Arc;

use crate::device::Device;
use crate::device::recorder::Recording;
use crate::engine::Engine;
use crate::engine::check::{Check, Findings, Outcome, PASSED};
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::{Commands, Kept};
use crate::engine::gpu::queue::CheckedWords;
use crate::engine::host::memory::HostPool;
use crate::engine::storage::MemoryId;
use crate::engine::storage::Use;
use crate::error::Result;
use crate::kernels::footprint::Operation;
use crate::plan::fusion::{Planned, fuse};

/// What a replay runs.
pub(crate) struct Program {
    // Also where the commands of a GPU are at hand: the operations own the memory that those use.
    operations: Vec<Box<dyn Operation>>,
    steps: Vec<Step>,
    checks: Vec<Arc<Check>>,
    words: Option<wgpu::Buffer>,
    /// The commands of a GPU.
    kept: Kept,
}

/// One operation, for people to read.
pub(crate) struct Step {
    pub name: String,
    pub passes: usize,
    pub reads: u64,
    pub writes: u64,
    /// How many other operations it took in.
    pub fused: usize,
    /// The bytes that are neither written nor read because of that.
    pub saved: u64,
}

impl Program {
    /// `needed` is the memory that others will look at.
    pub fn new(device: &Device, recording: Recording, needed: &[MemoryId]) -> Result<Self> {
        let Recording { operations, checks, words } = recording;
        let planned = fuse(device, operations, needed);
        let mut steps: Vec<Step> = planned.iter().map(Step::of).collect();
        let mut kept = Kept::default();
        if let Engine::Gpu(context) = device.engine() {
            let commands = Commands::to_keep(context);
            for (step, planned) in steps.iter_mut().zip(&planned) {
                let before = commands.kept();
                planned.operation.on_gpu(&commands)?;
                step.passes = commands.kept() - before;
            }
            kept = commands.into_kept();
        }
        let operations = planned.into_iter().map(|planned| planned.operation).collect();
        Ok(Self { operations, steps, checks, words, kept })
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The checks that each replay makes.
    pub fn checks(&self) -> &[Arc<Check>] {
        &self.checks
    }

    /// Gives what each check found, or where it will be.
    pub fn replay(&self, device: &Device) -> Result<Vec<Findings>> {
        match device.engine() {
            Engine::Cpu(pool) => self.on_cpu(pool),
            Engine::Gpu(context) => self.on_gpu(context),
        }
    }

    fn on_cpu(&self, pool: &Arc<HostPool>) -> Result<Vec<Findings>> {
        self.checks.iter().for_each(|check| check.forget());
        // Not from within the pool of threads: what is small runs right here, and going there would cost 10 µs.
        self.operations.iter().try_for_each(|operation| operation.on_cpu(pool))?;
        // What was found stays with what is made of the outputs, while the plan goes on to other data.
        Ok(self.checks.iter().map(|check| check.found()).collect())
    }

    fn on_gpu(&self, context: &GpuContext) -> Result<Vec<Findings>> {
        let Some(of_plan) = &self.words else {
            context.replay(&self.kept.dispatches, None)?;
            return Ok(Vec::new());
        };
        let count = self.checks.len() as u32;
        let (outside, index) = context.words(count)?;
        let words = CheckedWords { of_plan: of_plan.clone(), bytes: u64::from(count) * 4, outside, index };
        context.replay(&self.kept.dispatches, Some(&words))?;
        let outcome = |(number, check): (u32, &Arc<Check>)| {
            let outcome = Outcome::Word { buffer: words.outside.clone(), index: words.index + number };
            check.with_outcome(outcome).into()
        };
        Ok((0..).zip(&self.checks).map(outcome).collect())
    }
}

impl Step {
    fn of(planned: &Planned) -> Self {
        let account = &planned.account;
        let bytes = |uses: &[Use]| uses.iter().map(|one| one.bytes).sum();
        Self {
            passes: 1,
            reads: bytes(&account.reads),
            writes: bytes(&account.writes),
            name: account.name.clone(),
            fused: planned.fused,
            saved: planned.saved,
        }
    }
}

impl Check {
    /// Ready to be made again.
    fn forget(&self) {
        if let Outcome::Known(word) = self.outcome() {
            word.store(PASSED, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// What was found, if anything.
    fn found(&self) -> Findings {
        let Outcome::Known(word) = self.outcome() else { return Findings::default() };
        match word.load(std::sync::atomic::Ordering::Relaxed) {
            PASSED => Findings::default(),
            word => self.with_outcome(Outcome::Known(word.into())).into(),
        }
    }
}
