//! `Device` in Python: opening one, uploads, and the capture of plans.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::dtype::with_type;
use crate::error::exception;
use crate::fork::{ensure_threads, record_threads};
use crate::handles::{Device, DeviceArray};
use crate::numbers::{Rounding, numbers};
use crate::operand::{common_dtype, lent, uploaded};
use crate::plan::{self, Plan};
use crate::transfers::Transfers;

#[pymethods]
impl Device {
    #[new]
    #[pyo3(signature = (name=None))]
    fn new(py: Python<'_>, name: Option<&str>) -> PyResult<Self> {
        ensure_threads()?;
        record_threads();
        let mut builder = ndgpu::Device::builder();
        if let Some(name) = name {
            builder = builder.named(name);
        }
        let loads_drivers = builder.loads_drivers();
        with_drivers(py, loads_drivers, || builder.build())?.map(Self).map_err(exception)
    }

    /// A line for each device of this machine, in order of preference. `line.open()` opens the device of that line,
    /// even if another has the same name.
    ///
    /// Parameters
    /// ----------
    /// software : bool
    ///     Also lists software rasterisers on a machine that seems to have no GPU. On Linux no graphics driver is
    ///     loaded there without it, nor by `Device()`.
    ///
    /// Otherwise it asks all drivers, which takes a while.
    ///
    /// >>> import ndgpu
    /// >>> [cpu] = [line for line in ndgpu.Device.available() if "native CPU engine" in line]
    /// >>> cpu.open().kind
    /// 'native CPU engine'
    #[staticmethod]
    #[pyo3(signature = (*, software=false))]
    fn available(py: Python<'_>, software: bool) -> PyResult<Vec<Bound<'_, PyAny>>> {
        static LINE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        ensure_threads()?;
        let builder = ndgpu::Device::builder().allow_software(software);
        let loads_drivers = builder.lists_drivers();
        let listed = with_drivers(py, loads_drivers, || builder.available())?;
        let line = LINE.import(py, "ndgpu._devices", "AvailableDevice")?;
        listed.into_iter().map(|info| line.call1((info.to_string(), Listed(info)))).collect()
    }

    /// What the device calls itself.
    #[getter]
    fn name(&self) -> &str {
        &self.0.info().name
    }

    /// "discrete GPU", "integrated GPU", "virtual GPU", "software rasteriser" or "native CPU engine".
    #[getter]
    fn kind(&self) -> String {
        self.0.info().kind.to_string()
    }

    /// The graphics API that it is used through; None for the CPU engine.
    #[getter]
    fn backend(&self) -> Option<String> {
        self.0.info().backend.map(|backend| backend.to_string())
    }

    /// The driver, as it names itself.
    #[getter]
    fn driver(&self) -> &str {
        &self.0.info().driver
    }

    /// Whether device and host share their memory.
    #[getter]
    fn unified_memory(&self) -> bool {
        self.0.info().unified_memory
    }

    /// Whether it supports float64, which many GPUs do not.
    #[getter]
    fn supports_float64(&self) -> bool {
        self.0.info().supports_f64
    }

    /// A copy of an array on the device.
    ///
    /// Parameters
    /// ----------
    /// a : array_like
    ///     Bools, integers and floats of up to 64 bits, of any layout and byte order: anything that NumPy makes an
    ///     array of, and arrays of any library that supports `__array__`, the buffer protocol or DLPack.
    /// dtype : optional
    ///     float32, float64 or uint32, to which values are rounded; without it that of `a` if it is one of these, else
    ///     float64, as NumPy promotes integers and bools.
    ///
    /// Costs one pass over the data; the device may still be copying when this returns.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     For a dtype that devices do not hold, float64 on a device without it, and values that would lose their
    ///     meaning: masked arrays, complex numbers, dates, durations, text, objects, long doubles, and floats where
    ///     `dtype` is uint32. The message says how to convert them.
    /// ValueError
    ///     For an integer that float64 cannot represent (2**53 + 1), unless `dtype` is given, which rounds it, and for
    ///     one out of the range of uint32.
    /// MemoryError
    ///     If the device cannot provide the memory.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([[1, 2], [3, 4]]).shape
    /// (2, 2)
    #[pyo3(signature = (a, dtype=None))]
    fn upload(&self, py: Python<'_>, a: &Bound<'_, PyAny>, dtype: Option<&Bound<'_, PyAny>>) -> PyResult<DeviceArray> {
        if a.is_instance_of::<DeviceArray>() {
            return Err(PyTypeError::new_err("this is a DeviceArray already; to_device brings it to another device"));
        }
        let a = numbers(a)?.into_any();
        let rounding = Rounding::of(dtype);
        let device = &self.0;
        with_type!(common_dtype(dtype, &[&a])?, T => {
            uploaded::<T>(py, device, &a, rounding).map(DeviceArray::uploaded)
        })
    }

    /// An array over the NumPy array's own memory on the CPU engine, a copy on a GPU: for calls that return before the
    /// caller can write to it.
    fn _lend(&self, py: Python<'_>, a: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_type!(common_dtype(None, &[a])?, T => lent::<T>(py, &self.0, a).map(DeviceArray::uploaded))
    }

    /// What was transferred to and from this device since it was opened.
    ///
    /// >>> import ndgpu
    /// >>> device = ndgpu.Device("cpu")
    /// >>> device.upload([1.0, 2.0]).sum().numpy()
    /// array(3.)
    /// >>> device.transfers().upload_bytes, device.transfers().readback_bytes
    /// (16, 8)
    fn transfers(&self) -> Transfers {
        Transfers(self.0.transfers())
    }

    /// Waits until the device has finished all work so far. For timing; results need no such call.
    fn synchronize(&self, py: Python<'_>) -> PyResult<()> {
        ensure_threads()?;
        py.detach(|| self.0.synchronize()).map_err(exception)
    }

    /// Runs a function once, without data, and records the operations that it calls as a Plan.
    ///
    /// Parameters
    /// ----------
    /// inputs : DeviceArray or tuple of DeviceArray
    ///     The arguments of the function. The plan has its own memory for them, which initially holds their values.
    /// function : callable
    ///     Takes as many DeviceArrays, computes with them as usual, and returns one or a tuple of them. What it
    ///     computes without them is computed once, now.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     For what a plan cannot hold: `.numpy()` inside the function, an array of another device.
    ///
    /// Exceptions of the function are raised unchanged.
    ///
    /// >>> import ndgpu
    /// >>> device = ndgpu.Device("cpu")
    /// >>> table = ndgpu.InterpTable([0.0, 1.0], [0.0, 10.0], device=device)
    /// >>> plan = device.capture(device.upload([[0.1, 0.3]]), lambda x: table.interp_rows(x).mean(1))
    /// >>> plan.replay().numpy()
    /// array([2.])
    /// >>> plan.write([[0.5, 0.7]])
    /// >>> plan.replay().numpy()
    /// array([6.])
    fn capture(&self, py: Python<'_>, inputs: &Bound<'_, PyAny>, function: &Bound<'_, PyAny>) -> PyResult<Plan> {
        plan::capture(py, &self.0, inputs, function)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    /// Itself: another handle would be of the same device.
    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Itself: another handle would be of the same device.
    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<ndgpu.Device {}>", self.0.info())
    }
}

impl Device {
    /// The device of a `device` argument: the current one for `None`, a new one for a name, or the device itself.
    pub fn from_argument(py: Python<'_>, device: Option<&Bound<'_, PyAny>>) -> PyResult<ndgpu::Device> {
        let Some(device) = device else {
            static GET_DEVICE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let current = GET_DEVICE.import(py, "ndgpu", "get_device")?.call0()?;
            return Ok(current.cast::<Self>().map_err(PyErr::from)?.get().0.clone());
        };
        if let Ok(device) = device.cast::<Self>() {
            return Ok(device.get().0.clone());
        }
        match device.extract::<String>() {
            Ok(name) => Self::new(py, Some(&name)).map(|device| device.0),
            Err(_) => Err(PyTypeError::new_err(format!("device is a Device, a name or None, not {device}"))),
        }
    }
}

/// The device of a line of [`Device::available`], to be opened.
#[pyclass(frozen, module = "ndgpu", name = "_Listed")]
pub struct Listed(ndgpu::DeviceInfo);

#[pymethods]
impl Listed {
    fn open(&self, py: Python<'_>) -> PyResult<Device> {
        ensure_threads()?;
        record_threads();
        with_drivers(py, self.0.backend.is_some(), || self.0.open())?.map(Device).map_err(exception)
    }
}

/// Calls a function that may load drivers, and keeps these from clashing with other libraries of the process.
fn with_drivers<R: Send>(py: Python<'_>, loads_drivers: bool, call: impl FnOnce() -> R + Send) -> PyResult<R> {
    let drivers = loads_drivers.then(|| py.import("ndgpu._drivers")).transpose()?;
    if let Some(drivers) = &drivers {
        drivers.call_method0("make_room")?;
    }
    let result = py.detach(call);
    if let Some(drivers) = &drivers {
        drivers.call_method0("loaded")?;
    }
    Ok(result)
}
