//! What this device's memory can do at most: kernels that copy and that only read, and the device's own copy, at sizes
//! from what a cache holds to what none does. The kernels are this program's, on the device that ndgpu computes on.

use ndgpu::wgpu;
use wgpu::BufferUsages as Usages;

use crate::args::Args;
use crate::findings::{Ceiling, CeilingKind, Finding};
use crate::gpu::{self, Gpu};
use crate::measure::{Deadline, Times, once};
use crate::outcome::{Outcome, told};

/// Bytes of one buffer: multiples of what the groups of every variant take.
const SIZES: [u64; 6] = [1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20, 1 << 30];
const GROUP: u32 = 256;
const ROUNDS: usize = 7;

pub fn measure(args: &Args, tell: impl Fn(Finding)) -> Outcome<()> {
    let gpu = gpu::open(args.adapter.as_deref())?;
    let deadline = Deadline::after(args.seconds.unwrap_or(30.0));
    let limits = gpu.device.info().limits;
    // A software rasteriser moves a few bytes a nanosecond: a gigabyte would take all the time there is.
    let most = if gpu.is_software() { 64 << 20 } else { 1 << 30 };
    let most = limits.max_binding_bytes.min(limits.max_buffer_bytes).min(most);
    for bytes in SIZES.into_iter().filter(|&bytes| bytes <= most) {
        if let Err(reason) = of_size(&gpu, bytes, deadline, &tell) {
            tell(Finding::Problem(format!("buffers of {} MiB: {reason}", bytes >> 20)));
            if gpu::is_lost(&reason) {
                return Ok(());
            }
        }
        if deadline.is_over() {
            tell(Finding::Problem(format!("time was up after buffers of {} MiB", bytes >> 20)));
            break;
        }
    }
    Ok(())
}

fn of_size(gpu: &Gpu, bytes: u64, deadline: Deadline, tell: &impl Fn(Finding)) -> Outcome<()> {
    let source = gpu.buffer(bytes, Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST)?;
    let target = gpu.buffer(bytes, Usages::STORAGE | Usages::COPY_SRC | Usages::COPY_DST)?;
    let fill = Kernel::new(gpu, &fill_source(), std::slice::from_ref(&source), bytes, 1);
    run(gpu, &Work::Kernel(&fill), 1)?;
    let pair = [source.clone(), target.clone()];
    for loads in [1, 4] {
        let kernel = Kernel::new(gpu, &copy_source(loads), &pair, bytes, loads);
        let work = Work::Kernel(&kernel);
        let told = |wall, device| Ceiling {
            kind: CeilingKind::Copy,
            variant: format!("copy kernel, {loads} vec4 a thread"),
            buffer_bytes: bytes,
            moved_bytes: 2 * bytes,
            wall,
            device,
        };
        run(gpu, &work, 1)?;
        same_ends(gpu, &source, &target, bytes)?;
        let (wall, device) = times(gpu, &work, deadline)?;
        tell(Finding::Ceiling(told(wall, device)));
    }
    for loads in [4, 16] {
        let kernel = Kernel::new(gpu, &read_source(loads), &pair, bytes, loads);
        let (wall, device) = times(gpu, &Work::Kernel(&kernel), deadline)?;
        tell(Finding::Ceiling(Ceiling {
            kind: CeilingKind::Read,
            variant: format!("read kernel, {loads} vec4 a thread"),
            buffer_bytes: bytes,
            moved_bytes: bytes,
            wall,
            device,
        }));
    }
    let (wall, device) = times(gpu, &Work::Copy(&source, &target, bytes), deadline)?;
    tell(Finding::Ceiling(Ceiling {
        kind: CeilingKind::BufferCopy,
        variant: "copy_buffer_to_buffer".into(),
        buffer_bytes: bytes,
        moved_bytes: 2 * bytes,
        wall,
        device,
    }));
    // Now, not when some later submission notices.
    source.destroy();
    target.destroy();
    Ok(())
}

