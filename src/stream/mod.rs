//! Data larger than a device holds: [`Device::stream`] takes them chunk by chunk, with upload, computation and readback of
//! neighbouring chunks under way at once, in memory that a window bounds.
//!
//! - [`chunk`]: what a chunk may be
//! - [`progress`]: how far a stream has come
//!
//! There is no thread behind it. A GPU computes while the host fills the next chunk's staging memory or is busy with the
//! results of the last one; whoever asks for the next result also starts the chunks that the window has room for.

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

/// Chunks under way at a time, unless [`ChunkStream::window`] says otherwise: one on its way to the device, one being
/// computed, one on its way back.
const WINDOW: usize = 3;

/// The results of an operation on chunk after chunk, in their order: an [`Iterator`] and a [`futures::Stream`]. Made by
/// [`Device::stream`].
///
/// On wasm32, where nothing can block in a browser, only a [`futures::Stream`].
///
/// The first error is the last item: the results before it are delivered, what came after it is given up. Its message names
/// the chunk by its number, from 0; indices that it names are the chunk's own. Dropping the
/// stream gives up what is under way, and frees it.
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
    /// None once it is exhausted, or of no more use.
    chunks: Option<C>,
    operation: F,
    window: usize,
    under_way: VecDeque<Readback<T, D>>,
    /// Chunks that the source was asked for and gave, or should have given.
    asked: u64,
    /// What the chunk after those under way met with.
    failed: Option<Error>,
    monitor: StreamMonitor,
}

impl Device {
    /// Runs an operation on chunk after chunk of data that need not fit the device, nor the host.
    ///
    /// `chunks` yields arrays of the host's, or views or references (see [`Chunk`]), or `Result`s of them where reading can
    /// fail. `operation` gets each on the device and returns what is to come back. Results come in the order of the chunks,
    /// which may differ in shape.
    ///
    /// At most [`window`](ChunkStream::window) chunks are under way, 3 by default, so that memory is bounded, however many
    /// there are: on the device by their inputs, outputs and what the operation needs between. Tables and weights that the
    /// closure uses are uploaded once, before.
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
    /// Costs what [`upload`](Device::upload), the operation and [`into_readback`](DeviceArray::into_readback) cost for each
    /// chunk, overlapped where the device is not the host's own processor. The CPU engine takes over arrays that it is given
    /// (rather than views) without a copy, and computes a chunk when it is asked for.
    ///
    /// # Errors
    ///
    /// None here; those of the source, the operation and the transfers come as the last item, with the number of the chunk in
    /// the message. What the source failed with is the [`source`](std::error::Error::source) of that error (see [`Chunk`]).
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
    /// How many chunks may be under way at a time; at least 1. More than the 3 it is without this call help where chunks
    /// are small or their times uneven, and cost memory.
    pub fn window(mut self, chunks: usize) -> Self {
        self.window = chunks.max(1);
        self
    }

    /// Starts as many chunks as there is room for.
    fn fill(&mut self) {
        // The CPU engine has done what it is asked for when the call returns: there is nothing to overlap.
        let room = if self.device.engine().gpu().is_none() { 1 } else { self.window };
        while self.under_way.len() < room {
            // If the source or the operation panics, that was the last chunk.
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
        output.device().expect(&self.device, "the result of the operation")?;
        let readback = output.into_readback();
        // So that the device begins while the host prepares the next chunk.
        if let Some(context) = self.device.engine().gpu() {
            context.flush_soon();
        }
        Ok(readback)
    }

    /// What the oldest chunk came to.
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

    /// Gives up what has not been delivered.
    fn stop(&mut self) {
        self.chunks = None;
        self.under_way.clear();
        self.failed = None;
    }
}

/// What went wrong, and with which chunk: messages count elements and rows from its start.
fn at_chunk(number: u64, error: Error) -> Error {
    error.at(format_args!("chunk {number} (the first is 0)"))
}

impl<C, F, T: Element, D: Dimension> ChunkStream<C, F, T, D> {
    /// How far it has come.
    pub fn progress(&self) -> StreamProgress {
        self.monitor.progress()
    }

    /// A handle to the same numbers, for whoever draws a bar while the stream is consumed elsewhere.
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

    /// Starts the chunks that there is room for, then blocks until the oldest has arrived.
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

    /// Starts the chunks that there is room for. Their source is asked on this thread, uploads copy on it, and the CPU
    /// engine computes; nothing waits for a GPU.
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

// Nothing is pinned in place.
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
