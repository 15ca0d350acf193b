//! Commands on their way to the device: dispatches and copies are recorded in the order of the calls and submitted
//! together, when a result is wanted or enough work has come together.
//!
//! Parameters travel in the commands themselves where the device takes them there (immediates). Else those of all dispatches
//! of a batch lie in one uniform buffer, at dynamic offsets, and are written once a batch.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use super::buffers::{BufferPool, Purpose, size_class};
use super::kernel::{Kernel, ParametersIn};
use super::landing::Landing;
use super::{GpuBuffer, GpuContext};
use crate::error::Result;

/// The device should begin once this many bytes are bound to recorded commands.
const ENOUGH_BYTES: u64 = 8 << 20;
/// Room for the parameters of one dispatch in the uniform buffer.
const PARAMETER_BYTES: u64 = 256;
/// The largest element of any binding: four f64 of a table's segment, or the sums of f64.
const LARGEST_ELEMENT: u64 = 32;
/// The device should begin once this many dispatches are recorded; also what the uniform buffer has room for.
const ENOUGH_DISPATCHES: u64 = 64;
/// Uploads go in pieces of at most this, so that staging memory stays small and copying overlaps with filling.
pub(crate) const UPLOAD_PIECE: u64 = 4 << 20;
/// How many such pieces may be under way before an upload waits for the first of them.
const PIECES_UNDER_WAY: usize = 8;

/// A window of a buffer, bound to a kernel.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    buffer: &'a wgpu::Buffer,
    offset: u64,
    bytes: u64,
}

impl<'a> Binding<'a> {
    /// The first `bytes` of a buffer.
    pub fn start(buffer: &'a GpuBuffer, bytes: u64) -> Self {
        Self { buffer: buffer.raw(), offset: 0, bytes }
    }

    /// Makes it end at a multiple of `step` bytes, for kernels that take several elements at once, if there is memory.
    pub fn round_up(&mut self, step: u64) -> bool {
        let bytes = self.bytes.next_multiple_of(step);
        let fits = self.offset + bytes <= self.buffer.size();
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    /// All words of a buffer of checks.
    pub fn checks(buffer: &'a wgpu::Buffer) -> Self {
        Self { buffer, offset: 0, bytes: buffer.size() }
    }
}

/// What has been recorded and not yet submitted.
pub(crate) struct Batch {
    encoder: Option<wgpu::CommandEncoder>,
    /// Where parameters go that commands do not carry.
    uniform: Option<wgpu::Buffer>,
    stride: u64,
    parameters: Vec<u8>,
    dispatches: u64,
    bytes: u64,
    landings: Vec<Arc<Landing>>,
    /// What was submitted last.
    last: Option<wgpu::SubmissionIndex>,
}

impl Batch {
    pub fn new(device: &wgpu::Device, limits: &wgpu::Limits, parameters: ParametersIn) -> Self {
        let stride = PARAMETER_BYTES.max(limits.min_uniform_buffer_offset_alignment.into());
        let buffer = || {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("ndgpu parameters"),
                size: stride * ENOUGH_DISPATCHES,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        Self {
            encoder: None,
            uniform: (parameters == ParametersIn::Uniform).then(buffer),
            stride,
            parameters: Vec::new(),
            dispatches: 0,
            bytes: 0,
            landings: Vec::new(),
            last: None,
        }
    }

    fn encoder(&mut self, device: &wgpu::Device) -> &mut wgpu::CommandEncoder {
        self.encoder.get_or_insert_with(|| {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("ndgpu batch") })
        })
    }

    fn is_enough(&self) -> bool {
        self.bytes >= ENOUGH_BYTES || self.dispatches >= ENOUGH_DISPATCHES
    }
}

