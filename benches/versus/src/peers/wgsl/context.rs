//! The little of wgpu that all arms on it need: a device, buffers, kernels, and an arm of them.

use std::rc::Rc;

use bytemuck::cast_slice;
use ndgpu::wgpu;
use wgpu::BufferUsages as Usages;

use crate::outcome::{Outcome, told};
use crate::peers::arm::{Arm, Values};
use crate::protocol::Part;

/// A device with its queue, and the little that the arms need of both.
pub struct Context {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

pub struct Kernel {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 2],
}

impl Kernel {
    pub fn new(context: &Context, source: &str, buffers: &[wgpu::Buffer], threads: usize) -> Self {
        let device = &context.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        let entries: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(place, buffer)| wgpu::BindGroupEntry { binding: place as u32, resource: buffer.as_entire_binding() })
            .collect();
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let groups = threads.div_ceil(64).max(1) as u32;
        // More than a dimension takes are folded into the second.
        let across = groups.min(device.limits().max_compute_workgroups_per_dimension);
        Self { pipeline, bindings, groups: [across, groups.div_ceil(across)] }
    }
}

impl Context {
    pub fn submit(&self, kernels: &[Kernel]) {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        for kernel in kernels {
            pass.set_pipeline(&kernel.pipeline);
            pass.set_bind_group(0, &kernel.bindings, &[]);
            pass.dispatch_workgroups(kernel.groups[0], kernel.groups[1], 1);
        }
        drop(pass);
        self.queue.submit([encoder.finish()]);
    }

    /// One after another in one submission, and waits for them.
    pub fn run(&self, kernels: &[Kernel]) -> Outcome<()> {
        self.submit(kernels);
        self.wait()
    }

    pub fn wait(&self) -> Outcome<()> {
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(told).map(drop)
    }

    pub fn empty(&self, bytes: u64, usage: Usages) -> wgpu::Buffer {
        let bytes = bytes.max(16);
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage,
            mapped_at_creation: false,
        })
    }

    pub fn buffer(&self, contents: &[u8], usage: Usages) -> wgpu::Buffer {
        let buffer = self.empty(contents.len() as u64, usage | Usages::COPY_DST);
        self.queue.write_buffer(&buffer, 0, contents);
        buffer
    }

    fn read(&self, buffer: &wgpu::Buffer) -> Outcome<Vec<f32>> {
        let staging = self.empty(buffer.size(), Usages::MAP_READ | Usages::COPY_DST);
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, buffer.size());
        self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |_| ());
        self.wait()?;
        Ok(cast_slice(&staging.get_mapped_range(..).map_err(told)?).to_vec())
    }
}

/// An arm that runs kernels, one after another in one submission, and has so many values in a buffer then.
pub fn by_kernels(context: &Rc<Context>, arm: Arm, kernels: Vec<Kernel>, output: wgpu::Buffer, len: usize) -> Arm {
    let own = context.clone();
    let compute = Rc::new(move || own.run(&kernels));
    let (own, first) = (context.clone(), compute.clone());
    arm.part(Part::Resident, move || compute()).result(move || {
        first()?;
        // Buffers are at least four values long.
        let mut values = own.read(&output)?;
        values.truncate(len);
        Ok(Values::F32(values))
    })
}
