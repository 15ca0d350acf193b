//! [`Storage`]: the memory of an array's elements, on either engine. Cloning shares it.
//!
//! It has no type parameter: on the host the variant of [`HostMemory`] tells the type of the elements, on a GPU the
//! code that binds the buffer knows it. So structs that hold a storage are plain data, and the type comes back where a
//! kernel asks for it.

use std::any::Any;
use std::sync::Arc;

use bytemuck::Pod;

use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::host::memory::HostBuffer;
use crate::error::{Error, ErrorKind, Result};

/// Identifies memory among all that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MemoryId(usize);

/// Memory that an operation touches.
#[derive(Clone, Copy)]
pub(crate) struct MemoryAccess {
    pub memory: MemoryId,
    pub bytes: u64,
}

/// Memory of one device.
#[derive(Clone)]
pub(crate) enum Storage {
    Host(HostMemory),
    Gpu(Arc<GpuBuffer>),
}

/// Memory of the CPU engine, by element type.
#[derive(Clone)]
pub(crate) enum HostMemory {
    F32(Arc<HostBuffer<f32>>),
    F64(Arc<HostBuffer<f64>>),
    /// Indices, and the ordered keys of f32.
    U32(Arc<HostBuffer<u32>>),
    /// The ordered keys of f64.
    U64(Arc<HostBuffer<u64>>),
}

/// Evaluates an expression with the buffer inside, of any type.
macro_rules! on_host {
    ($memory:expr, $buffer:ident => $result:expr) => {
        match $memory {
            HostMemory::F32($buffer) => $result,
            HostMemory::F64($buffer) => $result,
            HostMemory::U32($buffer) => $result,
            HostMemory::U64($buffer) => $result,
        }
    };
}

impl HostMemory {
    /// Wraps a buffer in the variant of its type.
    fn holding<T: Pod + Send + Sync>(buffer: HostBuffer<T>) -> Result<Self> {
        let buffer: Arc<dyn Any + Send + Sync> = Arc::new(buffer);
        let buffer = match buffer.downcast() {
            Ok(floats) => return Ok(Self::F32(floats)),
            Err(other) => other,
        };
        let buffer = match buffer.downcast() {
            Ok(floats) => return Ok(Self::F64(floats)),
            Err(other) => other,
        };
        let buffer = match buffer.downcast() {
            Ok(words) => return Ok(Self::U32(words)),
            Err(other) => other,
        };
        buffer.downcast().map(Self::U64).map_err(|_| wrong_type::<T>())
    }

    /// The buffer, if it holds this type.
    fn get<T: Pod + Send + Sync>(&self) -> Result<&HostBuffer<T>> {
        on_host!(self, buffer => (&**buffer as &dyn Any).downcast_ref()).ok_or_else(wrong_type::<T>)
    }
}

impl Storage {
    /// Wraps a buffer of the CPU engine.
    pub fn host_buffer<T: Pod + Send + Sync>(buffer: HostBuffer<T>) -> Result<Self> {
        HostMemory::holding(buffer).map(Self::Host)
    }

    /// The CPU engine's memory. An operation only meets storage of its own device and of the type it was made for; a
    /// mismatch is an error, not a panic.
    pub fn host<T: Pod + Send + Sync>(&self) -> Result<&HostBuffer<T>> {
        match self {
            Self::Host(memory) => memory.get(),
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
            Self::Host(memory) => on_host!(memory, buffer => Arc::as_ptr(buffer).addr()),
            Self::Gpu(buffer) => Arc::as_ptr(buffer).addr(),
        })
    }

    /// Declares that an operation touches the first `bytes`.
    pub fn access(&self, bytes: u64) -> MemoryAccess {
        MemoryAccess { memory: self.id(), bytes }
    }

    /// Whether both are the same memory, such as one buffer of the application under two arrays.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Gpu(one), Self::Gpu(another)) => one.raw() == another.raw(),
            _ => self.id() == other.id(),
        }
    }

    /// Whether this is the only handle to the memory.
    pub fn is_unique(&mut self) -> bool {
        match self {
            Self::Host(memory) => on_host!(memory, buffer => Arc::get_mut(buffer).is_some()),
            Self::Gpu(buffer) => Arc::get_mut(buffer).is_some(),
        }
    }
}

fn wrong_engine() -> Error {
    Error::new(ErrorKind::DeviceMismatch, "an array of another device's engine; bring it over with to_device first")
}

fn wrong_type<T>() -> Error {
    let wanted = std::any::type_name::<T>();
    Error::new(
        ErrorKind::UnsupportedElement,
        format!("an operation met memory that does not hold {wanted}; this is a bug in ndgpu, please report it"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_its_type_and_refuses_others() {
        let pool = Arc::default();
        let storage = Storage::host_buffer(HostBuffer::<u64>::new(&pool, 3).unwrap()).unwrap();
        assert!(matches!(storage, Storage::Host(HostMemory::U64(_))));
        assert_eq!(storage.host::<u64>().unwrap().snapshot().len(), 3);
        let refused = storage.host::<f64>().err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::UnsupportedElement);
        assert!(Storage::host_buffer(HostBuffer::<u8>::new(&pool, 3).unwrap()).is_err());
    }
}
