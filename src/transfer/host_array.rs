//! [`HostArray`]: data that has landed, viewed where it landed.

use std::sync::Arc;

use bytemuck::cast_slice;
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension};

use crate::device::transfers::TransferCost;
use crate::element::Element;
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::host::alloc::collected;
use crate::engine::host::memory::Snapshot;
use crate::error::Result;

/// An array that has arrived on the host.
///
/// [`view`](Self::view) looks at the memory in which it arrived (the mapped staging buffer, the mapped array itself, or
/// the CPU engine's memory); only [`into_array`](Self::into_array) copies it out. Dropping it unmaps the memory and gives
/// it back to its pool.
pub struct HostArray<T: Element, D: Dimension> {
    landed: Landed<T>,
    shape: D,
    cost: TransferCost,
}

/// Where the values are.
pub(crate) enum Landed<T: Element> {
    /// In the CPU engine's memory.
    Shared(Snapshot<T>),
    /// In a mapped buffer, at its start.
    Mapped(MappedBuffer),
    /// Nowhere: there are none.
    Empty,
}

/// A buffer that is mapped for reading, unmapped when this is dropped and then given back.
pub(crate) struct MappedBuffer {
    // Before the buffer, so that the view ends first.
    view: Option<wgpu::BufferView>,
    buffer: Arc<GpuBuffer>,
}

impl MappedBuffer {
    /// Looks at the first `bytes` of a buffer whose mapping has been granted.
    pub fn new(buffer: Arc<GpuBuffer>, bytes: u64) -> Result<Self> {
        let view = buffer.mapped(bytes.next_multiple_of(4))?;
        Ok(Self { view: Some(view), buffer })
    }

    pub fn bytes(&self) -> &[u8] {
        self.view.as_deref().unwrap_or_default()
    }

    /// The first elements. What comes behind them need not make up whole ones.
    fn elements<T: Element>(&self, len: usize) -> &[T] {
        cast_slice(&self.bytes()[..len * size_of::<T>()])
    }
}

impl Drop for MappedBuffer {
    fn drop(&mut self) {
        self.view = None;
        self.buffer.unmap();
    }
}

impl<T: Element, D: Dimension> HostArray<T, D> {
    pub(crate) fn new(landed: Landed<T>, shape: D, cost: TransferCost) -> Self {
        Self { landed, shape, cost }
    }

    /// The values in the memory where they arrived. Copies nothing.
    ///
    /// On some systems mapped memory is slow to read one value at a time in random order; sweeping over it once is
    /// always fast.
    pub fn view(&self) -> ArrayView<'_, T, D> {
        // The shape is that of the device array, whose length the memory was made for.
        ArrayView::from_shape(self.shape.clone(), self.values()).expect("as many values as the shape says")
    }

    /// The same for writing, if this is the engine's memory and nobody else can see it: on the CPU engine after
    /// [`into_readback`](crate::DeviceArray::into_readback) of an array that was not shared. `None` otherwise.
    pub fn view_mut(&mut self) -> Option<ArrayViewMut<'_, T, D>> {
        match &mut self.landed {
            Landed::Shared(values) => ArrayViewMut::from_shape(self.shape.clone(), values.exclusive()?).ok(),
            Landed::Mapped(_) | Landed::Empty => None,
        }
    }

    /// The values as an array of their own. Copies them once, except on the CPU engine when nothing else shares the
    /// memory (after [`into_readback`](crate::DeviceArray::into_readback)).
    ///
    /// Where memory for the copy cannot be had the process ends, as with any vector: [`try_into_array`](Self::try_into_array)
    /// gives an error.
    pub fn into_array(self) -> Array<T, D> {
        let layout = std::alloc::Layout::for_value(self.values());
        self.try_into_array().unwrap_or_else(|_| std::alloc::handle_alloc_error(layout))
    }

    /// The same, and an error where memory for the copy cannot be had.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn try_into_array(self) -> Result<Array<T, D>> {
        let Self { landed, shape, .. } = self;
        let len = shape.size();
        let values = match landed {
            Landed::Shared(values) => values.into_vec()?,
            Landed::Mapped(mapped) => collected(mapped.elements(len).iter().copied(), len)?,
            Landed::Empty => Vec::new(),
        };
        Ok(Array::from_shape_vec(shape, values).expect("as many values as the shape says"))
    }

    /// What it cost to bring this here.
    pub fn cost(&self) -> TransferCost {
        self.cost
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    fn values(&self) -> &[T] {
        let len = self.shape.size();
        match &self.landed {
            Landed::Shared(values) => values,
            Landed::Mapped(mapped) => mapped.elements(len),
            Landed::Empty => &[],
        }
    }
}

impl<T: Element, D: Dimension> std::fmt::Debug for HostArray<T, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostArray").field("values", &self.view()).field("cost", &self.cost).finish()
    }
}
