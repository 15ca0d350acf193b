//! What a call costs beside its work: submissions, dispatches, tiny operations, plans against eager calls.

use ndarray::{Array1, Array2, Axis, Ix1};
use ndgpu::{DeviceArray, InterpTable, PlanArrays, wgpu};

use crate::args::Args;
use crate::data::random;
use crate::findings::{Finding, Overhead};
use crate::gpu::{self, Gpu, sentence};
use crate::measure::{Deadline, Times, singly};
use crate::outcome::Outcome;

const GOES: usize = 60;
const MANY: usize = 100;

const TINY: &str = "
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) { x[id.x] = 2.0 * x[id.x]; }";

pub fn measure(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let gpu = gpu::open(args.adapter.as_deref())?;
    let deadline = Deadline::after(args.seconds.unwrap_or(20.0));
    let parts: [(&str, Part); 4] =
        [("bare wgpu", bare), ("tiny operations", tiny), ("compiling", compiling), ("plans", plans)];
    for (what, part) in parts {
        let tell = |what: &str, times, note: &str| {
            tell(Finding::Overhead(Overhead { what: what.into(), times, note: note.into() }));
        };
        if let Err(reason) = part(&gpu, deadline.sooner(6.0), &tell) {
            crate::findings::tell(Finding::Problem(format!("{what}: {reason}")));
        }
    }
    Ok(())
}

type Tell<'a> = &'a dyn Fn(&str, Times, &str);
type Part = fn(&Gpu, Deadline, Tell<'_>) -> Outcome<()>;

/// A share of what was measured together.
fn each(times: Times, count: usize) -> Times {
    let count = count as f64;
    Times {
        median: times.median / count,
        lower_quartile: times.lower_quartile / count,
        upper_quartile: times.upper_quartile / count,
        ..times
    }
}

fn bare(gpu: &Gpu, deadline: Deadline, tell: Tell<'_>) -> Outcome<()> {
    let empty = singly(deadline, GOES, || {
        gpu.queue.submit([]);
        gpu.wait()
    })?;
    tell("bare wgpu: an empty submission, and waiting", empty, "");
    let module = gpu.raw.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(TINY.into()),
    });
    let pipeline = gpu.raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let buffer = gpu.buffer(64 * 4, wgpu::BufferUsages::STORAGE)?;
    let bindings = gpu.raw.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() }],
    });
    let dispatch = |times: usize| {
        let mut encoder = gpu.raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        (0..times).for_each(|_| pass.dispatch_workgroups(1, 1, 1));
        drop(pass);
        gpu.queue.submit([encoder.finish()]);
    };
    let one = singly(deadline, GOES, || {
        dispatch(1);
        gpu.wait()
    })?;
    tell("bare wgpu: a dispatch, and waiting", one, "64 invocations");
    let submissions = singly(deadline, GOES / 2, || {
        (0..MANY).for_each(|_| dispatch(1));
        gpu.wait()
    })?;
    tell("bare wgpu: a dispatch of 100, each submitted, one wait", each(submissions, MANY), "a dispatch");
    let together = singly(deadline, GOES / 2, || {
        dispatch(MANY);
        gpu.wait()
    })?;
    tell("bare wgpu: a dispatch of 100 in one pass", each(together, MANY), "a dispatch; each waits for the one before");
    Ok(())
}

fn tiny(gpu: &Gpu, deadline: Deadline, tell: Tell<'_>) -> Outcome<()> {
    let device = &gpu.device;
    let wait = || device.synchronize().map_err(sentence);
    let a = device.upload(&Array2::<f32>::ones((4, 4))).map_err(sentence)?;
    let sum = || a.sum_axis(Axis(1)).map(drop).map_err(sentence);
    let one = singly(deadline, GOES, || {
        sum()?;
        wait()
    })?;
    tell("an operation on a tiny array, and waiting", one, "sum of 4 × 4");
    let many = singly(deadline, GOES / 2, || {
        (0..MANY).try_for_each(|_| sum())?;
        wait()
    })?;
    tell("an operation of 100 on a tiny array, one wait", each(many, MANY), "an operation");
    let landed = singly(deadline, GOES, || {
        let sums = a.sum_axis(Axis(1)).map_err(sentence)?;
        sums.into_readback().wait().map(drop).map_err(sentence)
    })?;
    tell("an operation on a tiny array, to the host", landed, "sum of 4 × 4, into_readback");
    let host = Array1::<f32>::ones(16);
    let round = singly(deadline, GOES, || {
        let x = device.upload(&host).map_err(sentence)?;
        x.sum().map_err(sentence)?.into_readback().wait().map(drop).map_err(sentence)
    })?;
    tell("16 values up, a sum, and back", round, "");
    Ok(())
}