impl GpuContext {
    /// Records a dispatch of `groups` workgroups; beyond 65,535 they are folded into the second dimension, and the
    /// kernel has to leave out those past the end.
    pub fn dispatch(&self, kernel: &Kernel, parameters: &[u8], bindings: &[Binding<'_>], groups: u64) -> Result<()> {
        self.health()?;
        debug_assert!(parameters.len() as u64 <= PARAMETER_BYTES && bindings.len() == kernel.access.len());
        let pipeline = self.pipelines.get(kernel)?;
        let widest = u64::from(self.info.limits.max_workgroups_per_dimension);
        let columns = groups.min(widest);
        let rows = groups.div_ceil(columns.max(1));

        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let offset = batch.parameters.len();
        if batch.uniform.is_some() {
            batch.parameters.extend_from_slice(parameters);
            let stride = batch.stride as usize;
            batch.parameters.resize(offset + stride, 0);
        }
        batch.dispatches += 1;
        batch.bytes += bindings.iter().map(|binding| binding.bytes).sum::<u64>();

        self.device.guard("recording a kernel", || {
            let uniform = batch.uniform.as_ref().map(|buffer| {
                (0, wgpu::BufferBinding { buffer, offset: 0, size: wgpu::BufferSize::new(PARAMETER_BYTES) })
            });
            let buffers = bindings.iter().map(|binding| wgpu::BufferBinding {
                buffer: binding.buffer,
                offset: binding.offset,
                // An empty array has a buffer too, and a binding must have room for one element of any kind.
                size: wgpu::BufferSize::new(if binding.bytes == 0 { LARGEST_ELEMENT } else { binding.bytes }),
            });
            let entries = uniform.into_iter().chain((1..).zip(buffers)).map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(buffer),
            });
            let group = self.device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(&kernel.name),
                layout: &pipeline.layout,
                entries: &entries.collect::<Vec<_>>(),
            });
            let in_uniform = batch.uniform.is_some();
            let mut pass = batch
                .encoder(self.device.raw())
                .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(&kernel.name), timestamp_writes: None });
            pass.set_pipeline(&pipeline.pipeline);
            if in_uniform {
                pass.set_bind_group(0, &group, &[offset as u32]);
            } else {
                pass.set_bind_group(0, &group, &[]);
                pass.set_immediates(0, parameters);
            }
            pass.dispatch_workgroups(columns as u32, rows as u32, 1);
        })?;
        if batch.is_enough() { self.submit(&mut batch) } else { Ok(()) }
    }

    /// A window of `count` elements of `size` bytes from element `first` on. Bindings must start at the device's
    /// alignment, so the window may start earlier: the second value says by how many elements.
    pub fn window<'a>(&self, buffer: &'a GpuBuffer, first: u64, count: u64, size: u64) -> (Binding<'a>, u32) {
        let wanted = first * size;
        let offset = wanted - wanted % self.alignment;
        let before = (wanted - offset) / size;
        (Binding { buffer: buffer.raw(), offset, bytes: (before + count) * size }, before as u32)
    }

    /// How many bytes a window may have, so that it fits even after it was moved to the device's alignment.
    pub fn window_bytes(&self) -> u64 {
        self.info.limits.max_binding_bytes - self.alignment
    }

    /// Copies `bytes` into a buffer, in pieces of [`UPLOAD_PIECE`]. `fill` gets each piece of staging memory and its
    /// place, in order, and has to write all of it.
    pub fn upload(
        &self,
        target: &GpuBuffer,
        bytes: u64,
        mut fill: impl FnMut(u64, wgpu::WriteOnly<'_, [u8]>),
    ) -> Result<()> {
        let mut under_way = VecDeque::new();
        let mut start = 0;
        while start < bytes {
            let piece = UPLOAD_PIECE.min(bytes - start);
            let staging = self.upload_staging(piece)?;
            let mapped = staging.slice(0..piece).get_mapped_range_mut();
            let mut mapped = mapped.map_err(|error| self.device.lose(&error.to_string()))?;
            fill(start, mapped.slice(..));
            drop(mapped);
            staging.unmap();

            let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
            batch.bytes += 2 * piece;
            self.device.guard("recording an upload", || {
                let encoder = batch.encoder(self.device.raw());
                encoder.copy_buffer_to_buffer(&staging, 0, target.raw(), start, piece);
                give_back_when_copied(encoder, &self.pool, &staging);
            })?;
            if batch.is_enough() {
                self.submit(&mut batch)?;
                under_way.extend(batch.last.clone());
            }
            drop(batch);
            if under_way.len() > PIECES_UNDER_WAY {
                self.device.wait_for(under_way.pop_front());
            }
            start += piece;
        }
        self.health()
    }

    /// A staging buffer, mapped: one that has come back, if there is.
    fn upload_staging(&self, bytes: u64) -> Result<wgpu::Buffer> {
        let size = size_class(bytes);
        if let Some(buffer) = self.pool.take_kept(Purpose::Upload, size) {
            return Ok(buffer);
        }
        // Buffers come back when wgpu notices that their copy is done, and it only looks when asked.
        self.device.poll(wgpu::PollType::Poll);
        self.pool.take_raw(Purpose::Upload, bytes)
    }

    /// Records copies of device memory into one buffer that the host can map, one after another, and the mapping itself.
    /// Nothing is submitted before somebody waits.
    pub fn land(&self, pieces: &[(&wgpu::Buffer, u64, u64)], staging: &wgpu::Buffer) -> Result<Arc<Landing>> {
        self.health()?;
        let landing = Landing::new();
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        self.device.guard("recording a readback", || {
            let encoder = batch.encoder(self.device.raw());
            let mut end = 0;
            for &(buffer, offset, bytes) in pieces {
                encoder.copy_buffer_to_buffer(buffer, offset, staging, end, bytes);
                end += bytes;
            }
            let arrived = landing.clone();
            encoder
                .map_buffer_on_submit(staging, wgpu::MapMode::Read, .., move |mapped| arrived.arrive(mapped.is_ok()));
        })?;
        batch.landings.push(landing.clone());
        Ok(landing)
    }

    /// Maps a buffer in place, for reading, once all that was asked for has been done. Where nothing waits to be submitted
    /// nothing is: a submission takes tens of microseconds, a mapping alone a few.
    pub fn land_in_place(&self, buffer: &wgpu::Buffer) -> Result<Arc<Landing>> {
        let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.encoder.is_some() {
            drop(batch);
            return self.land(&[], buffer);
        }
        self.health()?;
        let landing = Landing::new();
        landing.submitted_before(batch.last.clone());
        let arrived = landing.clone();
        self.device.guard("recording a readback", || {
            buffer.map_async(wgpu::MapMode::Read, .., move |mapped| arrived.arrive(mapped.is_ok()));
        })?;
        Ok(landing)
    }

    /// Submits what has been recorded.
    pub fn flush(&self) -> Result<()> {
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        self.submit(&mut batch)
    }

    fn submit(&self, batch: &mut Batch) -> Result<()> {
        let landings = std::mem::take(&mut batch.landings);
        let parameters = std::mem::take(&mut batch.parameters);
        (batch.bytes, batch.dispatches) = (0, 0);
        let Some(encoder) = batch.encoder.take() else { return self.health() };
        let submitted = self.device.attempt(|| {
            if let (Some(uniform), false) = (&batch.uniform, parameters.is_empty()) {
                self.queue.write_buffer(uniform, 0, &parameters);
            }
            self.queue.submit([encoder.finish()])
        });
        match submitted {
            Ok(index) => {
                landings.iter().for_each(|landing| landing.submitted(index.clone()));
                batch.last = Some(index);
            }
            Err(error) => {
                // What the commands should have written is now anything: nobody must take it for a result.
                self.device.poison(self.device.explain("submitting commands", &error));
                landings.iter().for_each(|landing| landing.arrive(false));
            }
        }
        self.health()
    }
}

/// Maps a staging buffer for the next upload once its copy is done, and puts it back then.
fn give_back_when_copied(encoder: &wgpu::CommandEncoder, pool: &Arc<BufferPool>, staging: &wgpu::Buffer) {
    let (pool, buffer) = (Arc::downgrade(pool), staging.clone());
    encoder.map_buffer_on_submit(staging, wgpu::MapMode::Write, .., move |mapped| {
        if let (Ok(()), Some(pool)) = (mapped, pool.upgrade()) {
            pool.keep(Purpose::Upload, buffer);
        }
    });
}
