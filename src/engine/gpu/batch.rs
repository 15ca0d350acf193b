//! [`Batch`]: commands that are recorded and not yet submitted.

use std::sync::Arc;

use crate::engine::gpu::pending_map::PendingMap;
use crate::engine::gpu::pipelines::{ParametersIn, Pipeline};

/// The batch is submitted once this many bytes are bound to its commands.
const ENOUGH_BYTES: u64 = 8 << 20;
/// Room for the parameters of one dispatch in the uniform buffer.
pub(crate) const PARAMETER_BYTES: u32 = 256;
/// The batch is submitted once it has this many dispatches; the uniform buffer has room for as many.
const ENOUGH_DISPATCHES: u32 = 64;

/// A dispatch with everything it needs: replaying it takes nothing but recording it.
pub(crate) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    pub group: wgpu::BindGroup,
    /// Group 1, if the kernel has one.
    pub shared_group: Option<wgpu::BindGroup>,
    pub parameters: Vec<u8>,
    /// Workgroups, in two dimensions.
    pub columns: u32,
    pub rows: u32,
    /// The size of all that is bound.
    pub bytes: u64,
}

/// The buffer for the parameters of a batch, where commands do not carry them. A dispatch keeps to one slot of it.
pub(crate) struct ParameterBuffer {
    pub buffer: wgpu::Buffer,
    stride: u32,
}

impl ParameterBuffer {
    pub fn new(device: &wgpu::Device, limits: &wgpu::Limits, parameters: ParametersIn) -> Option<Self> {
        if parameters == ParametersIn::Immediates {
            return None;
        }
        let stride = PARAMETER_BYTES.max(limits.min_uniform_buffer_offset_alignment);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("ndgpu parameters"),
            size: u64::from(stride * ENOUGH_DISPATCHES),
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Some(Self { buffer, stride })
    }
}

/// The commands that are recorded and not yet submitted.
#[derive(Default)]
pub(crate) struct Batch {
    pub encoder: Option<wgpu::CommandEncoder>,
    /// Of each dispatch, at its slot in the [`ParameterBuffer`]; empty where there is none.
    pub parameters: Vec<u8>,
    pub dispatches: u32,
    pub bytes: u64,
    pub pending_maps: Vec<Arc<PendingMap>>,
    /// The latest submission.
    pub last: Option<wgpu::SubmissionIndex>,
    pub submissions: u64,
}

impl Batch {
    pub fn encoder(&mut self, device: &wgpu::Device) -> &mut wgpu::CommandEncoder {
        self.encoder.get_or_insert_with(|| {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("ndgpu batch") })
        })
    }

    /// Encodes dispatches, in one pass; at most as many as there is room for.
    pub fn dispatch(&mut self, device: &wgpu::Device, slots: Option<&ParameterBuffer>, dispatches: &[Dispatch]) {
        let first = self.dispatches;
        if let Some(ParameterBuffer { stride, .. }) = slots {
            for dispatch in dispatches {
                let end = self.parameters.len() + *stride as usize;
                self.parameters.extend_from_slice(&dispatch.parameters);
                self.parameters.resize(end, 0);
            }
        }
        self.bytes += dispatches.iter().map(|dispatch| dispatch.bytes).sum::<u64>();
        let label = match dispatches {
            [one] => &one.pipeline.source.name,
            _ => "ndgpu plan",
        };
        let mut pass = self
            .encoder(device)
            .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes: None });
        let mut slot = first;
        for dispatch in dispatches {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            match slots {
                Some(ParameterBuffer { stride, .. }) => {
                    pass.set_bind_group(0, &dispatch.group, &[slot * stride]);
                }
                None => {
                    pass.set_bind_group(0, &dispatch.group, &[]);
                    pass.set_immediates(0, &dispatch.parameters);
                }
            }
            if let Some(shared) = &dispatch.shared_group {
                pass.set_bind_group(1, shared, &[]);
            }
            pass.dispatch_workgroups(dispatch.columns, dispatch.rows, 1);
            slot = slot.saturating_add(1);
        }
        drop(pass);
        self.dispatches = slot;
    }

    /// The number of dispatches there is room for: what the uniform buffer has, or any number.
    pub fn room(&self, slots: Option<&ParameterBuffer>) -> usize {
        slots.map_or(usize::MAX, |_| ENOUGH_DISPATCHES.saturating_sub(self.dispatches) as usize)
    }

    pub fn is_enough(&self) -> bool {
        self.bytes >= ENOUGH_BYTES || self.dispatches >= ENOUGH_DISPATCHES
    }
}
