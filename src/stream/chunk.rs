//! [`Chunk`]: what may come out of a source of chunks.

use std::fmt::Display;

use ndarray::{ArrayBase, CowRepr, Data, Dimension, OwnedArcRepr, OwnedRepr, ViewRepr};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A chunk of data for [`Device::stream`]: an array, a view or a reference to an array, of any layout; or a `Result` of one,
/// whose error ends the stream with [`Source`](ErrorKind::Source).
pub trait Chunk: Sealed {
    /// What it holds.
    type Elem: Element;
    /// Its dimensions.
    type Dim: Dimension;

    #[doc(hidden)]
    fn upload(self, device: &Device) -> Result<DeviceArray<Self::Elem, Self::Dim>>;
}

impl<T: Element, D: Dimension> Sealed for ArrayBase<OwnedRepr<T>, D> {}

impl<T: Element, D: Dimension> Chunk for ArrayBase<OwnedRepr<T>, D> {
    type Elem = T;
    type Dim = D;

    fn upload(self, device: &Device) -> Result<DeviceArray<T, D>> {
        device.take_over(self)
    }
}

macro_rules! copied {
    ($($memory:ty),+) => {$(
        impl<T: Element, D: Dimension> Sealed for ArrayBase<$memory, D> {}

        impl<T: Element, D: Dimension> Chunk for ArrayBase<$memory, D> {
            type Elem = T;
            type Dim = D;

            fn upload(self, device: &Device) -> Result<DeviceArray<T, D>> {
                device.upload(&self)
            }
        }
    )+};
}

copied!(ViewRepr<&T>, CowRepr<'_, T>, OwnedArcRepr<T>);

impl<T: Element, S: Data<Elem = T>, D: Dimension> Sealed for &ArrayBase<S, D> {}

impl<T: Element, S: Data<Elem = T>, D: Dimension> Chunk for &ArrayBase<S, D> {
    type Elem = T;
    type Dim = D;

    fn upload(self, device: &Device) -> Result<DeviceArray<T, D>> {
        device.upload(self)
    }
}

impl<C: Chunk, E: Display> Sealed for std::result::Result<C, E> {}

impl<C: Chunk, E: Display> Chunk for std::result::Result<C, E> {
    type Elem = C::Elem;
    type Dim = C::Dim;

    fn upload(self, device: &Device) -> Result<DeviceArray<C::Elem, C::Dim>> {
        match self {
            Ok(chunk) => chunk.upload(device),
            Err(error) => {
                Err(Error::new(ErrorKind::Source, format!("the source of chunks failed: {error}; nothing comes after")))
            }
        }
    }
}
