//! [`HostArray`]: data that have arrived on the host, viewed in place.

use std::sync::Arc;

use bytemuck::cast_slice;
use ndarray::{Array, ArrayView, ArrayViewMut, Dimension};

use crate::device::transfers::TransferCost;
use crate::element::Element;
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::host::alloc::try_collect;
use crate::engine::host::memory::Snapshot;
use crate::error::Result;

/// An array that has arrived on the host.
///
/// [`view`](Self::view) borrows the memory in which it arrived (the mapped staging buffer, the mapped array itself, or
/// the CPU engine's memory); only [`into_array`](Self::into_array) copies. Dropping it unmaps the memory and returns it
/// to its pool.
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
    /// Nowhere: the array is empty.
    Empty,
}

/// A buffer mapped for reading. Dropping this unmaps it and returns it to its pool.
pub(crate) struct MappedBuffer {
    // Declared before the buffer: the view has to be dropped first.
    view: Option<wgpu::BufferView>,
    buffer: Arc<GpuBuffer>,
}

impl MappedBuffer {
    /// Views the first `bytes` of a buffer whose mapping has completed.
    pub fn new(buffer: Arc<GpuBuffer>, bytes: u64) -> Result<Self> {
        let view = buffer.mapped(bytes.next_multiple_of(4))?;
        Ok(Self { view: Some(view), buffer })
    }

    pub fn bytes(&self) -> &[u8] {
        self.view.as_deref().unwrap_or_default()
    }

    /// The first `len` elements. The bytes after them need not form whole elements.
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

    /// The values, in the memory in which they arrived. Copies nothing.
    ///
    /// On some systems random reads of single values from mapped memory are slow; a sequential pass is always fast.
    pub fn view(&self) -> ArrayView<'_, T, D> {
        // The memory was allocated for this shape.
        ArrayView::from_shape(self.shape.clone(), self.values()).expect("as many values as the shape says")
    }

    /// The values for writing, if the memory is the engine's and not shared: on the CPU engine after
    /// [`into_readback`](crate::DeviceArray::into_readback) of an array without other handles. `None` otherwise.
    pub fn view_mut(&mut self) -> Option<ArrayViewMut<'_, T, D>> {
        match &mut self.landed {
            Landed::Shared(values) => ArrayViewMut::from_shape(self.shape.clone(), values.exclusive()?).ok(),
            Landed::Mapped(_) | Landed::Empty => None,
        }
    }

    /// The values as an owned array. Copies them once, except on the CPU engine when nothing else shares the memory
    /// (after [`into_readback`](crate::DeviceArray::into_readback)).
    ///
    /// If memory for the copy cannot be allocated the process ends, as with any vector;
    /// [`try_into_array`](Self::try_into_array) returns an error instead.
    pub fn into_array(self) -> Array<T, D> {
        let layout = std::alloc::Layout::for_value(self.values());
        self.try_into_array().unwrap_or_else(|_| std::alloc::handle_alloc_error(layout))
    }

    /// [`into_array`](Self::into_array), with an error if memory for the copy cannot be allocated.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn try_into_array(self) -> Result<Array<T, D>> {
        let Self { landed, shape, .. } = self;
        let len = shape.size();
        let values = match landed {
            Landed::Shared(values) => values.into_vec()?,
            Landed::Mapped(mapped) => try_collect(mapped.elements(len).iter().copied(), len)?,
            Landed::Empty => Vec::new(),
        };
        Ok(Array::from_shape_vec(shape, values).expect("as many values as the shape says"))
    }

    /// The cost of the transfer.
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
