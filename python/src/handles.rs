//! The objects that Python holds: [`Device`], and [`DeviceArray`] with its counters. Here is what the rest of the
//! package needs of them; their methods in Python are in `device.rs` and `array.rs`, which may use everything else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::dtype::Array;
use crate::error::exception;
use crate::fork::ensure_threads;

/// A GPU, or the native CPU engine.
///
/// Parameters
/// ----------
/// name : str, optional
///     "cpu", "gpu" (hardware only), "software" (a rasteriser such as llvmpipe), or part of an adapter's name. Without
///     it the fastest there is: a discrete GPU, else an integrated one, else the CPU engine; the environment variable
///     NDGPU_DEVICE overrides that choice.
///
/// Two are equal if they are the same device; opening one twice gives two.
///
/// Raises
/// ------
/// DeviceNotFoundError
///     With what was found instead.
///
/// >>> import ndgpu
/// >>> ndgpu.Device("cpu").kind
/// 'native CPU engine'
#[pyclass(frozen, module = "ndgpu")]
pub struct Device(pub ndgpu::Device);

/// An array on a device: what `Device.upload` and every operation return.
///
/// It is never converted to a NumPy array implicitly, since that may copy: `numpy.asarray`, arithmetic, comparisons
/// (`==` as well), `bool(a)`, indexing and iteration raise a TypeError that names `.numpy()`. NumPy's functions that
/// ndgpu has (`numpy.interp(a, ..)`, `numpy.mean(a)`) are ndgpu's for it, and leave the result on the device.
/// `float(a)`, `int(a)`, `complex(a)` and `a.item()` read the only element back, which is counted. Printing it shows
/// what was transferred, not the values. In dicts and sets an array is found by its identity.
///
/// >>> import ndgpu
/// >>> ndgpu.Device("cpu").upload([[1.0, 2.0]])
/// <ndgpu.DeviceArray (1, 2) float64 on ndgpu native CPU engine: 16 bytes uploaded, 0 read back>
#[pyclass(frozen, module = "ndgpu")]
pub struct DeviceArray {
    array: Mutex<Array>,
    uploaded: AtomicU64,
    read_back: AtomicU64,
}

impl DeviceArray {
    /// An array that was computed on its device.
    pub fn new(array: impl Into<Array>) -> Self {
        Self { array: Mutex::new(array.into()), uploaded: AtomicU64::new(0), read_back: AtomicU64::new(0) }
    }

    /// An array that came from the host.
    pub fn uploaded(array: impl Into<Array>) -> Self {
        let new = Self::new(array);
        new.count_upload();
        new
    }

    /// The result of a computation, which runs without the interpreter's lock.
    pub fn computed<A: Into<Array> + Send>(
        py: Python<'_>,
        compute: impl FnOnce() -> ndgpu::Result<A> + Send,
    ) -> PyResult<Self> {
        py.detach(compute).map(Self::new).map_err(exception)
    }

    /// The array, to look at its shape, dtype and device.
    pub fn array(&self) -> Array {
        self.lock().clone()
    }

    /// The array, to compute with.
    pub fn operand(&self) -> PyResult<Array> {
        ensure_threads()?;
        Ok(self.array())
    }

    /// The array, to replace it. No thread may wait for the interpreter's lock while it holds this one.
    pub fn lock(&self) -> MutexGuard<'_, Array> {
        self.array.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of the elements.
    pub fn bytes(&self) -> u64 {
        let array = self.array();
        (array.shape().iter().product::<usize>() * array.dtype().size()) as u64
    }

    pub fn count_upload(&self) {
        self.uploaded.fetch_add(self.bytes(), Ordering::Relaxed);
    }

    pub fn count_readback(&self) {
        self.read_back.fetch_add(self.bytes(), Ordering::Relaxed);
    }

    /// The bytes that were uploaded, and those that were read back.
    pub fn transferred(&self) -> (u64, u64) {
        (self.uploaded.load(Ordering::Relaxed), self.read_back.load(Ordering::Relaxed))
    }
}
