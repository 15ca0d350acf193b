//! [`Aligned`]: memory that begins where a cache line does, as libraries want it that compute on each other's arrays.
//! JAX takes none that begins elsewhere.
//!
//! The system's allocator would align as well, but then clears memory by writing zeros, where it otherwise gets zeroed
//! pages that nobody has touched yet: arrays would be written twice.

use std::alloc::{GlobalAlloc, Layout, System};

/// A cache line, in bytes.
const LINE: usize = 64;
/// What the system's allocator aligns to on 64-bit systems; where it does so to less, the distance is a multiple of
/// that.
const LEAST: usize = 8;

/// The system's allocator, asked for a cache line more than is wanted. The byte before what it gives says how far that
/// lies behind what the system gave.
pub struct Aligned;

/// What the system is asked for; `None` if that is more than there can be.
fn outer(layout: Layout, size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(LINE)?, layout.align().max(LEAST)).ok()
}

/// How far behind `base` the memory begins: at least [`LEAST`], and no more than a [`LINE`].
fn distance(base: *mut u8) -> usize {
    LINE - base.addr() % LINE
}

/// # Safety
///
/// There are a line and the wanted bytes at `base`, aligned to [`LEAST`], or it is null.
unsafe fn begin(base: *mut u8) -> *mut u8 {
    if base.is_null() {
        return base;
    }
    let distance = distance(base);
    // SAFETY: a distance is no more than a line, and there is a byte before its end.
    unsafe {
        let start = base.add(distance);
        start.sub(1).write(distance as u8);
        start
    }
}

/// # Safety
///
/// `start` is what [`begin`] gave.
unsafe fn base(start: *mut u8) -> (*mut u8, usize) {
    // SAFETY: `begin` wrote how far behind it lies.
    unsafe {
        let distance = usize::from(start.sub(1).read());
        (start.sub(distance), distance)
    }
}

// SAFETY: what is given lies in what the system gave, is as long as is wanted and aligned to a line, which is as much
// as is wanted or more; everything else is the system's own allocator, with the layouts that it was called with.
unsafe impl GlobalAlloc for Aligned {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.alloc(layout) };
        }
        let Some(outer) = outer(layout, layout.size()) else { return std::ptr::null_mut() };
        // SAFETY: a line is not nothing.
        unsafe { begin(System.alloc(outer)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.alloc_zeroed(layout) };
        }
        let Some(outer) = outer(layout, layout.size()) else { return std::ptr::null_mut() };
        // SAFETY: as above; what is written lies before what is given.
        unsafe { begin(System.alloc_zeroed(outer)) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: it was allocated here, with this layout.
        unsafe {
            match outer(layout, layout.size()) {
                Some(outer) if layout.align() <= LINE => System.dealloc(base(start).0, outer),
                _ => System.dealloc(start, layout),
            }
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > LINE {
            // SAFETY: the caller's promises.
            return unsafe { System.realloc(start, layout, size) };
        }
        let (Some(old), Some(new)) = (outer(layout, layout.size()), outer(layout, size)) else {
            return std::ptr::null_mut();
        };
        // SAFETY: it was allocated here, with this layout. The system keeps the bytes at their distance from what it
        // gives, and both distances leave room for as many as are kept.
        unsafe {
            let (before, was) = base(start);
            let after = System.realloc(before, old, new.size());
            if after.is_null() {
                return after;
            }
            let is = distance(after);
            if is != was {
                std::ptr::copy(after.add(was), after.add(is), layout.size().min(size));
            }
            begin(after)
        }
    }
}
