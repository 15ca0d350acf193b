//! [`Readback`]: a copy to the host in flight. With [`HostArray`] it is the only way for data to leave a device.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytemuck::cast_slice;
use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::device::transfers::{TransferCost, TransferPath};
use crate::element::{Element, bytes_of};
use crate::engine::check::Findings;
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::buffers::{GpuBuffer, Purpose};
use crate::engine::gpu::pending_map::PendingMap;
use crate::engine::host::clock::Instant;
use crate::engine::storage::Storage;
use crate::error::{Error, ErrorKind, Result};
use crate::transfer::host_array::{HostArray, Landed, MappedBuffer};

/// A copy to the host in flight.
///
/// It is queued behind every operation requested before. Await it under any executor, or block in [`wait`](Self::wait).
/// (On the CPU engine the data are complete already, computed in the calls before: see
/// [`async_services`](crate::async_services).) Many can be in flight at once, and those queued together share one
/// submission. Dropping it cancels the copy.
///
/// Errors that only the device can detect (a sum of weights that is zero, knots out of order) are returned here.
#[must_use = "a readback brings data only when it is awaited, or waited for"]
pub struct Readback<T: Element, D: Dimension> {
    device: Device,
    shape: D,
    cost: TransferCost,
    /// The findings about the copied values, whatever is written over the source later.
    checks: Findings,
    requested: Instant,
    state: State<T>,
}

enum State<T: Element> {
    /// Complete (CPU engine, or nothing to copy).
    Here(Landed<T>),
    /// In flight, with the outcomes of checks behind the data.
    Coming { context: Arc<GpuContext>, data: Arc<GpuBuffer>, pending: Arc<PendingMap>, words: Words },
    /// The copy could not be queued.
    Failed(Error),
    /// Delivered.
    Done,
}

/// Where the outcomes of the checks arrive.
enum Words {
    /// Behind the data, in the same staging buffer, from this byte on.
    Behind(u64),
    /// In a separate buffer: the data are mapped in place.
    Apart(Option<(Arc<GpuBuffer>, Arc<PendingMap>)>),
}

impl<T: Element, D: Dimension> DeviceArray<T, D> {
    /// Queues a copy to the host. Neither blocks nor submits.
    ///
    /// Costs `len × size_of::<T>()` bytes through a staging buffer on a GPU, nothing on the CPU engine.
    ///
    /// ```
    /// use ndarray::arr1;
    /// use ndgpu::Device;
    ///
    /// let device = Device::cpu();
    /// let a = device.upload(&arr1(&[1.0_f32, 2.0, 3.0]))?;
    /// let readback = a.readback();
    /// println!("{} bytes, {}", readback.cost().bytes, readback.cost().path);
    /// let host = readback.wait()?; // or readback.await?
    /// assert_eq!(host.view(), arr1(&[1.0, 2.0, 3.0]));
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    pub fn readback(&self) -> Readback<T, D> {
        self.clone().start_readback(false)
    }

    /// Consumes the array and brings its values to the host: with unified memory and no other handle to the array its
    /// own buffer is mapped in place, without a copy; else as [`readback`](Self::readback).
    pub fn into_readback(self) -> Readback<T, D> {
        self.start_readback(true)
    }

    fn start_readback(self, given_up: bool) -> Readback<T, D> {
        let requested = Instant::now();
        let (device, mut storage, shape, checks) = self.into_parts();
        let checks = checks.now();
        let mut path = TransferPath::Shared;
        if let Storage::Gpu(buffer) = &storage {
            let mappable = given_up && device.info().unified_memory && buffer.is_mappable();
            path = if mappable && storage.is_unique() { TransferPath::Mapped } else { TransferPath::Staged };
        }
        let cost = TransferCost { bytes: bytes_of::<T>(shape.size()), path };
        if let Some(recorder) = device.recorder() {
            let state = State::Failed(recorder.refusal("read back"));
            return Readback { device, shape, cost, checks, requested, state };
        }
        let state = match (device.engine().gpu(), storage) {
            (_, _) if shape.size() == 0 && checks.is_empty() => State::Here(Landed::Empty),
            // The findings are known now, and may change when the same memory is written later.
            (None, storage) => match checks.verdict(&[]).and_then(|()| Ok(storage.host::<T>()?.host_snapshot())) {
                Ok(values) => State::Here(Landed::Shared(values)),
                Err(found) => State::Failed(found),
            },
            (Some(_), Storage::Host(_)) => State::Done,
            (Some(context), Storage::Gpu(buffer)) => {
                let queued = match path {
                    TransferPath::Mapped => map_in_place(context, buffer, &checks),
                    _ => copy_out(context, buffer, cost.bytes, &checks),
                };
                queued.unwrap_or_else(State::Failed)
            }
        };
        Readback { device, shape, cost, checks, requested, state }
    }
}

