//! Data larger than a device holds: [`Device::stream`] processes them chunk by chunk. Upload, computation and readback
//! of neighbouring chunks overlap, in memory bounded by a window.
//!
//! - [`chunk`]: the types of chunks
//! - [`progress`]: progress counters
//!
//! No thread runs in the background. A GPU computes while the host fills the staging memory of the next chunk or
//! processes the last results; requesting the next result also starts as many chunks as the window has room for.

pub(crate) mod chunk;
pub(crate) mod progress;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ndarray::Dimension;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::{Element, bytes_of};
use crate::error::{Error, Result};
use crate::stream::chunk::Chunk;
use crate::stream::progress::{StreamMonitor, StreamProgress};
use crate::transfer::host_array::HostArray;
use crate::transfer::readback::Readback;

/// Chunks in flight, unless [`ChunkStream::window`] says otherwise: one being uploaded, one being computed, one being
/// read back.
const WINDOW: usize = 3;

/// The results of an operation on a sequence of chunks, in order: an [`Iterator`] and a [`futures::Stream`]. Created by
/// [`Device::stream`].
///
/// On wasm32, where nothing can block in a browser, only a [`futures::Stream`].
///
/// The first error is the last item: earlier results are delivered, later chunks are dropped. Its message names the
/// chunk by its number, from 0; indices in it count from the start of the chunk. Dropping the stream cancels the chunks
/// in flight and frees their memory.
///
/// ```
/// use ndarray::{Array2, Axis};
/// use ndgpu::{Device, InterpTable};
///
/// let device = Device::new()?;
/// let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 10.0])?;
/// let readings = Array2::from_elem((10_000, 16), 0.5_f32); // or the view of a mapped file, or chunks as they are read
///
/// let chunks = readings.axis_chunks_iter(Axis(0), 1000);
/// let mut stream = device.stream(chunks, |x| table.interp(x)?.mean_axis(Axis(1))).window(2);
/// while let Some(means) = stream.next() {
///     assert_eq!(means?.view()[0], 5.0);
///     println!("{} bytes went in", stream.progress().bytes_in);
/// }
/// assert_eq!(stream.progress().bytes_in, 10_000 * 16 * 4);
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[must_use = "a stream does nothing before it is asked for results"]
pub struct ChunkStream<C, F, T: Element, D: Dimension> {
    device: Device,
    /// `None` once the source is exhausted or the stream has failed.
    chunks: Option<C>,
    operation: F,
    window: usize,
    under_way: VecDeque<Readback<T, D>>,
    /// Chunks taken from the source so far.
    asked: u64,
    /// The error of the chunk after those in flight.
    failed: Option<Error>,
    monitor: StreamMonitor,
}

impl Device {
    /// Runs an operation on every chunk of data that need not fit on the device, nor on the host.
    ///
    /// `chunks` yields host arrays, views or references (see [`Chunk`]), or `Result`s of them where reading can fail.
    /// `operation` receives each on the device and returns the array to read back. Results come in the order of the
    /// chunks, which may differ in shape.
    ///
    /// At most [`window`](ChunkStream::window) chunks are in flight, 3 by default, which bounds the memory however many
    /// chunks there are: on the device it is that of their inputs, outputs and intermediate results. Tables and weights
    /// that the closure uses are uploaded once, beforehand.
    ///
    /// ```
    /// use ndarray::{Array2, Axis};
    /// use ndgpu::{Device, InterpTable};
    ///
    /// let device = Device::new()?;
    /// let table = InterpTable::new(&device, &[0.0_f32, 1.0], &[0.0_f32, 10.0])?;
    /// let readings = Array2::from_shape_fn((1000, 8), |(row, _)| row as f32 / 1000.0);
    ///
    /// let mut means: Vec<f32> = Vec::new();
    /// for chunk in device.stream(readings.axis_chunks_iter(Axis(0), 64), |x| table.interp(x)?.mean_axis(Axis(1))) {
    ///     means.extend(chunk?.view());
    /// }
    /// assert_eq!(means.len(), 1000);
    /// assert_eq!(means[500], 5.0);
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    ///
    /// Costs [`upload`](Device::upload), the operation and [`into_readback`](DeviceArray::into_readback) for each
    /// chunk, overlapped where the device is not the host's own processor. The CPU engine adopts owned arrays (as
    /// opposed to views) without a copy, and computes a chunk when it is requested.
    ///
    /// # Errors
    ///
    /// None here; errors of the source, the operation and the transfers are the last item, with the number of the chunk
    /// in the message. The error of the source is the [`source`](std::error::Error::source) of that item (see
    /// [`Chunk`]).
    pub fn stream<I, F, T, D>(&self, chunks: I, operation: F) -> ChunkStream<I::IntoIter, F, T, D>
    where
        I: IntoIterator<Item: Chunk>,
        F: FnMut(&DeviceArray<<I::Item as Chunk>::Elem, <I::Item as Chunk>::Dim>) -> Result<DeviceArray<T, D>>,
        T: Element,
        D: Dimension,
    {
        ChunkStream {
            device: self.clone(),
            chunks: Some(chunks.into_iter()),
            operation,
            window: WINDOW,
            under_way: VecDeque::new(),
            asked: 0,
            failed: None,
            monitor: StreamMonitor::default(),
        }
    }
}

