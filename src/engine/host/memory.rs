//! The CPU engine's memory: [`HostBuffer`], a vector that many may read and one at a time may replace or rewrite, and
//! [`HostPool`], which keeps vectors that were given back (faulting in fresh pages costs more than computing on them).
//!
//! A reader takes a snapshot and keeps it as long as it likes. A writer writes in place when nobody holds a snapshot,
//! and into other memory when somebody does: whoever views old values keeps them, without a lock held while they look.

use std::any::{Any, TypeId};
use std::sync::{Arc, PoisonError, RwLock};

use bytemuck::Pod;

use crate::engine::host::alloc::collected;
use crate::engine::pool::Shelf;
use crate::error::{Error, Result};

/// No more than this is kept for later, in bytes.
const KEPT_BYTES: u64 = 256 << 20;
/// Vectors smaller than this are left to the allocator, which is good at them, in bytes.
const WORTH_KEEPING: usize = 64 << 10;

/// Vectors that wait to be used again.
pub(crate) struct HostPool {
    /// By type and length.
    shelf: Shelf<(TypeId, usize), Box<dyn Any + Send>>,
}

impl Default for HostPool {
    fn default() -> Self {
        Self { shelf: Shelf::new(KEPT_BYTES) }
    }
}

impl HostPool {
    /// A vector of `len` elements with any contents: zero if fresh, those of an earlier use if not.
    pub fn take<T: Pod + Send>(&self, len: usize) -> Result<Vec<T>> {
        let bytes = len.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
        let Some(bytes) = bytes else {
            return Err(Error::too_large("an array", u64::MAX, isize::MAX as u64, "the CPU engine"));
        };
        if bytes >= WORTH_KEEPING
            && let Some(vector) = self.take_kept(len)
        {
            return Ok(vector);
        }
        bytemuck::allocation::try_zeroed_slice_box(len)
            .map(Vec::from)
            .map_err(|()| Error::out_of_memory(bytes as u64, "the CPU engine", "free some arrays, or work in pieces"))
    }

    fn take_kept<T: Pod + Send>(&self, len: usize) -> Option<Vec<T>> {
        let of = TypeId::of::<T>();
        let kept = self.shelf.take((of, len)..=(of, len + len / 8))?;
        let mut vector = *kept.downcast::<Vec<T>>().ok()?;
        vector.truncate(len);
        Some(vector)
    }

    fn keep<T: Pod + Send>(&self, vector: Vec<T>) {
        let bytes = vector.capacity() * size_of::<T>();
        if bytes < WORTH_KEEPING {
            return;
        }
        self.shelf.put((TypeId::of::<T>(), vector.len()), bytes as u64, Box::new(vector));
    }
}

/// What somebody else keeps in memory, and lets be read.
pub(crate) type Owner<T> = Arc<dyn AsRef<[T]> + Send + Sync>;

/// Values that many may read. Reading them asks their owner for them, so loops do it once, before they begin.
pub(crate) enum Values<T> {
    /// In a vector of the engine's.
    Own(Arc<Vec<T>>),
    /// In memory of the caller's, which is never written to.
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
    /// The vector, if it is the engine's and nobody else's.
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
    /// Whether its memory was the pool's. What came from outside goes to the allocator: nobody may ever want so much again.
    is_pooled: bool,
}

impl<T: Pod + Send> HostBuffer<T> {
    /// Room for `len` elements.
    pub fn new(pool: &Arc<HostPool>, len: usize) -> Result<Self> {
        Ok(Self::holding(pool, pool.take(len)?))
    }

    /// Holds what already is in a vector.
    pub fn holding(pool: &Arc<HostPool>, vector: Vec<T>) -> Self {
        Self { data: RwLock::new(Values::Own(Arc::new(vector))), pool: pool.clone(), is_pooled: true }
    }

    /// Holds what stays in memory of the caller's. What is written goes into other memory.
    pub fn over(pool: &Arc<HostPool>, owner: Owner<T>) -> Self {
        Self { data: RwLock::new(Values::Foreign(owner)), pool: pool.clone(), is_pooled: true }
    }

    /// The same for a vector that is not the pool's.
    pub fn taking_over(pool: &Arc<HostPool>, vector: Vec<T>) -> Self {
        let mut buffer = Self::holding(pool, vector);
        buffer.is_pooled = false;
        buffer
    }

    /// The values as they are now, whatever is written later.
    pub fn snapshot(&self) -> Values<T> {
        self.data.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same for the host to keep.
    pub fn lasting_snapshot(&self) -> Snapshot<T> {
        Snapshot { values: self.snapshot(), pool: self.is_pooled.then(|| self.pool.clone()) }
    }

    /// Writes every element: in place if nobody holds a snapshot, else into fresh memory of the same length.
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

/// Values of a [`HostBuffer`] that are kept as they were, whatever is written later. Who holds them last gives their memory
/// back to the pool.
pub(crate) struct Snapshot<T: Pod + Send> {
    values: Values<T>,
    /// Where the memory goes back to, if it came from there.
    pool: Option<Arc<HostPool>>,
}

impl<T: Pod + Send> Snapshot<T> {
    /// The values for writing, if nobody else has them.
    pub fn exclusive(&mut self) -> Option<&mut [T]> {
        match &mut self.values {
            Values::Own(vector) => Arc::get_mut(vector).map(Vec::as_mut_slice),
            Values::Foreign(_) => None,
        }
    }

    /// The values, in memory of their own.
    pub fn into_vec(mut self) -> Result<Vec<T>> {
        let values = std::mem::take(&mut self.values);
        values.into_own().or_else(|shared| collected(shared.iter().copied(), shared.len()))
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
            pool.keep(vector);
        }
    }
}

impl<T: Pod + Send> Drop for HostBuffer<T> {
    fn drop(&mut self) {
        let data = std::mem::take(self.data.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let (true, Ok(vector)) = (self.is_pooled, data.into_own()) {
            self.pool.keep(vector);
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
        let kept = buffer.lasting_snapshot();
        drop(buffer);
        assert_eq!(kept[0], 7.0);
        drop(kept);
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 7.0, "the same memory again");
        assert_eq!(pool.take::<f32>(WORTH_KEEPING).unwrap()[0], 0.0, "but once only");
        let foreign = HostBuffer::taking_over(&pool, vec![7.0_f32; WORTH_KEEPING]);
        drop(foreign.lasting_snapshot());
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
