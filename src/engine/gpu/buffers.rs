//! GPU memory: [`GpuBuffer`], and the pool that buffers are taken from and recycled into.
//!
//! wgpu clears a fresh buffer and the system faults its pages in, which costs far more than using it; a pooled buffer
//! costs next to nothing. Storage is recycled when its last owner drops it, even while commands that use it are still
//! executing: commands run in the order they were recorded, so the next owner's come after them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::info::DeviceInfo;
use crate::engine::pool::LruPool;
use crate::error::{Error, ErrorKind, Result};

/// The size of the pool.
const KEPT_BYTES: u64 = 512 << 20;
/// Nothing smaller is allocated: bindings must not be empty, and copies go in words of 4 bytes.
const SMALLEST: u64 = 256;

/// What a buffer is used for, which decides its wgpu usages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Holds an array. Where memory is unified it can also be mapped for reading.
    Storage,
    /// Staging memory of readbacks.
    Readback,
    /// Staging memory of uploads. Taken from the pool mapped for writing.
    Upload,
}

/// A buffer from the pool, or one that the application brought.
pub(crate) struct GpuBuffer {
    raw: wgpu::Buffer,
    /// Where the elements begin, in bytes: a multiple of the device's alignment; 0 in all of our own.
    offset: u64,
    purpose: Purpose,
    /// Recycled into this pool; none for a buffer of the application's.
    pool: Option<Arc<BufferPool>>,
    /// The application has a handle to it, so it must not be recycled.
    exposed: AtomicBool,
}

impl GpuBuffer {
    /// A buffer that the application owns, from this byte on.
    pub fn foreign(raw: wgpu::Buffer, offset: u64) -> Self {
        Self { raw, offset, purpose: Purpose::Storage, pool: None, exposed: AtomicBool::new(true) }
    }

    pub fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }

    /// Where the elements begin, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of bytes from there on.
    pub fn room(&self) -> u64 {
        self.raw.size() - self.offset
    }

    /// The buffer, for the application to keep a handle to.
    pub fn expose(&self) -> &wgpu::Buffer {
        self.exposed.store(true, Ordering::Relaxed);
        &self.raw
    }

    /// Keeps it from being recycled: a mapping of it may still be in flight.
    pub fn discard(&self) {
        self.exposed.store(true, Ordering::Relaxed);
    }

    /// The first `bytes` of a completed mapping. Fails only on a lost device.
    pub fn mapped(&self, bytes: u64) -> Result<wgpu::BufferView> {
        self.raw.slice(0..bytes).get_mapped_range().map_err(|error| {
            self.discard();
            match &self.pool {
                Some(pool) => pool.device.lose_by(error),
                None => Error::new(ErrorKind::Driver, error.to_string()).with_source(Arc::new(error)),
            }
        })
    }

    /// Ends a mapping. On a lost device this may fail, which no longer matters, but a buffer that may still be mapped
    /// must not be recycled.
    pub fn unmap(&self) {
        match &self.pool {
            Some(pool) if pool.device.with_error_scope(|| self.raw.unmap()).is_ok() => {}
            Some(_) => self.discard(),
            None => self.raw.unmap(),
        }
    }

    /// Whether it can be mapped in place.
    pub fn is_mappable(&self) -> bool {
        self.raw.usage().contains(wgpu::BufferUsages::MAP_READ) && !self.exposed.load(Ordering::Relaxed)
    }
}

impl Drop for GpuBuffer {
    fn drop(&mut self) {
        if let (Some(pool), false) = (&self.pool, self.exposed.load(Ordering::Relaxed)) {
            pool.recycle(self.purpose, self.raw.clone());
        }
    }
}

/// The recycled buffers of a device.
pub(crate) struct BufferPool {
    device: Arc<ScopedDevice>,
    name: String,
    largest: u64,
    mappable_storage: bool,
    /// By purpose and size.
    free: LruPool<(Purpose, u64), wgpu::Buffer>,
}

impl BufferPool {
    pub fn new(device: &Arc<ScopedDevice>, info: &DeviceInfo) -> Arc<Self> {
        Arc::new(Self {
            device: device.clone(),
            name: info.name.clone(),
            largest: info.limits.max_buffer_bytes,
            mappable_storage: info.unified_memory,
            free: LruPool::new(KEPT_BYTES),
        })
    }

