//! The command queue: dispatches and copies are recorded in the order of the calls into one encoder, which is submitted
//! when a result is wanted or enough work has accumulated.
//!
//! ```text
//! calls        dispatch  dispatch  copy   wait()                      dispatch ..
//!                 │         │        │      │                            │
//! batch        ├──record────┴────────┴──────┤ flush                      ├──record ..
//! `turn`                                    ├──submit──┤
//! device                                               ├──execute──┤
//! host                                                 wait ───────┤ map ├ read ┤
//! ```
//!
//! The batch is locked while a command is recorded, not while one is submitted: with some drivers (llvmpipe) a
//! submission takes as long as the work in it, and other threads go on recording meanwhile. `turn` keeps submissions in
//! the order in which they were recorded.
//!
//! Parameters travel in the commands themselves where the device has immediates. Otherwise the parameters of all
//! dispatches of a batch lie in one uniform buffer, at dynamic offsets, and are written once a batch.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::batch::{Batch, Dispatch, ParameterBuffer};
use crate::engine::gpu::buffers::{BufferPool, GpuBuffer, Purpose, size_class};
use crate::engine::gpu::pending_map::PendingMap;
use crate::error::Result;

/// Uploads go in pieces of at most this, so that staging memory stays small and copying overlaps with filling.
pub(crate) const UPLOAD_PIECE: u64 = 4 << 20;
/// The number of such pieces in flight beyond which an upload waits for the first of them.
const PIECES_IN_FLIGHT: usize = 8;

/// The words of device memory in which the checks of a plan leave their outcomes.
pub(crate) struct CheckedWords {
    /// The plan's own, from its start on.
    pub of_plan: wgpu::Buffer,
    pub bytes: u64,
    /// Where the outcomes of one replay stay.
    pub outside: wgpu::Buffer,
    pub index: u32,
}

impl GpuContext {
    fn slots(&self) -> Option<&ParameterBuffer> {
        self.parameters.as_ref()
    }

