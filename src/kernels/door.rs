//! The door between operations and engines: the only place outside of `engine/` where the kind of engine matters.
//!
//! Nothing here is generic, so everything that it reaches is compiled in this crate.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::check::{Check, Findings, Outcome, PASSED};
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::encoder::{Encoder, Recorded};
use crate::engine::gpu::queue::CheckedWords;
use crate::error::Result;
use crate::float::dtype::{FloatType, for_float};
use crate::float::scalar::FloatSlice;
use crate::index::gpu_index;
use crate::kernels::Op;
use crate::kernels::interp::op::{Interp, InterpArgs};
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::op::{AxisSplit, Reduce};
use crate::kernels::search::axis::{DeviceIndex, ForGpu, SortedAxis};
use crate::kernels::{adjoint, interp, interp_reduce, standardize};

/// Runs an operation now.
pub(crate) fn run(engine: &Engine, op: &Op) -> Result<()> {
    match engine {
        Engine::Cpu(_) => op.run(),
        Engine::Gpu(context) => op.encode(&Encoder::immediate(context)),
    }
}

/// Prepares host knots, `knots` of them per table, with the index by which the engine searches: for tables, or for
/// searches alone. The bytes uploaded are added to `moved`.
pub(crate) fn sorted_axis(
    engine: &Engine,
    xp: FloatSlice<'_>,
    knots: usize,
    of_tables: bool,
    moved: &mut u64,
) -> Result<SortedAxis> {
    let on_gpu = match engine {
        Engine::Cpu(_) => None,
        Engine::Gpu(context) => {
            let info = context.info();
            let walks = of_tables && info.kernels_for.is_hardware_gpu();
            Some(ForGpu { largest: info.limits.max_binding_bytes, walks })
        }
    };
    match xp {
        FloatSlice::F32(xp) => SortedAxis::from_host(engine, xp, knots, on_gpu, moved),
        FloatSlice::F64(xp) => SortedAxis::from_host(engine, xp, knots, on_gpu, moved),
    }
}

/// How many buckets the engine is to make of knots that only it has, so that a search in tables of so many cells is
/// shorter. `None` where it finds knots without (segments in constants), where there is no room, and on the CPU engine,
/// which looks at its knots when there were queries enough.
pub(crate) fn buckets_on_device(
    engine: &Engine,
    dtype: FloatType,
    [tables, knots]: [usize; 2],
    cells: usize,
) -> Option<usize> {
    let Engine::Gpu(context) = engine else { return None };
    let buckets = gpu_index::buckets_on_device(tables, knots)?;
    let bytes = 4 * DeviceIndex::starts_len(tables, buckets) as u64;
    let fits = bytes <= context.info().limits.max_binding_bytes;
    (fits && !interp::gpu::device_caps(dtype, cells, context).is_uniform()).then_some(buckets)
}

/// The number of elements in the engine's tables: `(to allocate, in use)`.
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

/// How much memory of its own an adjoint of interpolation needs, in f64, on an engine that does not take it by itself.
pub(crate) fn adjoint_scratch_len(engine: &Engine, args: &InterpArgs, sets: usize) -> Option<usize> {
    match engine {
        Engine::Cpu(_) => Some(for_float!(args.table.dtype, T => adjoint::cpu::scratch_len::<T>(args, sets))),
        Engine::Gpu(_) => None,
    }
}

/// Whether rows of an array can be standardized in one pass that reads each once.
pub(crate) fn standardizes_rows(engine: &Engine, dtype: FloatType, view: AxisSplit) -> bool {
    let longest = match engine {
        Engine::Cpu(_) => standardize::cpu::ELEMENTS_PER_TASK,
        Engine::Gpu(context) => standardize::gpu::longest_row(context, dtype),
    };
    view.inner == 1 && (1..=longest).contains(&view.len) && view.outer > 0
}

/// Fuses two operations, if they match and the second is the only user of the first one's values.
pub(crate) fn fuse(engine: &Engine, first: &Op, second: &Op) -> Option<Op> {
    match (first, second) {
        (Op::Interp(interp), Op::Reduce(reduce)) => fuse_interp_reduce(engine, interp, reduce),
        (Op::BroadcastRows(rows), Op::Adjoint(adjoint)) => adjoint.of_rows(rows).map(Op::from),
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

/// Operations prepared for an engine. On a GPU their kernels are compiled, buffers bound and grids computed, so that a
/// replay only encodes them; the CPU engine runs them one after another.
pub(crate) struct PreparedOps {
    // Recorded for a GPU as well: the operations own the memory that its commands use.
    ops: Vec<Op>,
    recorded: Recorded,
}

impl PreparedOps {
    /// Also returns the number of passes of each operation.
    pub fn new(engine: &Engine, ops: Vec<Op>) -> Result<(Self, Vec<usize>)> {
        let Engine::Gpu(context) = engine else {
            let passes = vec![1; ops.len()];
            return Ok((Self { ops, recorded: Recorded::default() }, passes));
        };
        let encoder = Encoder::recording(context);
        let mut passes = Vec::with_capacity(ops.len());
        for op in &ops {
            let before = encoder.recorded();
            op.encode(&encoder)?;
            passes.push(encoder.recorded() - before);
        }
        Ok((Self { ops, recorded: encoder.into_recorded() }, passes))
    }

    /// Runs everything again. Returns the finding of each check, or where it will be; a GPU has their words in `words`.
    pub fn replay(
        &self,
        engine: &Engine,
        checks: &[Arc<Check>],
        words: Option<&wgpu::Buffer>,
    ) -> Result<Vec<Findings>> {
        match engine {
            Engine::Cpu(_) => {
                checks.iter().for_each(|check| check.reset());
                // Not inside the thread pool: small operations run on this thread, and a trip into the pool costs as
                // much as they do.
                self.ops.iter().try_for_each(Op::run)?;
                // The findings stay with results computed from the outputs, while the plan goes on to other data.
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
            context.replay(&self.recorded.dispatches, None)?;
            return Ok(Vec::new());
        };
        let count = checks.len() as u32;
        let (outside, index) = context.words(count)?;
        let words = CheckedWords { of_plan: of_plan.clone(), bytes: u64::from(count) * 4, outside, index };
        context.replay(&self.recorded.dispatches, Some(&words))?;
        let outcome = |(number, check): (u32, &Arc<Check>)| {
            let outcome = Outcome::Word { buffer: words.outside.clone(), index: words.index + number };
            check.with_outcome(outcome).into()
        };
        Ok((0..).zip(checks).map(outcome).collect())
    }
}

impl Check {
    /// Resets the check for another replay.
    fn reset(&self) {
        if let Outcome::Known(word) = self.outcome() {
            word.store(PASSED, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// The finding, if any.
    fn found(&self) -> Findings {
        let Outcome::Known(word) = self.outcome() else { return Findings::default() };
        match word.load(std::sync::atomic::Ordering::Relaxed) {
            PASSED => Findings::default(),
            word => self.with_outcome(Outcome::Known(word.into())).into(),
        }
    }
}
