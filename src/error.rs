//! The one error type of the crate: [`Error`], its [`ErrorKind`], and [`Result`].
//!
//! A kind is for programs to match on; the message is for people. It names the shapes, the index or the limit at fault
//! and says what to do. An error is as cheap to pass around as a pointer, and can be cloned: a lost device hands the same
//! reason to every call that comes after.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, for programs to match on.
///
/// More kinds will come: match with a wildcard arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No device fits what was asked for (a GPU on a machine without one, an adapter name that nothing bears).
    NoDevice,
    /// The device cannot hold this element type: `f64` on a GPU without 64-bit floats and integers in shaders.
    UnsupportedElement,
    /// Two shapes that must agree do not.
    ShapeMismatch,
    /// An array has a number of dimensions that the call does not take.
    WrongDimensions,
    /// An axis is not one of the array's.
    AxisOutOfRange {
        /// The axis that was asked for.
        axis: usize,
        /// How many axes the array has.
        ndim: usize,
    },
    /// The same axis was named twice.
    RepeatedAxis {
        /// The axis that came twice.
        axis: usize,
    },
    /// An interpolation table without a single knot.
    EmptyTable,
    /// A smallest or largest value of nothing.
    EmptyReduction,
    /// The knots are not in non-decreasing order, or one of them is NaN.
    NotSorted {
        /// Where in `xp` (flattened, for several tables) the first knot stands that is NaN or smaller than the one before it.
        index: usize,
    },
    /// A period of zero.
    ZeroPeriod,
    /// A sum of weights is zero, so that the average is not defined.
    ZeroWeights,
    /// An array is larger than the device can hold or bind.
    TooLarge {
        /// What was asked for, in bytes. `u64::MAX` where not even that many suffice.
        bytes: u64,
        /// The device's limit, in bytes.
        limit: u64,
    },
    /// The memory could not be had, although the device's limits allow it.
    OutOfMemory {
        /// What was asked for, in bytes.
        bytes: u64,
    },
    /// Two arrays, or an array and a table, live on different devices.
    DeviceMismatch,
    /// The device is gone (a driver reset, an unplugged GPU, `wgpu::Device::destroy`). Open another one.
    DeviceLost,
    /// What a stream takes its chunks from failed; [`source`](std::error::Error::source) is what it failed with.
    Source,
    /// A plan cannot hold this: a readback inside a closure that is being captured, or an array of a plan used outside
    /// of it.
    NotCapturable,
    /// An option has a value that means nothing, or contradicts another.
    InvalidOption,
    /// The driver or wgpu refused a command that should have been valid. The device must not be trusted any more.
    Driver,
    /// The caller's own code failed, inside a closure that it gave: [`Error::other`].
    Other,
}

/// An error, with a kind for programs and a message for people.
///
/// What an error of somebody else's led to has that as its [`source`](std::error::Error::source): what a stream's source of
/// chunks failed with, wgpu's own errors, and whatever a closure of the caller's gives to [`Error::from_source`]. The message
/// says what the source says, so it is all there is to print; the source is for programs to downcast.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Cause>,
}

/// What led to an error.
pub(crate) type Cause = Arc<dyn StdError + Send + Sync>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// An error of the caller's own, for closures that compute with this crate and something else.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Other, message)
    }

    /// An error of the caller's own that keeps what caused it: an error of any type, boxed or not. The message is that of the
    /// cause, and [`source`](std::error::Error::source) gives the cause back. A boxed error of this crate stays what it is.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use ndarray::{Array1, Ix1};
    /// use ndgpu::{Device, DeviceArray, Error, ErrorKind};
    ///
    /// let read = |text: &str| text.parse::<f32>().map(|value| Array1::from_elem(3, value)).map_err(Error::from_source);
    /// let chunks = ["1.5", "2.5", "three"].into_iter().map(read);
    ///
    /// let sums = Device::cpu().stream(chunks, |chunk: &DeviceArray<f32, Ix1>| chunk.sum());
    /// let error = sums.filter_map(Result::err).next().expect("the last chunk is no number");
    /// assert_eq!(error.kind(), ErrorKind::Source);
    /// assert!(error.to_string().contains("chunk 2"));
    /// assert!(error.source().expect("the reader's error").is::<std::num::ParseFloatError>());
    /// # Ok::<(), ndgpu::Error>(())
    /// ```
    pub fn from_source(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(own) => *own,
            Err(source) => Self::other(source.to_string()).with_source(Arc::from(source)),
        }
    }

    /// The same error with what caused it. The message says it already.
    pub(crate) fn with_source(mut self, source: Cause) -> Self {
        self.0.source = Some(source);
        self
    }

    /// What caused it, for an error to be made of it; itself if it is the first.
    pub(crate) fn into_cause(self) -> Cause {
        match &self.0.source {
            Some(source) => source.clone(),
            None => Arc::new(self),
        }
    }

    /// The same error with a message that says where it happened.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn device_mismatch(what: &str, one: &str, other: &str) -> Self {
        Self::new(
            ErrorKind::DeviceMismatch,
            format!(
                "{what} is on device \"{other}\", but this call runs on \"{one}\"; bring it over with to_device first"
            ),
        )
    }

    pub(crate) fn axis_out_of_range(axis: usize, shape: &[usize]) -> Self {
        let ndim = shape.len();
        Self::new(
            ErrorKind::AxisOutOfRange { axis, ndim },
            format!("axis {axis} is out of range for an array of shape {shape:?}, whose axes are 0..{ndim}"),
        )
    }

    pub(crate) fn too_large(what: &str, bytes: u64, limit: u64, device: &str) -> Self {
        Self::new(
            ErrorKind::TooLarge { bytes, limit },
            format!(
                "{what} takes {bytes} bytes, but device \"{device}\" takes at most {limit}; work on it in pieces, as \
                 Device::stream does, or use Device::cpu()"
            ),
        )
    }

    pub(crate) fn out_of_memory(bytes: u64, device: &str, hint: &str) -> Self {
        Self::new(
            ErrorKind::OutOfMemory { bytes },
            format!("device \"{device}\" could not provide {bytes} bytes; {hint}"),
        )
    }

    pub(crate) fn shape(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ShapeMismatch, message)
    }

    pub(crate) fn dimensions(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::WrongDimensions, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What `main` prints when it returns an error: a person reads it.
        write!(f, "{} ({:?})", self.0.message, self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_as_small_as_a_pointer_and_tells_what_to_do() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let error = Error::axis_out_of_range(3, &[4, 5]);
        assert_eq!(error.kind(), ErrorKind::AxisOutOfRange { axis: 3, ndim: 2 });
        assert_eq!(error.to_string(), "axis 3 is out of range for an array of shape [4, 5], whose axes are 0..2");
    }

    #[test]
    fn an_error_keeps_what_caused_it() {
        let error = Error::from_source(std::io::Error::other("the disk is gone")).at("chunk 3");
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Other, "chunk 3: the disk is gone"));
        for error in [&error, &error.clone()] {
            assert!(error.source().unwrap().is::<std::io::Error>());
        }
        let boxed: Box<dyn StdError + Send + Sync> = Box::new(Error::shape("too long"));
        assert_eq!(Error::from_source(boxed).kind(), ErrorKind::ShapeMismatch);
        assert!(Error::other("on its own").source().is_none());
    }
}