/// Values that no two words in a row share.
fn fill_source() -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> target_: array<vec4<u32>>;
        {MAIN} {{
            let place = (id.y * groups.x + id.x) * {GROUP}u + local.x;
            let word = 4u * place * 2654435769u;
            if place < arrayLength(&target_) {{ target_[place] = vec4(word, word ^ 7u, word ^ 77u, word ^ 777u); }}
        }}"
    )
}

const MAIN: &str = "
    @compute @workgroup_size(256)
    fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>)";

/// Neighbouring invocations load neighbouring vectors; loads are written out, since wgpu counts every loop's turns.
fn copy_source(loads: u32) -> String {
    let load = |step| format!("let v{step} = source[base + {}u];", step * GROUP);
    let store = |step| format!("target_[base + {}u] = v{step};", step * GROUP);
    let body: Vec<_> = (0..loads).map(load).chain((0..loads).map(store)).collect();
    format!(
        "@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
        @group(0) @binding(1) var<storage, read_write> target_: array<vec4<u32>>;
        {MAIN} {{
            let base = (id.y * groups.x + id.x) * {}u + local.x;
            if base >= arrayLength(&source) {{ return; }}
            {}
        }}",
        loads * GROUP,
        body.join("\n")
    )
}

/// A store that no sum asks for, and that no compiler knows to be none.
fn read_source(loads: u32) -> String {
    let load = |step| format!("let v{step} = source[base + {}u];", step * GROUP);
    let body: Vec<_> = (0..loads).map(load).collect();
    let sum: Vec<_> = (0..loads).map(|step| format!("v{step}")).collect();
    format!(
        "@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
        @group(0) @binding(1) var<storage, read_write> target_: array<vec4<u32>>;
        {MAIN} {{
            let base = (id.y * groups.x + id.x) * {}u + local.x;
            if base >= arrayLength(&source) {{ return; }}
            {}
            let sum = {};
            if all(sum == vec4(1u, 2u, 3u, 4u)) {{ target_[base] = sum; }}
        }}",
        loads * GROUP,
        body.join("\n"),
        sum.join(" + ")
    )
}

struct Kernel {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 2],
}

impl Kernel {
    fn new(gpu: &Gpu, source: &str, buffers: &[wgpu::Buffer], bytes: u64, loads: u32) -> Self {
        let module = gpu.raw.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = gpu.raw.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let entry = |(place, buffer): (usize, &wgpu::Buffer)| (place as u32, buffer.clone());
        let bound: Vec<_> = buffers.iter().enumerate().map(entry).collect();
        let entries: Vec<_> = bound
            .iter()
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding: *binding, resource: buffer.as_entire_binding() })
            .collect();
        let bindings = gpu.raw.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let groups = bytes.div_ceil(16 * u64::from(GROUP) * u64::from(loads)) as u32;
        let across = groups.min(gpu.device.info().limits.max_workgroups_per_dimension);
        Self { pipeline, bindings, groups: [across, groups.div_ceil(across)] }
    }
}

enum Work<'a> {
    Kernel(&'a Kernel),
    Copy(&'a wgpu::Buffer, &'a wgpu::Buffer, u64),
}

/// Timestamps around commands, where the device has them, and where they are read.
struct Stamps {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    landed: wgpu::Buffer,
    /// Seconds.
    tick: f64,
}

impl Stamps {
    fn new(gpu: &Gpu, work: &Work<'_>) -> Outcome<Option<Self>> {
        let needed = match work {
            Work::Kernel(_) => wgpu::Features::TIMESTAMP_QUERY,
            Work::Copy(..) => wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS,
        };
        if !gpu.raw.features().contains(needed) {
            return Ok(None);
        }
        let set = gpu.raw.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2,
        });
        Ok(Some(Self {
            set,
            resolved: gpu.buffer(256, Usages::QUERY_RESOLVE | Usages::COPY_SRC)?,
            landed: gpu.buffer(256, Usages::MAP_READ | Usages::COPY_DST)?,
            tick: f64::from(gpu.queue.get_timestamp_period()) * 1e-9,
        }))
    }

    /// What lies between both stamps, in seconds.
    fn read(&self, gpu: &Gpu) -> Outcome<f64> {
        self.landed.map_async(wgpu::MapMode::Read, .., |_| ());
        gpu.wait()?;
        let mapped = self.landed.get_mapped_range(0..16).map_err(told)?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&mapped);
        drop(mapped);
        self.landed.unmap();
        Ok(ticks[1].saturating_sub(ticks[0]) as f64 * self.tick)
    }
}

