//! [`Storage`]: where an array's elements lie, on either engine. Cloning shares the memory.

use std::sync::Arc;

use bytemuck::Pod;

use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::host::memory::HostBuffer;
use crate::error::{Error, ErrorKind, Result};

/// Which memory this is, among all that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MemoryId(usize);

/// Memory that an operation touches.
#[derive(Clone, Copy)]
pub(crate) struct Use {
    pub memory: MemoryId,
    pub bytes: u64,
}

/// Memory of one device, for elements of one type.
pub(crate) enum Storage<T: Pod + Send> {
    Host(Arc<HostBuffer<T>>),
    Gpu(Arc<GpuBuffer>),
}

impl<T: Pod + Send> Clone for Storage<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Host(buffer) => Self::Host(buffer.clone()),
            Self::Gpu(buffer) => Self::Gpu(buffer.clone()),
        }
    }
}

impl<T: Pod + Send> Storage<T> {
    /// The CPU engine's memory. An operation only meets storage of its own device; if not, that is an error, no panic.
    pub fn host(&self) -> Result<&HostBuffer<T>> {
        match self {
            Self::Host(buffer) => Ok(buffer),
            Self::Gpu(_) => Err(wrong_engine()),
        }
    }

    /// The GPU's buffer.
    pub fn gpu(&self) -> Result<&Arc<GpuBuffer>> {
        match self {
            Self::Gpu(buffer) => Ok(buffer),
            Self::Host(_) => Err(wrong_engine()),
        }
    }

    pub fn id(&self) -> MemoryId {
        MemoryId(match self {
            Self::Host(buffer) => Arc::as_ptr(buffer).addr(),
            Self::Gpu(buffer) => Arc::as_ptr(buffer).addr(),
        })
    }

    /// Says that an operation touches the first elements.
    pub fn used(&self, elements: usize) -> Use {
        Use { memory: self.id(), bytes: elements as u64 * size_of::<T>() as u64 }
    }

    /// Whether both are the same memory: also one buffer of the application's under two arrays.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gpu(one), Self::Gpu(another)) => one.raw() == another.raw(),
            _ => self.id() == other.id(),
        }
    }

    /// Whether nobody else shares this memory.
    pub fn is_unique(&mut self) -> bool {
        match self {
            Self::Host(buffer) => Arc::get_mut(buffer).is_some(),
            Self::Gpu(buffer) => Arc::get_mut(buffer).is_some(),
        }
    }
}

fn wrong_engine() -> Error {
    Error::new(ErrorKind::DeviceMismatch, "an array of another device's engine; bring it over with to_device first")
}
