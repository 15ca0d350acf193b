//! Commands on their way to the device: dispatches and copies are recorded in the order of the calls and submitted
//! together, when a result is wanted or enough work has come together.
//!
//! Parameters travel in the commands themselves where the device takes them there (immediates). Else those of all dispatches
//! of a batch lie in one uniform buffer, at dynamic offsets, and are written once a batch.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::buffers::{BufferPool, GpuBuffer, Purpose, size_class};
use crate::engine::gpu::encoder::Dispatch;
use crate::engine::gpu::pending_map::Landing;
use crate::engine::gpu::pipelines::ParametersIn;
use crate::error::Result;

/// The device should begin once this many bytes are bound to recorded commands.
const ENOUGH_BYTES: u64 = 8 << 20;
/// Room for the parameters of one dispatch in the uniform buffer.
pub(crate) const PARAMETER_BYTES: u64 = 256;
/// The device should begin once this many dispatches are recorded; also what the uniform buffer has room for.
const ENOUGH_DISPATCHES: u64 = 64;
/// Uploads go in pieces of at most this, so that staging memory stays small and copying overlaps with filling.
pub(crate) const UPLOAD_PIECE: u64 = 4 << 20;
/// How many such pieces may be under way before an upload waits for the first of them.
const PIECES_UNDER_WAY: usize = 8;

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
    submissions: u64,
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
            submissions: 0,
        }
    }

    fn encoder(&mut self, device: &wgpu::Device) -> &mut wgpu::CommandEncoder {
        self.encoder.get_or_insert_with(|| {
            device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("ndgpu batch") })
        })
    }

    /// Encodes dispatches, in one pass.
    fn dispatch(&mut self, device: &wgpu::Device, dispatches: &[Dispatch]) {
        let first = self.parameters.len();
        if self.uniform.is_some() {
            for dispatch in dispatches {
                let end = self.parameters.len() + self.stride as usize;
                self.parameters.extend_from_slice(&dispatch.parameters);
                self.parameters.resize(end, 0);
            }
        }
        self.dispatches += dispatches.len() as u64;
        self.bytes += dispatches.iter().map(|dispatch| dispatch.bytes).sum::<u64>();
        let offsets = self.uniform.is_some().then_some((first, self.stride as usize));
        let label = match dispatches {
            [one] => &one.pipeline.source.name,
            _ => "ndgpu plan",
        };
        let mut pass = self
            .encoder(device)
            .begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some(label), timestamp_writes: None });
        for (number, dispatch) in dispatches.iter().enumerate() {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            match offsets {
                Some((first, stride)) => {
                    pass.set_bind_group(0, &dispatch.group, &[(first + number * stride) as u32]);
                }
                None => {
                    pass.set_bind_group(0, &dispatch.group, &[]);
                    pass.set_immediates(0, &dispatch.parameters);
                }
            }
            pass.dispatch_workgroups(dispatch.columns, dispatch.rows, 1);
        }
    }

    /// For how many more dispatches there is room: as many as the uniform buffer has, or any number.
    fn room(&self) -> usize {
        if self.uniform.is_some() { ENOUGH_DISPATCHES.saturating_sub(self.dispatches) as usize } else { usize::MAX }
    }

    fn is_enough(&self) -> bool {
        self.bytes >= ENOUGH_BYTES || self.dispatches >= ENOUGH_DISPATCHES
    }
}

/// The words in which the checks of a plan leave their outcomes.
pub(crate) struct CheckedWords {
    /// The plan's own, from its start on.
    pub of_plan: wgpu::Buffer,
    pub bytes: u64,
    /// Where the outcomes of one replay stay.
    pub outside: wgpu::Buffer,
    pub index: u32,
}

