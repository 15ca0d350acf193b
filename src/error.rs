//! The one error type of the crate: [`Error`], its [`ErrorKind`], and [`Result`].
//!
//! The kind is for programs to match on, the message for people: it names the shapes, the index or the limit at fault
//! and says what to do. An error is pointer-sized and can be cloned: a lost device returns the same reason from every
//! later call.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error, for programs to match on.
///
/// More kinds will come: match with a wildcard arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No device fits the request (a GPU on a machine without one, the name of an adapter that does not exist).
    NoDevice,
    /// The device cannot hold this element type: `f64` on a GPU without 64-bit floats and integers in shaders.
    UnsupportedElement,
    /// Two shapes that must agree do not.
    ShapeMismatch,
    /// An array has a number of dimensions that the call does not take.
    WrongDimensions,
    /// An axis is not one of the array's.
    AxisOutOfRange {
        /// The requested axis.
        axis: usize,
        /// The number of axes of the array.
        ndim: usize,
    },
    /// The same axis was named twice.
    RepeatedAxis {
        /// The repeated axis.
        axis: usize,
    },
    /// An interpolation table without a single knot.
    EmptyTable,
    /// A smallest or largest value of no values.
    EmptyReduction,
    /// The knots are not in non-decreasing order, or one of them is NaN.
    NotSorted {
        /// The index in `xp` (flattened, for several tables) of the first knot that is NaN or smaller than its
        /// predecessor.
        index: usize,
    },
    /// A period of zero.
    ZeroPeriod,
    /// A sum of weights is zero, so that the average is not defined.
    ZeroWeights,
    /// An array is larger than the device can hold or bind.
    TooLarge {
        /// The requested size in bytes; `u64::MAX` if it is larger still.
        bytes: u64,
        /// The device's limit, in bytes.
        limit: u64,
    },
    /// The memory could not be allocated, although the device's limits allow it.
    OutOfMemory {
        /// The requested size in bytes.
        bytes: u64,
    },
    /// Two arrays, or an array and a table, live on different devices.
    DeviceMismatch,
    /// The device is gone (a driver reset, an unplugged GPU, `wgpu::Device::destroy`). Open another one.
    DeviceLost,
    /// The source of a stream's chunks failed; [`source`](std::error::Error::source) is its error.
    Source,
    /// A plan cannot hold this: a readback inside a closure that is being captured, or an array of a plan used outside
    /// of it.
    NotCapturable,
    /// An option has a meaningless value, or contradicts another.
    InvalidOption,
    /// The driver or wgpu refused a command that should have been valid. The device is no longer reliable.
    Driver,
    /// The caller's own code failed, inside a closure given to this crate: [`Error::other`].
    Other,
}

/// An error, with a kind for programs and a message for people.
///
/// An error with a cause outside of this crate has it as its [`source`](std::error::Error::source): the error of a
/// stream's source, of wgpu, or one that a closure of the caller gave to [`Error::from_source`]. The message includes
/// that of the source, so it is all there is to print; the source is for programs to downcast.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Cause>,
}

/// The cause of an error.
pub(crate) type Cause = Arc<dyn StdError + Send + Sync>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// An error of the caller's own, for closures that compute with this crate and something else.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Other, message)
    }

    /// An error of the caller's own that keeps its cause: an error of any type, boxed or not. The message is that of
    /// the cause, and [`source`](std::error::Error::source) returns the cause. A boxed error of this crate is returned
    /// as it is.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use ndarray::{Array1, Ix1};
    /// use ndgpu::{Device, DeviceArray, Error, ErrorKind};
    ///
    /// let parse = |text: &str| text.parse::<f32>().map_err(Error::from_source);
    /// let read = |text| parse(text).map(|value| Array1::from_elem(3, value));
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

    /// Attaches the cause, whose message is part of the error's already.
    pub(crate) fn with_source(mut self, source: Cause) -> Self {
        self.0.source = Some(source);
        self
    }

    /// The cause, for another error made from this one; the error itself if it has none.
    pub(crate) fn into_cause(self) -> Cause {
        match &self.0.source {
            Some(source) => source.clone(),
            None => Arc::new(self),
        }
    }

    /// Prefixes the message with where it happened.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.message = format!("{place}: {}", self.0.message);
        self
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub(crate) fn device_mismatch(what: &str, one: &str, other: &str) -> Self {
        let message = match one == other {
            true => format!(
                "{what}: on a device \"{other}\" that was opened apart from this call's device of the same name; open \
                 it once and clone the handle, or bring the array over with to_device"
            ),
            false => format!(
                "{what}: on device \"{other}\", but this call runs on \"{one}\"; bring the array over with \
                 to_device first"
            ),
        };
        Self::new(ErrorKind::DeviceMismatch, message)
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
        // `main` prints this when it returns an error, and a person reads it.
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
