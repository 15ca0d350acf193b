//! What wgpu alone takes for what ndgpu's GPU engine does around its kernels: dispatch, upload, readback.

use std::rc::Rc;

use bytemuck::cast_slice;
use ndgpu::wgpu;
use wgpu::BufferUsages as Usages;

use super::context::{Context, Kernel};
use crate::data::random;
use crate::outcome::{Outcome, told};
use crate::peers::arm::Arm;
use crate::protocol::Part;
use crate::workload::{DISPATCHES, Overhead, TRANSFER};

const TINY: &str = "
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;

    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if id.x < arrayLength(&x) { y[id.x] = 2.0 * x[id.x]; }
    }";

pub fn arms(context: &Rc<Context>, what: Overhead) -> Vec<Arm> {
    let name = "bare wgpu";
    let bytes = TRANSFER as u64;
    let ours = context.clone();
    let arm = match what {
        Overhead::Dispatch | Overhead::Dispatches => {
            let calls = if what == Overhead::Dispatch { 1 } else { DISPATCHES };
            let buffers = [0, 1].map(|_| context.empty(64 * 4, Usages::STORAGE));
            let kernel = Kernel::new(context, TINY, &buffers, 64);
            Arm::new(name, "encode, submit each, poll once").part(Part::Resident, move || {
                for _ in 0..calls {
                    ours.submit(std::slice::from_ref(&kernel));
                }
                ours.wait()
            })
        }
        Overhead::Upload => {
            let host = random::<f32>(TRANSFER / 4, 3, 0.0, 1.0);
            let buffer = context.empty(bytes, Usages::STORAGE | Usages::COPY_DST);
            Arm::new(name, "write_buffer to a reused buffer, submit, poll").part(Part::Resident, move || {
                ours.queue.write_buffer(&buffer, 0, cast_slice(host.as_slice().expect("contiguous")));
                ours.queue.submit([]);
                ours.wait()
            })
        }
        Overhead::Readback => {
            let host = random::<f32>(TRANSFER / 4, 3, 0.0, 1.0);
            let buffer = context.buffer(cast_slice(host.as_slice().expect("contiguous")), Usages::COPY_SRC);
            let staging = context.empty(bytes, Usages::MAP_READ | Usages::COPY_DST);
            Arm::new(name, "copy_buffer_to_buffer to a reused buffer, map, poll")
                .part(Part::Resident, move || copy_and_map(&ours, &buffer, &staging))
        }
        // Mapping in place is all there is to it; a bar in microseconds, not a comparison.
        Overhead::IntoReadback => return Vec::new(),
    };
    vec![arm]
}

fn copy_and_map(context: &Context, buffer: &wgpu::Buffer, staging: &wgpu::Buffer) -> Outcome<()> {
    let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 0, staging, 0, buffer.size());
    context.queue.submit([encoder.finish()]);
    staging.map_async(wgpu::MapMode::Read, .., |_| ());
    context.wait()?;
    std::hint::black_box(staging.get_mapped_range(..).map_err(told)?);
    staging.unmap();
    Ok(())
}
