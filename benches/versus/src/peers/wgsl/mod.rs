//! Bare wgpu on the adapter of ndgpu's GPU engine: a plain bisection, a thread a query, which is what one writes first;
//! averages in layouts made by hand; and as limits a kernel that copies as many bytes, and the adapter's own copy.

mod average;
mod context;
mod overhead;

use std::rc::Rc;

use bytemuck::cast_slice;
use ndgpu::wgpu;
use wgpu::BufferUsages as Usages;

use context::{Context, Kernel, by_kernels};

use super::adapter::{self, Options};
use super::arm::{Arm, Peer};
use super::inputs::{Matrix, Tables};
use crate::outcome::{Outcome, told};
use crate::protocol::{Part, Task};
use crate::workload::{Type, Workload};

const BISECTION: &str = "
    @group(0) @binding(0) var<storage, read> xp: array<f32>;
    @group(0) @binding(1) var<storage, read> fp: array<f32>;
    @group(0) @binding(2) var<storage, read> x: array<f32>;
    @group(0) @binding(3) var<storage, read_write> y: array<f32>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let query = id.y * groups.x * 64u + id.x;
        if query >= arrayLength(&x) { return; }
        let value = x[query];
        let last = arrayLength(&xp) - 1u;
        var low = 0u;
        var high = last;
        while low + 1u < high {
            let middle = (low + high) / 2u;
            if xp[middle] <= value { low = middle; } else { high = middle; }
        }
        let slope = (fp[low + 1u] - fp[low]) / (xp[low + 1u] - xp[low]);
        y[query] = slope * (value - xp[low]) + fp[low];
    }";

const COPY: &str = "
    @group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
    @group(0) @binding(1) var<storage, read_write> target_: array<vec4<f32>>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let place = id.y * groups.x * 64u + id.x;
        if place >= arrayLength(&source) { return; }
        target_[place] = source[place];
    }";

pub struct Wgsl {
    context: Rc<Context>,
    about: String,
}

impl Wgsl {
    pub fn open(options: &Options) -> Outcome<Self> {
        // Asked of ndgpu, so that both are on the same one.
        let wanted = adapter::open(options)?.info().clone();
        let backends = wgpu::Backends::from(wanted.backend.ok_or("there is no adapter")?);
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle().with_env();
        descriptor.backends = backends;
        let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
        let adapter = adapters.into_iter().find(|adapter| adapter.get_info().name == wanted.name);
        let adapter = adapter.ok_or("the adapter that ndgpu uses is not found again")?;
        let required_features = adapter.features() & wgpu::Features::SHADER_F64;
        let request =
            wgpu::DeviceDescriptor { required_features, required_limits: adapter.limits(), ..Default::default() };
        let (device, queue) = pollster::block_on(adapter.request_device(&request)).map_err(told)?;
        Ok(Self { context: Rc::new(Context { device, queue }), about: format!("wgpu 30 on {wanted}") })
    }
}

impl Peer for Wgsl {
    fn about(&self) -> String {
        self.about.clone()
    }

    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>> {
        let context = &self.context;
        match task.workload {
            Workload::Overhead { what } => Ok(overhead::arms(context, what)),
            workload if workload.ty() == Type::F64 => {
                Ok(vec![Arm::refusing("bisection kernel", "written for f32 only")])
            }
            Workload::Interp { tables, .. } if tables > 1 => {
                Ok(vec![Arm::refusing("bisection kernel", "written for one table")])
            }
            Workload::Interp { .. } => {
                let host = Tables::<f32>::load(task, 1)?;
                let x = host.x.as_slice().expect("contiguous");
                let mut arms = vec![bisection(context, &host)];
                arms.extend(copies(context, x));
                Ok(arms)
            }
            Workload::Average { full, axis, .. } => {
                let matrix = Matrix::<f32>::load(task, full)?;
                let mut arms = average::arms(context, &matrix, axis);
                arms.extend(copies(context, matrix.a.as_slice().expect("contiguous")));
                Ok(arms)
            }
        }
    }
}

fn bisection(context: &Rc<Context>, host: &Tables<f32>) -> Arm {
    let input = |values: &[f32]| context.buffer(cast_slice(values), Usages::STORAGE);
    let contiguous = |array: &ndarray::Array2<f32>| input(array.as_slice().expect("contiguous"));
    let output = context.empty(host.x.len() as u64 * 4, Usages::STORAGE | Usages::COPY_SRC);
    let buffers = [contiguous(&host.xp), contiguous(&host.fp), contiguous(&host.x), output];
    let kernel = Kernel::new(context, BISECTION, &buffers, host.x.len());
    let [.., output] = buffers;
    by_kernels(context, Arm::new("bisection kernel", "a thread a query, WGSL"), [kernel].into(), output, host.x.len())
}

/// A copy kernel and the adapter's own copy, from buffer to buffer.
fn copies(context: &Rc<Context>, values: &[f32]) -> [Arm; 2] {
    let bytes = values.len() as u64 * 4 / 16 * 16;
    let source = context.buffer(&cast_slice(values)[..bytes as usize], Usages::STORAGE | Usages::COPY_SRC);
    let target = context.empty(bytes, Usages::STORAGE | Usages::COPY_DST);
    let kernel = Kernel::new(context, COPY, &[source.clone(), target.clone()], values.len() / 4);
    let (by_kernel, by_command) = (context.clone(), context.clone());
    let moved = 2 * bytes as usize;
    [
        Arm::new("copy kernel", "vec4 a thread, WGSL")
            .floor(moved)
            .part(Part::Resident, move || by_kernel.run(std::slice::from_ref(&kernel))),
        Arm::new("buffer copy", "copy_buffer_to_buffer").floor(moved).part(Part::Resident, move || {
            let mut encoder = by_command.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(&source, 0, &target, 0, bytes);
            by_command.queue.submit([encoder.finish()]);
            by_command.wait()
        }),
    ]
}