/// So many times in one submission, and waits.
fn run(gpu: &Gpu, work: &Work<'_>, times: usize) -> Outcome<()> {
    submit(gpu, work, times, None);
    gpu.wait()
}

fn submit(gpu: &Gpu, work: &Work<'_>, times: usize, stamps: Option<&Stamps>) {
    let mut encoder = gpu.raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    match work {
        Work::Kernel(kernel) => {
            let timestamp_writes = stamps.map(|stamps| wgpu::ComputePassTimestampWrites {
                query_set: &stamps.set,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
            pass.set_pipeline(&kernel.pipeline);
            pass.set_bind_group(0, &kernel.bindings, &[]);
            for _ in 0..times {
                pass.dispatch_workgroups(kernel.groups[0], kernel.groups[1], 1);
            }
        }
        Work::Copy(source, target, bytes) => {
            stamps.inspect(|stamps| encoder.write_timestamp(&stamps.set, 0));
            for _ in 0..times {
                encoder.copy_buffer_to_buffer(source, 0, target, 0, *bytes);
            }
            stamps.inspect(|stamps| encoder.write_timestamp(&stamps.set, 1));
        }
    }
    if let Some(stamps) = stamps {
        encoder.resolve_query_set(&stamps.set, 0..2, &stamps.resolved, 0);
        encoder.copy_buffer_to_buffer(&stamps.resolved, 0, &stamps.landed, 0, 16);
    }
    gpu.queue.submit([encoder.finish()]);
}

/// Seconds a dispatch: by the host's clock over many in one submission, and by the device's own.
fn times(gpu: &Gpu, work: &Work<'_>, deadline: Deadline) -> Outcome<(Times, Option<Times>)> {
    let stamps = Stamps::new(gpu, work)?;
    run(gpu, work, 1)?;
    let alone = once(|| run(gpu, work, 1))?;
    let few = (0.005 / alone).clamp(1.0, 50.0) as usize;
    let one = once(|| run(gpu, work, few))? / few as f64;
    let many = (0.02 / one).clamp(1.0, 1_000.0) as usize;
    let (mut by_host, mut by_device) = (Vec::new(), Vec::new());
    while by_host.len() < ROUNDS && (by_host.len() < 3 || !deadline.is_over()) {
        let seconds = once(|| {
            submit(gpu, work, many, stamps.as_ref());
            gpu.wait()
        })?;
        by_host.push(seconds / many as f64);
        if let Some(stamps) = &stamps {
            by_device.push(stamps.read(gpu)? / many as f64);
        }
    }
    let wall = Times::of(by_host, many).ok_or("nothing was measured")?;
    // A clock that stands still is none.
    let device = Times::of(by_device, many).filter(|times| times.median > 0.0);
    Ok((wall, device))
}

/// Fails unless both ends of the target are those of the source: a time for a copy that was none counts for nothing.
fn same_ends(gpu: &Gpu, source: &wgpu::Buffer, target: &wgpu::Buffer, bytes: u64) -> Outcome<()> {
    const END: u64 = 4096;
    let landed = gpu.buffer(4 * END, Usages::MAP_READ | Usages::COPY_DST)?;
    let mut encoder = gpu.raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    for (place, (buffer, from)) in
        [(source, 0), (source, bytes - END), (target, 0), (target, bytes - END)].into_iter().enumerate()
    {
        encoder.copy_buffer_to_buffer(buffer, from, &landed, place as u64 * END, END);
    }
    gpu.queue.submit([encoder.finish()]);
    landed.map_async(wgpu::MapMode::Read, .., |_| ());
    gpu.wait()?;
    let mapped = landed.get_mapped_range(..).map_err(told)?;
    let (from, to) = mapped.split_at(2 * END as usize);
    if from != to || from.iter().all(|&byte| byte == 0) {
        return Err("the kernel that copies does not copy".into());
    }
    Ok(())
}
