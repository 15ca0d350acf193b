//! Fallible allocation of host memory that grows with the data: a failure is an error, where the standard collections
//! end the process.

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_slice_box;

use crate::element::bytes_of;
use crate::error::{Error, Result};

/// An empty vector with capacity for `len` elements.
pub(crate) fn try_with_capacity<T>(len: usize) -> Result<Vec<T>> {
    let mut vector = Vec::new();
    match vector.try_reserve_exact(len) {
        Ok(()) => Ok(vector),
        Err(_) => Err(none_left::<T>(len)),
    }
}

/// Collects all elements, of which there are `len`.
pub(crate) fn try_collect<T>(elements: impl Iterator<Item = T>, len: usize) -> Result<Vec<T>> {
    let mut vector = try_with_capacity(len)?;
    vector.extend(elements.take(len));
    Ok(vector)
}

/// A vector of `len` copies of an element.
pub(crate) fn try_filled<T: Clone>(element: T, len: usize) -> Result<Vec<T>> {
    let mut vector = try_with_capacity(len)?;
    vector.resize(len, element);
    Ok(vector)
}

/// A vector of `len` zeros. Nothing is written where the system has zeroed memory at hand.
pub(crate) fn zeroed<T: Zeroable>(len: usize) -> Result<Vec<T>> {
    try_zeroed_slice_box(len).map(Vec::from).map_err(|()| none_left::<T>(len))
}

fn none_left<T>(len: usize) -> Error {
    Error::out_of_memory(bytes_of::<T>(len), "the host", "free some arrays, or work in pieces")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_cannot_be_had_is_an_error() {
        let len = isize::MAX as usize / 8;
        let refused = try_with_capacity::<u64>(len).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OutOfMemory { bytes: len as u64 * 8 });
        assert_eq!(zeroed::<u64>(len).unwrap_err().kind(), refused.kind());
        assert!(try_with_capacity::<u64>(usize::MAX).is_err(), "a size that overflows");
        assert!(zeroed::<u64>(usize::MAX).is_err());
        assert_eq!(zeroed::<u8>(3).unwrap(), [0; 3]);
        assert_eq!(try_collect(1.., 3).unwrap(), [1, 2, 3]);
        assert_eq!(try_filled(7, 2).unwrap(), [7, 7]);
    }
}
