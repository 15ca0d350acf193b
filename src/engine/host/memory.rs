//! The CPU engine's memory: [`HostBuffer`], a vector with many readers and one writer at a time, and [`HostPool`],
//! which recycles freed vectors (the page faults of fresh memory cost more than computing on it).
//!
//! A reader takes a snapshot and keeps it as long as it likes. A writer writes in place while there is no snapshot,
//! else to other memory: readers keep the old values, and hold no lock while they read.

use std::any::{Any, TypeId};
use std::sync::{Arc, PoisonError, RwLock};

use bytemuck::Pod;

use crate::engine::host::alloc::try_collect;
use crate::engine::pool::LruPool;
use crate::error::{Error, Result};

/// The capacity of the pool, in bytes.
const KEPT_BYTES: u64 = 256 << 20;
/// Smaller vectors, in bytes, are left to the allocator, which is good at them.
const WORTH_KEEPING: usize = 64 << 10;

/// A pool of freed vectors.
pub(crate) struct HostPool {
    /// Keyed by type and length.
    free: LruPool<(TypeId, usize), Box<dyn Any + Send>>,
}

impl Default for HostPool {
    fn default() -> Self {
        Self { free: LruPool::new(KEPT_BYTES) }
    }
}

impl HostPool {
    /// A vector of `len` elements with unspecified contents: zero if fresh, those of an earlier use if recycled.
    pub fn take<T: Pod + Send>(&self, len: usize) -> Result<Vec<T>> {
        let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
        let Some(bytes) = bytes else {
            return Err(Error::too_large("an array", u64::MAX, isize::MAX as u64, "the CPU engine"));
        };
        if bytes >= WORTH_KEEPING
            && let Some(vector) = self.reuse(len)
        {
            return Ok(vector);
        }
        bytemuck::allocation::try_zeroed_slice_box(len)
            .map(Vec::from)
            .map_err(|()| Error::out_of_memory(bytes as u64, "the CPU engine", "free some arrays, or work in pieces"))
    }

    fn reuse<T: Pod + Send>(&self, len: usize) -> Option<Vec<T>> {
        let of = TypeId::of::<T>();
        let kept = self.free.take((of, len)..=(of, len + len / 8))?;
        let mut vector = *kept.downcast::<Vec<T>>().ok()?;
        vector.truncate(len);
        Some(vector)
    }

    fn recycle<T: Pod + Send>(&self, vector: Vec<T>) {
        let bytes = vector.capacity() * size_of::<T>();
        if bytes < WORTH_KEEPING {
            return;
        }
        self.free.put((TypeId::of::<T>(), vector.len()), bytes as u64, Box::new(vector));
    }
}

/// The owner of memory that is not the engine's, through which it is read.
pub(crate) type Owner<T> = Arc<dyn AsRef<[T]> + Send + Sync>;

/// Values with many readers. Dereferencing asks their owner for them, so loops do it once, before they begin.
pub(crate) enum Values<T> {
    /// In a vector of the engine.
    Own(Arc<Vec<T>>),
    /// In the caller's memory, which is never written.
    Foreign(Owner<T>),
}

impl<T> Clone for Values<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Own(vector) => Self::Own(vector.clone()),
            Self::Foreign(owner) => Self::Foreign(owner.clone()),
        }
    }
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self::Own(Arc::default())
    }
}

impl<T> std::ops::Deref for Values<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Own(vector) => vector,
            Self::Foreign(owner) => (**owner).as_ref(),
        }
    }
}

impl<T> Values<T> {
    /// The vector, if it is the engine's and not shared.
    fn into_own(self) -> std::result::Result<Vec<T>, Self> {
        match self {
            Self::Own(vector) => Arc::try_unwrap(vector).map_err(Self::Own),
            foreign => Err(foreign),
        }
    }
}

/// Memory of the CPU engine.
pub(crate) struct HostBuffer<T: Pod + Send> {
    data: RwLock<Values<T>>,
    pool: Arc<HostPool>,
    /// Whether its memory came from the pool. Other memory goes to the allocator: its size may never be requested
    /// again.
    is_pooled: bool,
}

impl<T: Pod + Send> HostBuffer<T> {
    /// A buffer of `len` elements with unspecified contents.
    pub fn new(pool: &Arc<HostPool>, len: usize) -> Result<Self> {
        Ok(Self::holding(pool, pool.take(len)?))
    }

    /// Wraps a vector of the pool.
    pub fn holding(pool: &Arc<HostPool>, vector: Vec<T>) -> Self {
        Self { data: RwLock::new(Values::Own(Arc::new(vector))), pool: pool.clone(), is_pooled: true }
    }

    /// Wraps the caller's memory. Writes go to other memory.
    pub fn over(pool: &Arc<HostPool>, owner: Owner<T>) -> Self {
        Self { data: RwLock::new(Values::Foreign(owner)), pool: pool.clone(), is_pooled: true }
    }

    /// Wraps a vector that is not the pool's.
    pub fn adopting(pool: &Arc<HostPool>, vector: Vec<T>) -> Self {
        let mut buffer = Self::holding(pool, vector);
        buffer.is_pooled = false;
        buffer
    }

