//! [`Aligned`]: an allocator that aligns to cache lines, as libraries expect of arrays that they share. JAX accepts no
//! others.
//!
//! The system's allocator aligns on request as well, but then zeroes memory by writing to it instead of taking fresh
//! pages from the kernel, which are zero already: arrays would be written twice.

use std::alloc::{GlobalAlloc, Layout, System};

/// A cache line, in bytes.
const CACHE_LINE: usize = 64;
/// What the system's allocator aligns to on 64-bit systems, and is asked for on others.
const SYSTEM_ALIGN: usize = 8;

/// The system's allocator, asked for a cache line more than is needed. The byte before an allocation holds its offset
/// from the system's.
pub struct Aligned;

/// What the system is asked for; `None` on overflow.
fn padded(layout: Layout, size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(CACHE_LINE)?, layout.align().max(SYSTEM_ALIGN)).ok()
}

/// The offset of the allocation from `base`: at least [`SYSTEM_ALIGN`], at most [`CACHE_LINE`].
fn offset_of(base: *mut u8) -> usize {
    CACHE_LINE - base.addr() % CACHE_LINE
}

/// # Safety
///
/// `base` is null, or a padded allocation of the system's, aligned to [`SYSTEM_ALIGN`].
unsafe fn begin(base: *mut u8) -> *mut u8 {
    if base.is_null() {
        return base;
    }
    let offset = offset_of(base);
    // SAFETY: the offset is at least 1 and at most the padding.
    unsafe {
        let start = base.add(offset);
        start.sub(1).write(offset as u8);
        start
    }
}

/// # Safety
///
/// [`begin`] returned `start`.
unsafe fn base(start: *mut u8) -> (*mut u8, usize) {
    // SAFETY: `begin` wrote the offset there.
    unsafe {
        let offset = usize::from(start.sub(1).read());
        (start.sub(offset), offset)
    }
}

// SAFETY: an allocation is inside one of the system's, has the size asked for and is aligned to a cache line, which is
// the alignment asked for or more; larger alignments go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Aligned {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > CACHE_LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.alloc(layout) };
        }
        let Some(padded) = padded(layout, layout.size()) else { return std::ptr::null_mut() };
        // SAFETY: the padded size is not zero.
        unsafe { begin(System.alloc(padded)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > CACHE_LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.alloc_zeroed(layout) };
        }
        let Some(padded) = padded(layout, layout.size()) else { return std::ptr::null_mut() };
        // SAFETY: as above; the offset is written before the allocation, which stays zero.
        unsafe { begin(System.alloc_zeroed(padded)) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: it was allocated here, with this layout.
        unsafe {
            match padded(layout, layout.size()) {
                Some(padded) if layout.align() <= CACHE_LINE => System.dealloc(base(start).0, padded),
                _ => System.dealloc(start, layout),
            }
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > CACHE_LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.realloc(start, layout, size) };
        }
        let (Some(old), Some(new)) = (padded(layout, layout.size()), padded(layout, size)) else {
            return std::ptr::null_mut();
        };
        // SAFETY: it was allocated here, with this layout. The system keeps the bytes at their old offset from its new
        // allocation; the padding has room for them at either offset.
        unsafe {
            let (before, old_offset) = base(start);
            let after = System.realloc(before, old, new.size());
            if after.is_null() {
                return after;
            }
            let new_offset = offset_of(after);
            if new_offset != old_offset {
                std::ptr::copy(after.add(old_offset), after.add(new_offset), layout.size().min(size));
            }
            begin(after)
        }
    }
}
