//! Memory and queues of both engines. No algorithm lives here.

pub(crate) mod check;
pub(crate) mod gpu;
pub(crate) mod host;
pub(crate) mod info;
pub(crate) mod pool;
pub(crate) mod storage;

use std::sync::Arc;

use bytemuck::{Pod, cast_slice};
use ndarray::{ArrayView, IxDyn};

use crate::element::bytes_of;
use crate::engine::check::{Check, CheckKind};
use crate::engine::gpu::GpuContext;
use crate::engine::gpu::buffers::GpuBuffer;
use crate::engine::gpu::queue::UPLOAD_PIECE;
use crate::engine::host::alloc::zeroed;
use crate::engine::host::gather::{gather, gather_part, simplified};
use crate::engine::host::memory::{HostBuffer, HostPool, Owner};
use crate::engine::storage::Storage;
use crate::error::Result;

/// An engine: the memory of arrays, and what runs operations on them.
pub(crate) enum Engine {
    Cpu(Arc<HostPool>),
    Gpu(Arc<GpuContext>),
}

impl From<GpuContext> for Engine {
    fn from(context: GpuContext) -> Self {
        Self::Gpu(Arc::new(context))
    }
}

impl Engine {
    /// A new CPU engine.
    pub fn cpu() -> Self {
        Self::Cpu(Arc::default())
    }

    /// The context of a GPU: wgpu's buffers, and a queue that has to be served.
    pub fn gpu(&self) -> Option<&Arc<GpuContext>> {
        match self {
            Self::Cpu(_) => None,
            Self::Gpu(context) => Some(context),
        }
    }

    /// Whether calls return before their work is done.
    pub fn works_ahead(&self) -> bool {
        matches!(self, Self::Gpu(_))
    }

    /// Whether the host's memory can become an array's.
    pub fn adopts_memory(&self) -> bool {
        matches!(self, Self::Cpu(_))
    }

    /// Whether overwriting that fails may have written a part.
    pub fn may_write_in_part(&self) -> bool {
        matches!(self, Self::Gpu(_))
    }

    /// Begins with what has been asked for, without waiting.
    pub fn begin(&self) {
        match self {
            Self::Cpu(_) => {}
            Self::Gpu(context) => context.flush_soon(),
        }
    }

    /// Memory for `len` elements with unspecified contents.
    pub fn allocate<T: Pod + Send + Sync>(&self, len: usize) -> Result<Storage> {
        match self {
            Self::Cpu(pool) => Storage::host_buffer(HostBuffer::<T>::new(pool, len)?),
            Self::Gpu(context) => Ok(Storage::Gpu(Arc::new(context.storage(bytes_of::<T>(len))?))),
        }
    }

    /// Copies the first `len` elements of one storage to another, now.
    pub fn copy<T: Pod + Send + Sync>(&self, from: &Storage, to: &Storage, len: usize) -> Result<()> {
        if from.id() == to.id() {
            return Ok(());
        }
        match self {
            Self::Cpu(_) => {
                let values = from.host::<T>()?.snapshot();
                to.host::<T>()?.write(|target| target[..len].copy_from_slice(&values[..len]))
            }
            Self::Gpu(context) => context.copy(from.gpu()?, to.gpu()?, bytes_of::<T>(len)),
        }
    }

    /// Stores values in new memory.
    pub fn store<T: Pod + Send + Sync>(&self, host: ArrayView<'_, T, IxDyn>) -> Result<Storage> {
        match self {
            Self::Cpu(pool) => {
                let mut vector = pool.take(host.len())?;
                gather(&host, &mut vector);
                Storage::host_buffer(HostBuffer::holding(pool, vector))
            }
            Self::Gpu(context) => {
                let buffer = Arc::new(context.storage(bytes_of::<T>(host.len()))?);
                write_gpu(context, &buffer, host)?;
                Ok(Storage::Gpu(buffer))
            }
        }
    }

    /// Overwrites memory with as many values as it holds.
    pub fn store_over<T: Pod + Send + Sync>(&self, storage: &Storage, host: ArrayView<'_, T, IxDyn>) -> Result<()> {
        match self {
            Self::Cpu(_) => storage.host::<T>()?.write(|values| gather(&host, values)),
            Self::Gpu(context) => write_gpu(context, storage.gpu()?, host),
        }
    }

    /// Adopts values with their owner: the CPU engine reads them in place, a GPU gets a copy.
    pub fn store_owned<T: Pod + Send + Sync>(&self, owner: Owner<T>) -> Result<Storage> {
        match self {
            Self::Cpu(pool) => Storage::host_buffer(HostBuffer::over(pool, owner)),
            Self::Gpu(_) => self.store(ArrayView::from((*owner).as_ref()).into_dyn()),
        }
    }

    /// Adopts a vector: the CPU engine computes in its memory, a GPU gets a copy.
    pub fn store_vector<T: Pod + Send + Sync>(&self, vector: Vec<T>) -> Result<Storage> {
        match self {
            Self::Cpu(pool) => Storage::host_buffer(HostBuffer::adopting(pool, vector)),
            Self::Gpu(_) => self.store(ArrayView::from(&vector[..]).into_dyn()),
        }
    }

    /// A check to be carried out now.
    pub fn check(&self, kind: CheckKind) -> Result<Arc<Check>> {
        match self {
            Self::Cpu(_) => Ok(Check::on_host(kind)),
            Self::Gpu(context) => context.check(kind),
        }
    }

    /// Waits until all requested operations are complete.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn synchronize(&self) -> Result<()> {
        match self {
            Self::Cpu(_) => Ok(()),
            Self::Gpu(context) => context.synchronize(),
        }
    }

    /// The number of submissions to a GPU's queue.
    pub fn submissions(&self) -> u64 {
        match self {
            Self::Cpu(_) => 0,
            Self::Gpu(context) => context.submissions(),
        }
    }
}

/// Writes to staging memory sequentially, which suits memory that the processor does not cache.
fn write_gpu<T: Pod + Send + Sync>(
    context: &GpuContext,
    buffer: &GpuBuffer,
    host: ArrayView<'_, T, IxDyn>,
) -> Result<()> {
    let bytes = bytes_of::<T>(host.len());
    if let Some(values) = host.as_slice() {
        let source: &[u8] = cast_slice(values);
        return context.upload(buffer, bytes, |start, mut staging| {
            let start = start as usize;
            staging.copy_from_slice(&source[start..start + staging.len()]);
        });
    }
    let host = simplified(host);
    let mut piece = zeroed::<T>(host.len().min(UPLOAD_PIECE as usize / size_of::<T>()))?;
    context.upload(buffer, bytes, |start, mut staging| {
        let piece = &mut piece[..staging.len() / size_of::<T>()];
        gather_part(host.view(), start as usize / size_of::<T>(), piece);
        staging.copy_from_slice(cast_slice(piece));
    })
}