    /// The current values, unaffected by later writes.
    pub fn snapshot(&self) -> Values<T> {
        self.data.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A snapshot for the host to keep.
    pub fn host_snapshot(&self) -> Snapshot<T> {
        Snapshot { values: self.snapshot(), pool: self.is_pooled.then(|| self.pool.clone()) }
    }

    /// Writes every element: in place if there is no snapshot, else into other memory of the same length.
    pub fn write<R>(&self, fill: impl FnOnce(&mut [T]) -> R) -> Result<R> {
        let mut data = self.data.write().unwrap_or_else(PoisonError::into_inner);
        if let Values::Own(vector) = &mut *data
            && let Some(vector) = Arc::get_mut(vector)
        {
            return Ok(fill(vector));
        }
        let mut vector = self.pool.take(data.len())?;
        let result = fill(&mut vector);
        *data = Values::Own(Arc::new(vector));
        Ok(result)
    }
}

/// A snapshot of a [`HostBuffer`], unaffected by later writes. Its last holder returns the memory to the pool.
pub(crate) struct Snapshot<T: Pod + Send> {
    values: Values<T>,
    /// The pool that the memory came from, if any.
    pool: Option<Arc<HostPool>>,
}

impl<T: Pod + Send> Snapshot<T> {
    /// The values for writing, if they are not shared.
    pub fn exclusive(&mut self) -> Option<&mut [T]> {
        match &mut self.values {
            Values::Own(vector) => Arc::get_mut(vector).map(Vec::as_mut_slice),
            Values::Foreign(_) => None,
        }
    }

    /// The values as a vector, copied if they are shared.
    pub fn into_vec(mut self) -> Result<Vec<T>> {
        let values = std::mem::take(&mut self.values);
        values.into_own().or_else(|shared| try_collect(shared.iter().copied(), shared.len()))
    }
}

impl<T: Pod + Send> std::ops::Deref for Snapshot<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values
    }
}

impl<T: Pod + Send> Drop for Snapshot<T> {
    fn drop(&mut self) {
        if let (Some(pool), Ok(vector)) = (&self.pool, std::mem::take(&mut self.values).into_own()) {
            pool.recycle(vector);
        }
    }
}

impl<T: Pod + Send> Drop for HostBuffer<T> {
    fn drop(&mut self) {
        let data = std::mem::take(self.data.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let (true, Ok(vector)) = (self.is_pooled, data.into_own()) {
            self.pool.recycle(vector);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_outlives_what_is_written_later() {
        let pool = Arc::new(HostPool::default());
        let buffer = HostBuffer::holding(&pool, vec![1.0_f32, 2.0]);
        let before = buffer.snapshot();
        buffer.write(|values| values.fill(7.0)).unwrap();
        assert_eq!(*before, [1.0, 2.0]);
        assert_eq!(*buffer.snapshot(), [7.0, 7.0]);
    }

    #[test]
    fn memory_of_the_callers_is_read_where_it_lies_and_never_written() {
        let pool = Arc::new(HostPool::default());
        let owner: Arc<[f32]> = Arc::from([1.0_f32, 2.0]);
        let buffer = HostBuffer::over(&pool, Arc::new(owner.clone()));
        assert_eq!(buffer.snapshot().as_ptr(), owner.as_ptr());
        buffer.write(|values| values.fill(7.0)).unwrap();
        assert_eq!(*owner, [1.0, 2.0]);
        assert_eq!(*buffer.snapshot(), [7.0, 7.0]);
        assert_eq!(Arc::strong_count(&owner), 1, "what was overwritten is let go");
    }

    #[test]
    fn memory_comes_back_for_the_same_type_and_about_the_same_length() {
        let pool = Arc::new(HostPool::default());
        let len = WORTH_KEEPING;
        drop(HostBuffer::holding(&pool, vec![7.0_f32; len]));
        assert_eq!(pool.take::<f64>(len).unwrap()[0], 0.0, "another type gets fresh memory");
        assert_eq!(pool.take::<f32>(len / 2).unwrap()[0], 0.0, "and so does a far smaller length");
        assert_eq!(pool.take::<f32>(len - 1).unwrap(), vec![7.0; len - 1]);
    }

    #[test]
    fn memory_comes_back_from_whoever_holds_it_last() {
        let pool = Arc::new(HostPool::default());
        let buffer = HostBuffer::holding(&pool, vec![7.0_f32; WORTH_KEEPING]);
        let kept = buffer.host_snapshot();
        drop(buffer);
        assert_eq!(kept[0], 7.0);
        drop(kept);
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 7.0, "the same memory again");
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 0.0, "but once only");
        let foreign = HostBuffer::adopting(&pool, vec![7.0_f32; WORTH_KEEPING]);
        drop(foreign.host_snapshot());
        drop(foreign);
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 0.0, "what was never the pool's");
    }

    #[test]
    fn a_full_pool_still_serves_whoever_comes_now() {
        let pool = Arc::new(HostPool::default());
        let large = KEPT_BYTES as usize / size_of::<f64>() / 4;
        drop([(); 8].map(|()| HostBuffer::<f64>::new(&pool, large).unwrap()));
        drop(HostBuffer::holding(&pool, vec![7.0_f32; WORTH_KEEPING]));
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 7.0);
    }

    #[test]
    fn a_length_that_overflows_is_refused() {
        let pool = HostPool::default();
        assert!(pool.take::<f64>(usize::MAX / 2).is_err());
    }
}