/// Queues a copy of the data, followed by the outcomes of the checks, into one staging buffer.
fn copy_out<T: Element>(
    context: &Arc<GpuContext>,
    source: Arc<GpuBuffer>,
    bytes: u64,
    checks: &Findings,
) -> Result<State<T>> {
    let mut pieces = Vec::new();
    if bytes > 0 {
        pieces.push((source.raw(), source.offset(), bytes));
    }
    pieces.extend(checks.on_device().map(|(buffer, index)| (buffer, u64::from(index) * 4, 4)));
    let total = pieces.iter().map(|piece| piece.2).sum();
    let staging = context.staging(total)?;
    let pending = context.queue_readback(&pieces, staging.raw())?;
    Ok(State::Coming { context: context.clone(), data: staging, pending, words: Words::Behind(bytes) })
}

fn map_in_place<T: Element>(context: &Arc<GpuContext>, source: Arc<GpuBuffer>, checks: &Findings) -> Result<State<T>> {
    let pieces: Vec<_> = checks.on_device().map(|(buffer, index)| (buffer, u64::from(index) * 4, 4)).collect();
    let words = if pieces.is_empty() {
        None
    } else {
        let staging = context.staging(pieces.len() as u64 * 4)?;
        let pending = context.queue_readback(&pieces, staging.raw())?;
        Some((staging, pending))
    };
    let pending = context.map_in_place(source.raw())?;
    Ok(State::Coming { context: context.clone(), data: source, pending, words: Words::Apart(words) })
}

impl<T: Element, D: Dimension> Readback<T, D> {
    /// The cost: bytes and path.
    pub fn cost(&self) -> TransferCost {
        self.cost
    }

    /// Blocks until the data have arrived.
    ///
    /// Not on wasm32: nothing can block in a browser. Await it there.
    ///
    /// # Errors
    ///
    /// [`ZeroWeights`](crate::ErrorKind::ZeroWeights) and [`NotSorted`](crate::ErrorKind::NotSorted) found on the
    /// device, [`DeviceLost`](crate::ErrorKind::DeviceLost), [`OutOfMemory`](crate::ErrorKind::OutOfMemory) for the
    /// staging buffer.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(mut self) -> Result<HostArray<T, D>> {
        if let State::Coming { context, pending, words, .. } = &self.state {
            if let Words::Apart(Some((_, apart))) = words {
                apart.wait(context)?;
            }
            pending.wait(context)?;
        }
        self.finish()
    }

    /// Completes a readback whose copies have arrived: evaluates the checks and delivers the data.
    fn finish(&mut self) -> Result<HostArray<T, D>> {
        let landed = match std::mem::replace(&mut self.state, State::Done) {
            State::Here(landed) => landed,
            State::Failed(error) => return Err(error),
            State::Done => {
                return Err(Error::new(
                    ErrorKind::InvalidOption,
                    "this readback has already handed its data over; ask the array for another",
                ));
            }
            State::Coming { data, words, .. } => {
                let bytes = self.cost.bytes;
                let count = self.checks.on_device().count() as u64;
                let outcomes = match &words {
                    Words::Behind(_) => count * 4,
                    Words::Apart(_) => 0,
                };
                let mapped = MappedBuffer::new(data, bytes + outcomes)?;
                match words {
                    Words::Behind(start) => {
                        self.checks.verdict(cast_slice(&mapped.bytes()[start as usize..][..outcomes as usize]))?;
                    }
                    Words::Apart(None) => self.checks.verdict(&[])?,
                    Words::Apart(Some((staging, _))) => {
                        let outcomes = MappedBuffer::new(staging, count * 4)?;
                        self.checks.verdict(cast_slice(outcomes.bytes()))?;
                    }
                }
                Landed::Mapped(mapped)
            }
        };
        self.device.ledger().count_readback(self.cost.bytes, self.requested.elapsed());
        Ok(HostArray::new(landed, self.shape.clone(), self.cost))
    }
}

impl<T: Element, D: Dimension> Future for Readback<T, D> {
    type Output = Result<HostArray<T, D>>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Coming { context, pending, words, .. } = &self.state {
            if let Words::Apart(Some((_, apart))) = words {
                std::task::ready!(apart.poll(context, task))?;
            }
            std::task::ready!(pending.poll(context, task))?;
        }
        Poll::Ready(self.finish())
    }
}

impl<T: Element, D: Dimension> Drop for Readback<T, D> {
    fn drop(&mut self) {
        // Cancelled in flight: the mapping still completes, and the buffer must not be reused before that.
        if let State::Coming { data, words, .. } = &self.state {
            data.discard();
            if let Words::Apart(Some((staging, _))) = words {
                staging.discard();
            }
        }
    }
}

// No field is structurally pinned: the data are behind pointers.
impl<T: Element, D: Dimension> Unpin for Readback<T, D> {}

impl<T: Element, D: Dimension> std::fmt::Debug for Readback<T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readback").field("shape", &self.shape.slice()).field("cost", &self.cost).finish()
    }
}

impl GpuContext {
    fn staging(&self, bytes: u64) -> Result<Arc<GpuBuffer>> {
        self.buffer(Purpose::Readback, bytes).map(Arc::new)
    }
}