/// A kernel that no section of this process has asked for yet; the driver may have kept it from an earlier run.
fn compiling(gpu: &Gpu, _: Deadline, tell: Tell<'_>) -> Outcome<()> {
    let device = &gpu.device;
    let a = device.upload(&random::<f32>(1_000, 5, 0.0, 1.0)).map_err(sentence)?;
    let start = std::time::Instant::now();
    a.argmax().map_err(sentence)?;
    device.synchronize().map_err(sentence)?;
    let first = Times::of(vec![start.elapsed().as_secs_f64()], 1).ok_or("nothing was measured")?;
    tell("the first call of an operation", first, "argmax: compiles its kernels, once a device");
    Ok(())
}

/// As in benches/plan.rs: ten operations on 1,000 elements, by calls and in a plan.
fn plans(gpu: &Gpu, deadline: Deadline, tell: Tell<'_>) -> Outcome<()> {
    let device = &gpu.device;
    let x = device.upload(&random::<f32>(1_000, 1, 0.0, 1.0)).map_err(sentence)?;
    let weights = device.upload(&random::<f32>(1_000, 2, 0.5, 1.0)).map_err(sentence)?;
    let knots = Array1::linspace(0.0_f32, 1.0, 64);
    let table = |seed| InterpTable::new(device, &knots, &random::<f32>(64, seed, 0.0, 1.0)).map_err(sentence);
    let tables = (0..5).map(|place| table(10 + place)).collect::<Outcome<Vec<_>>>()?;
    let chain = |x: &DeviceArray<f32, Ix1>| {
        let mut y = x.clone();
        for table in tables.iter().cycle().take(8) {
            y = table.interp(&y)?;
        }
        y.reshape((10, 100))?.standardize_axis(Axis(1), 0.0)?.max_axis(Axis(1))
    };
    let averages = |x: &DeviceArray<f32, Ix1>| {
        let average = |table: &InterpTable<f32>| table.interp(x)?.average(&weights);
        Ok((
            (average(&tables[0])?, average(&tables[1])?, average(&tables[2])?),
            (average(&tables[3])?, average(&tables[4])?),
        ))
    };
    against(gpu, deadline, "ten operations on 1,000 elements, one after another", &x, chain, tell)?;
    against(gpu, deadline, "five lookups of 1,000, each averaged", &x, averages, tell)
}

fn against<O: PlanArrays>(
    gpu: &Gpu,
    deadline: Deadline,
    what: &str,
    x: &DeviceArray<f32, Ix1>,
    compute: impl Fn(&DeviceArray<f32, Ix1>) -> ndgpu::Result<O>,
    tell: Tell<'_>,
) -> Outcome<()> {
    let wait = || gpu.device.synchronize().map_err(sentence);
    let mut plan = gpu.device.capture(x, &compute).map_err(sentence)?;
    let eager = singly(deadline, GOES, || {
        compute(x).map(drop).map_err(sentence)?;
        wait()
    })?;
    let replayed = singly(deadline, GOES, || {
        plan.replay().map(drop).map_err(sentence)?;
        wait()
    })?;
    tell(&format!("{what}: eager calls"), eager, "");
    let note = format!("{} kernels, {:.2} times as fast as eager", plan.passes(), eager.median / replayed.median);
    tell(&format!("{what}: a plan's replay"), replayed, &note);
    Ok(())
}
