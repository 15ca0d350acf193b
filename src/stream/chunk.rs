//! [`Chunk`]: the items that a source of chunks may yield.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Display;

use ndarray::{ArrayBase, CowRepr, Data, Dimension, OwnedArcRepr, OwnedRepr, ViewRepr};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::Element;
use crate::error::{Cause, Error, ErrorKind, Result};

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A chunk of data for [`Device::stream`]: an array, a view or a reference to an array, of any layout; or a `Result` of
/// one, whose error ends the stream with [`Source`](ErrorKind::Source).
///
/// The message repeats that of the source's error, and [`source`](std::error::Error::source) is the error itself if it
/// is an [`std::io::Error`], a boxed error that is `Send + Sync`, or one of this crate, as made by
/// [`Error::from_source`] from an error of any type: `chunks.map(|chunk| chunk.map_err(Error::from_source))`.
pub trait Chunk: Sealed {
    /// The element type.
    type Elem: Element;
    /// The dimension type.
    type Dim: Dimension;

    #[doc(hidden)]
    fn upload(self, device: &Device) -> Result<DeviceArray<Self::Elem, Self::Dim>>;
}

impl<T: Element, D: Dimension> Sealed for ArrayBase<OwnedRepr<T>, D> {}

impl<T: Element, D: Dimension> Chunk for ArrayBase<OwnedRepr<T>, D> {
    type Elem = T;
    type Dim = D;

    fn upload(self, device: &Device) -> Result<DeviceArray<T, D>> {
        device.adopt(self)
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

impl<C: Chunk, E: Display + 'static> Sealed for std::result::Result<C, E> {}

impl<C: Chunk, E: Display + 'static> Chunk for std::result::Result<C, E> {
    type Elem = C::Elem;
    type Dim = C::Dim;

    fn upload(self, device: &Device) -> Result<DeviceArray<C::Elem, C::Dim>> {
        match self {
            Ok(chunk) => chunk.upload(device),
            Err(error) => {
                let message = format!("the source of chunks failed: {error}; nothing comes after");
                let failed = Error::new(ErrorKind::Source, message);
                Err(match kept(error) {
                    Some(source) => failed.with_source(source),
                    None => failed,
                })
            }
        }
    }
}

/// The error as a cause, if its type is known; of a type that only implements `Display` the text is all that remains.
fn kept<E: 'static>(error: E) -> Option<Cause> {
    let error: Box<dyn Any> = Box::new(error);
    let error = match error.downcast::<Error>() {
        Ok(error) => return Some(error.into_cause()),
        Err(error) => error,
    };
    match error.downcast::<Box<dyn StdError + Send + Sync>>() {
        Ok(boxed) => Some(Cause::from(*boxed)),
        Err(error) => error.downcast::<std::io::Error>().ok().map(|error| Cause::from(error as Box<_>)),
    }
}