impl GpuContext {
    /// The uniform buffer for parameters, where the commands do not carry them.
    pub(crate) fn uniform(&self) -> Option<wgpu::Buffer> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).uniform.clone()
    }

    /// The batch, with room for more dispatches.
    fn batch(&self) -> Result<MutexGuard<'_, Batch>> {
        loop {
            self.health()?;
            let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
            if batch.room() > 0 {
                return Ok(batch);
            }
            drop(batch);
            self.flush()?;
        }
    }

    /// Submits the batch if the device should begin.
    fn submit_if_enough(&self, batch: MutexGuard<'_, Batch>) -> Result<()> {
        let is_enough = batch.is_enough();
        drop(batch);
        if is_enough { self.flush() } else { Ok(()) }
    }

    /// Records a dispatch.
    pub(crate) fn record(&self, dispatch: Dispatch) -> Result<()> {
        let mut batch = self.batch()?;
        self.device.guard("recording a kernel", || batch.dispatch(self.device.raw(), &[dispatch]))?;
        self.submit_if_enough(batch)
    }

    /// Records all commands of a plan, and submits them with whatever was recorded before. The words of `checks` are cleared
    /// first, and copied to where they stay afterwards.
    pub fn replay(&self, dispatches: &[Dispatch], checks: Option<&CheckedWords>) -> Result<()> {
        let device = self.device.raw();
        let mut batch = self.batch()?;
        if let Some(CheckedWords { of_plan, bytes, .. }) = checks {
            self.device.guard("recording a plan", || batch.encoder(device).clear_buffer(of_plan, 0, Some(*bytes)))?;
        }
        let mut rest = dispatches;
        loop {
            let (now, later) = rest.split_at(batch.room().min(rest.len()));
            self.device.guard("recording a plan", || batch.dispatch(device, now))?;
            rest = later;
            if rest.is_empty() {
                break;
            }
            drop(batch);
            batch = self.batch()?;
        }
        if let Some(CheckedWords { of_plan, bytes, outside, index }) = checks {
            self.device.guard("recording a plan", || {
                batch.encoder(device).copy_buffer_to_buffer(of_plan, 0, outside, u64::from(*index) * 4, *bytes);
            })?;
        }
        drop(batch);
        self.flush()
    }

    /// Records a copy of the first `bytes` of a buffer.
    pub fn copy(&self, source: &GpuBuffer, target: &GpuBuffer, bytes: u64) -> Result<()> {
        if bytes == 0 {
            return self.health();
        }
        let mut batch = self.batch()?;
        batch.bytes += 2 * bytes;
        self.device.guard("recording a copy", || {
            let encoder = batch.encoder(self.device.raw());
            encoder.copy_buffer_to_buffer(source.raw(), source.offset(), target.raw(), target.offset(), bytes);
        })?;
        self.submit_if_enough(batch)
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
            let mut mapped = mapped.map_err(|error| self.device.lose_by(error))?;
            fill(start, mapped.slice(..));
            drop(mapped);
            self.device.guard("recording an upload", || staging.unmap())?;

            let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
            batch.bytes += 2 * piece;
            self.device.guard("recording an upload", || {
                let encoder = batch.encoder(self.device.raw());
                encoder.copy_buffer_to_buffer(&staging, 0, target.raw(), target.offset() + start, piece);
                give_back_when_copied(encoder, &self.pool, &staging);
            })?;
            if batch.is_enough() {
                drop(batch);
                self.flush()?;
                under_way.extend(self.last_submission());
            }
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
        // Not while something is being submitted: it may use the buffer.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.encoder.is_some() {
            drop((batch, turn));
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

    /// How many submissions there were.
    pub fn submissions(&self) -> u64 {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).submissions
    }

    /// What was submitted last.
    fn last_submission(&self) -> Option<wgpu::SubmissionIndex> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }

    /// Submits what has been recorded.
    ///
    /// Others may go on recording meanwhile: with some drivers (llvmpipe) a submission takes as long as all that it asks for.
    pub fn flush(&self) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let landings = std::mem::take(&mut batch.landings);
        let parameters = std::mem::take(&mut batch.parameters);
        (batch.bytes, batch.dispatches) = (0, 0);
        let (encoder, uniform) = (batch.encoder.take(), batch.uniform.clone());
        drop(batch);
        let Some(encoder) = encoder else { return self.health() };
        let submitted = self.device.attempt(|| {
            if let (Some(uniform), false) = (&uniform, parameters.is_empty()) {
                self.queue.write_buffer(uniform, 0, &parameters);
            }
            self.queue.submit([encoder.finish()])
        });
        match submitted {
            Ok(index) => {
                landings.iter().for_each(|landing| landing.submitted(index.clone()));
                let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
                batch.last = Some(index);
                batch.submissions += 1;
            }
            Err(error) => {
                // What the commands should have written is now anything: nobody must take it for a result.
                match error {
                    wgpu::Error::OutOfMemory { .. } => {
                        self.device.lose_saying(&format!("no memory to submit commands: {error}"), error)
                    }
                    _ => self.device.poison(self.device.explain("submitting commands", error)),
                };
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