impl<C, F, T, D> ChunkStream<C, F, T, D>
where
    C: Iterator<Item: Chunk>,
    F: FnMut(&DeviceArray<<C::Item as Chunk>::Elem, <C::Item as Chunk>::Dim>) -> Result<DeviceArray<T, D>>,
    T: Element,
    D: Dimension,
{
    /// The largest number of chunks in flight; at least 1. More than the default of 3 help where chunks are small or
    /// their times uneven, and cost memory.
    pub fn window(mut self, chunks: usize) -> Self {
        self.window = chunks.max(1);
        self
    }

    /// Starts as many chunks as the window has room for.
    fn fill(&mut self) {
        // The CPU engine has finished when a call returns: there is nothing to overlap.
        let room = if self.device.engine().works_ahead() { self.window } else { 1 };
        while self.under_way.len() < room {
            // If the source or the operation panics, the stream has ended.
            let Some(mut chunks) = self.chunks.take() else { return };
            let Some(chunk) = chunks.next() else { return };
            let number = self.asked;
            self.asked += 1;
            match self.start(chunk) {
                Ok(readback) => self.under_way.push_back(readback),
                Err(error) => {
                    self.failed = Some(at_chunk(number, error));
                    return;
                }
            }
            self.chunks = Some(chunks);
        }
    }

    fn start(&mut self, chunk: C::Item) -> Result<Readback<T, D>> {
        let input = chunk.upload(&self.device)?;
        self.monitor.went_in(bytes_of::<<C::Item as Chunk>::Elem>(input.len()));
        let output = (self.operation)(&input)?;
        drop(input);
        output.device().ensure_same_device(&self.device, "the result of the operation")?;
        let readback = output.into_readback();
        // Lets the device begin while the host prepares the next chunk.
        self.device.engine().begin();
        Ok(readback)
    }

    /// Delivers the result of the oldest chunk.
    fn deliver(&mut self, result: Result<HostArray<T, D>>) -> Result<HostArray<T, D>> {
        match result {
            Ok(landed) => {
                self.monitor.came_out(landed.cost().bytes);
                Ok(landed)
            }
            Err(error) => {
                let number = self.monitor.progress().chunks_out;
                self.stop();
                Err(at_chunk(number, error))
            }
        }
    }

    /// Drops all undelivered chunks.
    fn stop(&mut self) {
        self.chunks = None;
        self.under_way.clear();
        self.failed = None;
    }
}

/// Adds the chunk number to an error, whose message counts elements and rows from the start of the chunk.
fn at_chunk(number: u64, error: Error) -> Error {
    error.at(format_args!("chunk {number} (the first is 0)"))
}

impl<C, F, T: Element, D: Dimension> ChunkStream<C, F, T, D> {
    /// The progress so far.
    pub fn progress(&self) -> StreamProgress {
        self.monitor.progress()
    }

    /// A handle to the same counters, for a progress bar drawn elsewhere while the stream is consumed.
    pub fn monitor(&self) -> StreamMonitor {
        self.monitor.clone()
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl<C, F, T, D> Iterator for ChunkStream<C, F, T, D>
where
    C: Iterator<Item: Chunk>,
    F: FnMut(&DeviceArray<<C::Item as Chunk>::Elem, <C::Item as Chunk>::Dim>) -> Result<DeviceArray<T, D>>,
    T: Element,
    D: Dimension,
{
    type Item = Result<HostArray<T, D>>;

    /// Starts as many chunks as the window has room for, then blocks until the oldest result has arrived.
    fn next(&mut self) -> Option<Self::Item> {
        self.fill();
        match self.under_way.pop_front() {
            Some(readback) => {
                let result = readback.wait();
                Some(self.deliver(result))
            }
            None => self.failed.take().map(Err),
        }
    }
}

impl<C, F, T, D> futures::Stream for ChunkStream<C, F, T, D>
where
    C: Iterator<Item: Chunk>,
    F: FnMut(&DeviceArray<<C::Item as Chunk>::Elem, <C::Item as Chunk>::Dim>) -> Result<DeviceArray<T, D>>,
    T: Element,
    D: Dimension,
{
    type Item = Result<HostArray<T, D>>;

    /// Starts as many chunks as the window has room for. Reading the source, copying uploads and computing on the CPU
    /// engine happen on this thread; nothing waits for a GPU.
    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.fill();
        let Some(oldest) = self.under_way.front_mut() else {
            return Poll::Ready(self.failed.take().map(Err));
        };
        let result = std::task::ready!(Pin::new(oldest).poll(task));
        self.under_way.pop_front();
        Poll::Ready(Some(self.deliver(result)))
    }
}

// No field is structurally pinned.
impl<C, F, T: Element, D: Dimension> Unpin for ChunkStream<C, F, T, D> {}

impl<C, F, T: Element, D: Dimension> std::fmt::Debug for ChunkStream<C, F, T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkStream")
            .field("device", &self.device)
            .field("window", &self.window)
            .field("progress", &self.progress())
            .finish()
    }
}