    /// The batch, with room for at least one more dispatch.
    fn batch(&self) -> Result<MutexGuard<'_, Batch>> {
        loop {
            self.health()?;
            let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
            if batch.room(self.slots()) > 0 {
                return Ok(batch);
            }
            drop(batch);
            self.flush()?;
        }
    }

    /// Submits the batch if enough work has accumulated.
    fn submit_if_enough(&self, batch: MutexGuard<'_, Batch>) -> Result<()> {
        let is_enough = batch.is_enough();
        drop(batch);
        if is_enough { self.flush() } else { Ok(()) }
    }

    /// Records a dispatch.
    pub(crate) fn record(&self, dispatch: Dispatch) -> Result<()> {
        let mut batch = self.batch()?;
        self.device.checked("recording a kernel", || batch.dispatch(self.device.raw(), self.slots(), &[dispatch]))?;
        self.submit_if_enough(batch)
    }

    /// Records all commands of a plan, and submits them with the commands recorded before. The words of `checks` are
    /// cleared first, and copied to where they stay afterwards.
    pub fn replay(&self, dispatches: &[Dispatch], checks: Option<&CheckedWords>) -> Result<()> {
        let device = self.device.raw();
        let mut batch = self.batch()?;
        if let Some(CheckedWords { of_plan, bytes, .. }) = checks {
            self.device.checked("recording a plan", || batch.encoder(device).clear_buffer(of_plan, 0, Some(*bytes)))?;
        }
        let mut rest = dispatches;
        loop {
            let (now, later) = rest.split_at(batch.room(self.slots()).min(rest.len()));
            self.device.checked("recording a plan", || batch.dispatch(device, self.slots(), now))?;
            rest = later;
            if rest.is_empty() {
                break;
            }
            drop(batch);
            batch = self.batch()?;
        }
        if let Some(CheckedWords { of_plan, bytes, outside, index }) = checks {
            self.device.checked("recording a plan", || {
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
        self.device.checked("recording a copy", || {
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
        let mut in_flight = VecDeque::new();
        let mut start = 0;
        while start < bytes {
            let piece = UPLOAD_PIECE.min(bytes - start);
            let staging = self.upload_staging(piece)?;
            let mapped = staging.slice(0..piece).get_mapped_range_mut();
            let mut mapped = mapped.map_err(|error| self.device.lose_by(error))?;
            fill(start, mapped.slice(..));
            drop(mapped);
            self.device.checked("recording an upload", || staging.unmap())?;

            let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
            batch.bytes += 2 * piece;
            self.device.checked("recording an upload", || {
                let encoder = batch.encoder(self.device.raw());
                encoder.copy_buffer_to_buffer(&staging, 0, target.raw(), target.offset() + start, piece);
                give_back_when_copied(encoder, &self.pool, &staging);
            })?;
            if batch.is_enough() {
                drop(batch);
                self.flush()?;
                in_flight.extend(self.last_submission());
            }
            if in_flight.len() > PIECES_IN_FLIGHT {
                self.device.wait_for(in_flight.pop_front());
            }
            start += piece;
        }
        self.health()
    }

    /// A mapped staging buffer: a recycled one if there is any.
    fn upload_staging(&self, bytes: u64) -> Result<wgpu::Buffer> {
        let size = size_class(bytes);
        if let Some(buffer) = self.pool.reuse(Purpose::Upload, size) {
            return Ok(buffer);
        }
        // Staging buffers are recycled by a callback of wgpu's, which only runs in a poll.
        self.device.poll(wgpu::PollType::Poll);
        self.pool.take_raw(Purpose::Upload, bytes)
    }

    /// Records copies of device memory into one staging buffer, one after another, and the mapping of that. Submitted
    /// when the result is waited for.
    pub fn queue_readback(
        &self,
        pieces: &[(&wgpu::Buffer, u64, u64)],
        staging: &wgpu::Buffer,
    ) -> Result<Arc<PendingMap>> {
        self.health()?;
        let pending = PendingMap::new();
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        self.device.checked("recording a readback", || {
            let encoder = batch.encoder(self.device.raw());
            let mut end = 0;
            for &(buffer, offset, bytes) in pieces {
                encoder.copy_buffer_to_buffer(buffer, offset, staging, end, bytes);
                end += bytes;
            }
            let completed = pending.clone();
            encoder.map_buffer_on_submit(staging, wgpu::MapMode::Read, .., move |mapped| {
                completed.complete(mapped.is_ok())
            });
        })?;
        batch.pending_maps.push(pending.clone());
        Ok(pending)
    }

    /// Maps a buffer in place, for reading, once all commands before have been executed. Submits nothing if nothing is
    /// recorded: a submission costs ten times as much as a mapping.
    pub fn map_in_place(&self, buffer: &wgpu::Buffer) -> Result<Arc<PendingMap>> {
        // Not during a submission: its commands may use the buffer.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        if batch.encoder.is_some() {
            drop((batch, turn));
            return self.queue_readback(&[], buffer);
        }
        self.health()?;
        let pending = PendingMap::new();
        pending.submitted_before(batch.last.clone());
        let completed = pending.clone();
        self.device.checked("recording a readback", || {
            buffer.map_async(wgpu::MapMode::Read, .., move |mapped| completed.complete(mapped.is_ok()));
        })?;
        Ok(pending)
    }

    /// The number of submissions so far.
    pub fn submissions(&self) -> u64 {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).submissions
    }

    /// The latest submission.
    fn last_submission(&self) -> Option<wgpu::SubmissionIndex> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).last.clone()
    }

    /// Submits the batch. Other threads can record meanwhile.
    pub fn flush(&self) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
        let pending_maps = std::mem::take(&mut batch.pending_maps);
        let parameters = std::mem::take(&mut batch.parameters);
        (batch.bytes, batch.dispatches) = (0, 0);
        let encoder = batch.encoder.take();
        drop(batch);
        let Some(encoder) = encoder else { return self.health() };
        let submitted = self.device.with_error_scope(|| {
            if let (Some(slots), false) = (self.slots(), parameters.is_empty()) {
                self.queue.write_buffer(&slots.buffer, 0, &parameters);
            }
            self.queue.submit([encoder.finish()])
        });
        match submitted {
            Ok(index) => {
                pending_maps.iter().for_each(|pending| pending.submitted(index.clone()));
                let mut batch = self.batch.lock().unwrap_or_else(PoisonError::into_inner);
                batch.last = Some(index);
                batch.submissions += 1;
            }
            Err(error) => {
                // The outputs of these commands were never written: the device is poisoned, so that none is read.
                match error {
                    wgpu::Error::OutOfMemory { .. } => {
                        self.device.lose_saying(&format!("no memory to submit commands: {error}"), error)
                    }
                    _ => self.device.poison(self.device.classify("submitting commands", error)),
                };
                pending_maps.iter().for_each(|pending| pending.complete(false));
            }
        }
        self.health()
    }
}

/// Maps a staging buffer for the next upload once its copy is done, and recycles it then.
fn give_back_when_copied(encoder: &wgpu::CommandEncoder, pool: &Arc<BufferPool>, staging: &wgpu::Buffer) {
    let (pool, buffer) = (Arc::downgrade(pool), staging.clone());
    encoder.map_buffer_on_submit(staging, wgpu::MapMode::Write, .., move |mapped| {
        if let (Ok(()), Some(pool)) = (mapped, pool.upgrade()) {
            pool.recycle(Purpose::Upload, buffer);
        }
    });
}
