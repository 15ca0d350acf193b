//! The door between operations and engines: the one place outside of `engine/` where it matters which engine there is.
//!
//! Nothing here is generic, so all that it reaches is compiled in this crate.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::check::{Check, Findings, Outcome, PASSED};
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::{Commands, Kept};
use crate::engine::gpu::queue::CheckedWords;
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::float::scalar::FloatSlice;
use crate::kernels::Op;
use crate::kernels::interp::op::Interp;
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::op::{Reduce, View};
use crate::kernels::search::axis::SortedAxis;
use crate::kernels::{interp, interp_reduce, standardize};

/// Runs an operation now.
pub(crate) fn run(engine: &Engine, op: &Op) -> Result<()> {
    match engine {
        Engine::Cpu(_) => op.run(),
        Engine::Gpu(context) => op.encode(&Commands::at_once(context)),
    }
}

/// Knots that the host has, `knots` of them a table, with the index that the engine searches by. What goes up is added to
/// `moved`, in bytes.
pub(crate) fn sorted_axis(engine: &Engine, xp: FloatSlice<'_>, knots: usize, moved: &mut u64) -> Result<SortedAxis> {
    let on_gpu = match engine {
        Engine::Cpu(_) => None,
        Engine::Gpu(context) => Some(context.info().limits.max_binding_bytes),
    };
    match xp {
        FloatSlice::F32(xp) => SortedAxis::from_host(engine, xp, knots, on_gpu, moved),
        FloatSlice::F64(xp) => SortedAxis::from_host(engine, xp, knots, on_gpu, moved),
    }
}

/// How many numbers the engine's tables take: `(to allocate, in use)`.
pub(crate) fn table_len(engine: &Engine, dtype: FloatType, tables: usize, knots: usize) -> (usize, usize) {
    match engine {
        Engine::Cpu(_) => {
            let len = interp::cpu::table_len(tables, knots);
            (len, len)
        }
        Engine::Gpu(context) => {
            let cells = tables * knots;
            (4 * interp::gpu::cells_to_allocate(context, dtype, cells), 4 * cells)
        }
    }
}

/// Whether rows of an array can be standardized in one pass, each read once.
pub(crate) fn standardizes_rows(engine: &Engine, dtype: FloatType, view: View) -> bool {
    let longest = match engine {
        Engine::Cpu(_) => standardize::cpu::ELEMENTS_PER_TASK,
        Engine::Gpu(context) => standardize::gpu::longest_row(context, dtype),
    };
    view.inner == 1 && (1..=longest).contains(&view.len) && view.outer > 0
}

/// Both operations in one, if they fit together and the second is all that needs the values of the first.
pub(crate) fn fuse(engine: &Engine, first: &Op, second: &Op) -> Option<Op> {
    match (first, second) {
        (Op::Interp(interp), Op::Reduce(reduce)) => fuse_interp_reduce(engine, interp, reduce),
        _ => None,
    }
}

fn fuse_interp_reduce(engine: &Engine, interp: &Interp, reduce: &Reduce) -> Option<Op> {
    let fused = InterpReduce::of(interp, reduce)?;
    let fits = match engine {
        Engine::Cpu(_) => true,
        Engine::Gpu(context) => interp_reduce::gpu::takes(&fused, context),
    };
    fits.then(|| fused.into())
}

/// Operations made ready for an engine. On a GPU their kernels are compiled, buffers bound and grids known, so that a replay
/// only encodes them; the CPU engine runs them one after another.
pub(crate) struct Program {
    // Also where the commands of a GPU are at hand: the operations own the memory that those use.
    ops: Vec<Op>,
    kept: Kept,
}

impl Program {
    /// Also how many passes each operation takes.
    pub fn new(engine: &Engine, ops: Vec<Op>) -> Result<(Self, Vec<usize>)> {
        let Engine::Gpu(context) = engine else {
            let passes = vec![1; ops.len()];
            return Ok((Self { ops, kept: Kept::default() }, passes));
        };
        let commands = Commands::to_keep(context);
        let mut passes = Vec::with_capacity(ops.len());
        for op in &ops {
            let before = commands.kept();
            op.encode(&commands)?;
            passes.push(commands.kept() - before);
        }
        Ok((Self { ops, kept: commands.into_kept() }, passes))
    }

    /// Runs everything again. Gives what each check found, or where that will be; a GPU has their words in `words`.
    pub fn replay(
        &self,
        engine: &Engine,
        checks: &[Arc<Check>],
        words: Option<&wgpu::Buffer>,
    ) -> Result<Vec<Findings>> {
        match engine {
            Engine::Cpu(_) => {
                checks.iter().for_each(|check| check.forget());
                // Not from within the pool of threads: what is small runs right here, and going there would cost 10 µs.
                self.ops.iter().try_for_each(Op::run)?;
                // What was found stays with what is made of the outputs, while the plan goes on to other data.
                Ok(checks.iter().map(|check| check.found()).collect())
            }
            Engine::Gpu(context) => self.encode_again(context, checks, words),
        }
    }

    fn encode_again(
        &self,
        context: &GpuContext,
        checks: &[Arc<Check>],
        words: Option<&wgpu::Buffer>,
    ) -> Result<Vec<Findings>> {
        let Some(of_plan) = words else {
            context.replay(&self.kept.dispatches, None)?;
            return Ok(Vec::new());
        };
        let count = checks.len() as u32;
        let (outside, index) = context.words(count)?;
        let words = CheckedWords { of_plan: of_plan.clone(), bytes: u64::from(count) * 4, outside, index };
        context.replay(&self.kept.dispatches, Some(&words))?;
        let outcome = |(number, check): (u32, &Arc<Check>)| {
            let outcome = Outcome::Word { buffer: words.outside.clone(), index: words.index + number };
            check.with_outcome(outcome).into()
        };
        Ok((0..).zip(checks).map(outcome).collect())
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
