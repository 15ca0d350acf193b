//! DLPack: memory of arrays for other libraries, always as host memory.

use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::handles::DeviceArray;
use crate::readback::{Ownership, to_numpy};

/// DLPack's numbers for devices.
pub type DeviceNumbers = (i32, i32);
const CPU: DeviceNumbers = (1, 0);
const VULKAN: DeviceNumbers = (7, 0);

pub fn device_of(array: &DeviceArray) -> DeviceNumbers {
    if is_on_host(array) { CPU } else { VULKAN }
}

fn is_on_host(array: &DeviceArray) -> bool {
    array.array().device().info().kind == ndgpu::DeviceKind::Cpu
}

/// What a library asks for in `__dlpack__`.
pub struct Request {
    pub max_version: Option<(u32, u32)>,
    pub device: Option<DeviceNumbers>,
    pub copy: Option<bool>,
}

/// The capsule of a NumPy array over the values: shared read-only where both sides can, else a copy.
pub fn export<'py>(py: Python<'py>, array: &DeviceArray, request: Request) -> PyResult<Bound<'py, PyAny>> {
    let Request { max_version, device, copy } = request;
    let on_host = is_on_host(array);
    if !on_host && device != Some(CPU) {
        return Err(PyBufferError::new_err(
            "this array is in a GPU's memory, which DLPack has no portable name for: call .numpy(), or ask for \
             device=\"cpu\", either of which copies it to the host",
        ));
    }
    if device.is_some_and(|device| device != CPU) {
        return Err(PyBufferError::new_err("this array can be handed over as host memory only"));
    }
    let knows_read_only = max_version.is_some_and(|(major, _)| major >= 1);
    let shares = on_host && knows_read_only && copy != Some(true);
    if !shares && copy == Some(false) {
        return Err(PyBufferError::new_err(if on_host {
            "copy=False, but this library asks for DLPack as it was before version 1, when memory could not be handed \
             over as read-only: leave copy out, or share what .numpy() gives"
        } else {
            "copy=False, but this array is in a GPU's memory: leave copy out, or call .numpy(), which copies it"
        }));
    }
    let ownership = if shares { Ownership::ReadOnly } else { Ownership::Copied };
    let values = to_numpy(py, array, ownership)?;
    let keywords = PyDict::new(py);
    if knows_read_only {
        keywords.set_item("max_version", max_version)?;
    }
    values.call_method("__dlpack__", (), Some(&keywords))
}