    /// A buffer of at least `bytes` with any contents.
    pub fn take(self: &Arc<Self>, purpose: Purpose, bytes: u64) -> Result<GpuBuffer> {
        let raw = self.take_raw(purpose, bytes)?;
        Ok(GpuBuffer { raw, offset: 0, purpose, pool: Some(self.clone()), exposed: AtomicBool::new(false) })
    }

    /// The same without an owner that recycles it: for upload staging, which is recycled once it is mapped again.
    pub fn take_raw(&self, purpose: Purpose, bytes: u64) -> Result<wgpu::Buffer> {
        self.device.health()?;
        if bytes > self.largest {
            return Err(Error::too_large("an array", bytes, self.largest, &self.name));
        }
        let size = size_class(bytes).min(self.largest);
        if let Some(buffer) = self.reuse(purpose, size) {
            return Ok(buffer);
        }
        match self.create(purpose, size) {
            Err(wgpu::Error::OutOfMemory { .. }) => {
                self.purge();
                self.create(purpose, size)
            }
            created => created,
        }
        .map_err(|error| match error {
            wgpu::Error::OutOfMemory { .. } => {
                Error::out_of_memory(size, &self.name, "drop arrays that are no longer needed, or work in pieces")
                    .with_source(Arc::new(error))
            }
            other => self.device.classify("creating a buffer", other),
        })
        .and_then(|buffer| self.device.health().map(|()| buffer))
    }

    /// A recycled buffer of this size, if there is any.
    pub fn reuse(&self, purpose: Purpose, size: u64) -> Option<wgpu::Buffer> {
        self.free.take((purpose, size)..=(purpose, size))
    }

    /// Recycles a buffer. Storage and readback buffers must be unmapped, upload buffers mapped.
    pub fn recycle(&self, purpose: Purpose, buffer: wgpu::Buffer) {
        self.free.put((purpose, buffer.size()), buffer.size(), buffer);
    }

    /// Frees all recycled buffers.
    fn purge(&self) {
        self.free.clear();
        // wgpu frees memory in a poll only.
        self.device.poll(wgpu::PollType::Poll);
    }

    fn create(&self, purpose: Purpose, size: u64) -> std::result::Result<wgpu::Buffer, wgpu::Error> {
        use wgpu::BufferUsages as Usage;
        let usage = match purpose {
            Purpose::Storage => {
                let mappable = if self.mappable_storage { Usage::MAP_READ } else { Usage::empty() };
                Usage::STORAGE | Usage::UNIFORM | Usage::COPY_SRC | Usage::COPY_DST | mappable
            }
            Purpose::Readback => Usage::COPY_DST | Usage::MAP_READ,
            Purpose::Upload => Usage::COPY_SRC | Usage::MAP_WRITE,
        };
        let label = match purpose {
            Purpose::Storage => "ndgpu array",
            Purpose::Readback => "ndgpu readback staging",
            Purpose::Upload => "ndgpu upload staging",
        };
        self.device.with_error_scope(|| {
            self.device.raw().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: purpose == Purpose::Upload,
            })
        })
    }
}

/// The size that is allocated for `bytes`: sizes within an eighth share a class, so that their buffers are
/// interchangeable.
pub(crate) fn size_class(bytes: u64) -> u64 {
    let bytes = bytes.max(SMALLEST);
    let step = (1_u64 << bytes.ilog2()) / 8;
    bytes.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_waste_an_eighth_at_most_and_keep_powers_of_two() {
        for bytes in (0..2000).chain([4095, 4096, 4097, (64 << 20) - 1, 64 << 20, (64 << 20) + 1]) {
            let class = size_class(bytes);
            assert!(class >= bytes && class.is_multiple_of(4), "{bytes}");
            assert!(class <= SMALLEST.max(bytes + bytes / 8 + 1), "{bytes} -> {class}");
            assert_eq!(size_class(class), class);
        }
        assert_eq!(size_class(64 << 20), 64 << 20);
    }
}
