//! How sums of `f32` are kept on a device: found out when it is opened.

use crate::engine::gpu::GpuContext;
use crate::engine::info::Accumulator;
use crate::error::Result;

/// The fastest of those that are exact here. On hardware that has both, `f64` against fused `f32` is measured: how
/// much slower `f64` is ranges from twice to 64 times, and whether memory hides it depends on the memory.
pub(crate) fn accumulator(context: &GpuContext) -> Result<Accumulator> {
    let info = context.info();
    match (info.supports_f64, info.fuses_f32) {
        (false, true) => Ok(Accumulator::FusedFloat32),
        (false, false) => Ok(Accumulator::SplitFloat32),
        #[cfg(not(target_arch = "wasm32"))]
        // Where there is no memory to measure in, there may be some to work in.
        (true, true) if info.kind.is_hardware_gpu() => {
            measured::faster(context).or_else(|_| context.health().map(|()| Accumulator::Float64))
        }
        (true, _) => Ok(Accumulator::Float64),
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod measured {
    use std::time::{Duration, Instant};

    use bytemuck::{Zeroable, bytes_of};

    use crate::engine::gpu::GpuContext;
    use crate::engine::gpu::binding::{Binding, Placeholder};
    use crate::engine::gpu::buffers::GpuBuffer;
    use crate::engine::gpu::encoder::Encoder;
    use crate::engine::info::Accumulator;
    use crate::error::Result;
    use crate::float::dtype::FloatType;
    use crate::kernels::reduce::gpu::launch::{LaunchConfig, Strategy};
    use crate::kernels::reduce::gpu::variant::{Ahead, ReduceKernel, ReduceParameters, StateKind};
    use crate::kernels::reduce::op::{AxisSplit, Reduction};

    /// 32 MB: what the caches of many GPUs hold, so that arithmetic shows, and enough to take longer than a launch.
    const ROWS: u64 = 8192;
    const COLUMNS: u64 = 1024;
    /// In a submission, so that waiting for it is a small part of the time.
    const DISPATCHES: usize = 16;
    const ROUNDS: usize = 3;
    /// `f64` is as good, and simpler, unless the other is faster by more than noise.
    const GAIN: f64 = 1.05;

    /// The arrays of a weighted sum of rows.
    struct Arrays {
        values: GpuBuffer,
        weights: GpuBuffer,
        output: GpuBuffer,
    }

    /// The one that sums the rows of an array in less time. Takes some milliseconds, and compiles two kernels that are
    /// kept.
    pub fn faster(context: &GpuContext) -> Result<Accumulator> {
        let bytes = |elements: u64| FloatType::F32.size() * elements;
        let arrays = Arrays {
            values: context.storage(bytes(ROWS * COLUMNS))?,
            weights: context.storage(bytes(COLUMNS))?,
            output: context.storage(bytes(ROWS))?,
        };
        let arms = [Accumulator::Float64, Accumulator::FusedFloat32];
        let mut fastest = [Duration::MAX; 2];
        for round in 0..=ROUNDS {
            for (accumulator, fastest) in arms.into_iter().zip(&mut fastest) {
                let took = arrays.time(context, accumulator)?;
                // In the first round kernels are compiled.
                if round > 0 {
                    *fastest = took.min(*fastest);
                }
            }
        }
        let [wide, fused] = fastest.map(|time| time.as_secs_f64());
        Ok(if wide > fused * GAIN { Accumulator::FusedFloat32 } else { Accumulator::Float64 })
    }

    impl Arrays {
        fn time(&self, context: &GpuContext, accumulator: Accumulator) -> Result<Duration> {
            let view = AxisSplit { outer: ROWS as usize, len: COLUMNS as usize, inner: 1 };
            let launch = LaunchConfig::choose(view, ROWS, COLUMNS, true, true);
            let bytes = |elements: u64| FloatType::F32.size() * elements;
            let kernel = ReduceKernel {
                element: FloatType::F32,
                sums: accumulator.into(),
                state: StateKind::Weighted,
                strategy: Strategy::LanesAlong,
                ahead: Ahead { weights_along: true, four_rows: launch.four_rows, by_four: true, ..Ahead::default() },
            };
            let parameters = ReduceParameters {
                outputs: ROWS as u32,
                inner: 1,
                reduce_len: COLUMNS as u32,
                parts: launch.parts as u32,
                part_len: launch.part_len as u32,
                row_stride: COLUMNS as u32,
                axis_stride: 1,
                reduction: Reduction::Sum as u32,
                single_pass: 1,
                weights_along: 1,
                lane_bits: launch.lane_bits,
                ..ReduceParameters::zeroed()
            };
            let bindings = [
                Binding::start(&self.values, bytes(ROWS * COLUMNS)),
                context.placeholder(Placeholder::Partials),
                Binding::start(&self.output, bytes(ROWS)),
                Binding::start(&self.weights, bytes(COLUMNS)),
                context.placeholder(Placeholder::WeightSums),
                context.placeholder(Placeholder::Checks),
            ];
            context.synchronize()?;
            let start = Instant::now();
            for _ in 0..DISPATCHES {
                Encoder::immediate(context).dispatch(kernel, bytes_of(&parameters), &bindings, launch.groups(ROWS))?;
            }
            context.synchronize()?;
            Ok(start.elapsed())
        }
    }
}
