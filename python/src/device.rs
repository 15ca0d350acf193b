//! `Device` and `Transfers`: where arrays lie, and what was moved there and back.

use std::hash::{DefaultHasher, Hash, Hasher};

use ndgpu::TransferStats;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::array::DeviceArray;
use crate::error::exception;
use crate::fork::{expect_threads, starts_threads};
use crate::kind::Kind;
use crate::memory::Lent;
use crate::numbers::{Rounding, numbers};
use crate::plan::{self, Plan};

/// A GPU, or the native CPU engine.
///
/// Parameters ---------- name : str, optional "cpu", "gpu" (hardware only), "software" (a rasteriser such as llvmpipe),
/// or part of an adapter's name. Without it the fastest there is: a discrete GPU, else an integrated one, else the CPU
/// engine; the environment variable NDGPU_DEVICE overrides that choice.
///
/// Two are equal if they are the same device; to open one twice gives two.
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

#[pymethods]
impl Device {
    #[new]
    #[pyo3(signature = (name=None))]
    fn new(py: Python<'_>, name: Option<&str>) -> PyResult<Self> {
        expect_threads()?;
        starts_threads();
        let mut builder = ndgpu::Device::builder();
        if let Some(name) = name {
            builder = builder.named(name);
        }
        let loads_drivers = builder.loads_drivers();
        with_drivers(py, loads_drivers, || builder.build())?.map(Self).map_err(exception)
    }

    /// A line for each device of this machine, the one that is preferred first. `line.open()` opens the device that the
    /// line is about, of two equal GPUs the right one.
    ///
    /// Parameters ---------- software : bool Also lists software rasterisers on a machine that does not look as if it
    /// had a GPU. On Linux no graphics driver is loaded there without it, nor by `Device()`.
    ///
    /// Asks all drivers otherwise, so it takes a while.
    ///
    /// >>> import ndgpu
    /// >>> [cpu] = [line for line in ndgpu.Device.available() if "native CPU engine" in line]
    /// >>> cpu.open().kind
    /// 'native CPU engine'
    #[staticmethod]
    #[pyo3(signature = (*, software=false))]
    fn available(py: Python<'_>, software: bool) -> PyResult<Vec<Bound<'_, PyAny>>> {
        static LINE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        expect_threads()?;
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

    /// The graphics API it is reached by; None for the CPU engine.
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

    /// Whether it computes in float64, which many GPUs do not.
    #[getter]
    fn supports_float64(&self) -> bool {
        self.0.info().supports_f64
    }

    /// A copy of an array on the device.
    ///
    /// Parameters ---------- a : array_like Bools, integers and floats of up to 64 bits, of any layout and order of
    /// bytes: what NumPy makes an array of, of any library that speaks `__array__`, the buffer protocol or DLPack.
    /// dtype : optional float32, float64 or uint32, to which values are rounded; without it that of `a` if it is one of
    /// these, else float64, as NumPy promotes integers and bools.
    ///
    /// Costs one pass over the data; the device may still be copying when this returns.
    ///
    /// Raises ------ TypeError For a dtype that devices do not hold, float64 on a device without it, and what would
    /// become something else: masked arrays, complex numbers, dates, durations, text, objects, long doubles, and floats
    /// where `dtype` is uint32. The message says what converts it. ValueError For an integer that float64 does not hold
    /// (2**53 + 1), unless `dtype` asks for it to be rounded, and one that uint32 does not hold. MemoryError If the
    /// device cannot provide the memory.
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
        let array = match Kind::wanted(dtype, &[&a])? {
            Kind::F32 => uploaded::<f32>(py, device, &a, rounding),
            Kind::F64 => uploaded::<f64>(py, device, &a, rounding),
            Kind::U32 => uploaded::<u32>(py, device, &a, rounding),
        }?;
        Ok(DeviceArray::uploaded(array))
    }

    /// Arrays over the memory of NumPy's on the CPU engine, copies on a GPU: for calls that end before anybody can
    /// write to it.
    fn _lend(&self, py: Python<'_>, a: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        let device = &self.0;
        let array = match Kind::wanted(None, &[a])? {
            Kind::F32 => lend::<f32>(py, device, a),
            Kind::F64 => lend::<f64>(py, device, a),
            Kind::U32 => lend::<u32>(py, device, a),
        }?;
        Ok(DeviceArray::uploaded(array))
    }

    /// What was moved to and from this device since it was opened.
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

    /// Waits until everything that was asked of the device is done. For timing: results need no such call.
    fn synchronize(&self, py: Python<'_>) -> PyResult<()> {
        expect_threads()?;
        py.detach(|| self.0.synchronize()).map_err(exception)
    }

    /// Runs a function once, without data, and keeps what it asked for as a Plan.
    ///
    /// Parameters
    /// ----------
    /// inputs : DeviceArray or tuple of DeviceArray
    ///     What the function is given; the plan has memory of its own for them, which begins with their values.
    /// function : callable
    ///     Gets as many DeviceArrays, computes with them as ever, and returns one or a tuple of them. What it computes
    ///     without them is computed once, now.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     For what a plan cannot hold: `.numpy()` inside the function, an array of another device.
    ///
    /// Whatever the function raises is passed on.
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
    /// The device that an argument means: the process's for `None`, one by its name, or itself.
    pub fn wanted(py: Python<'_>, device: Option<&Bound<'_, PyAny>>) -> PyResult<ndgpu::Device> {
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

/// What [`Device::available`] lists.
#[pyclass(frozen, module = "ndgpu", name = "_Listed")]
pub struct Listed(ndgpu::DeviceInfo);

#[pymethods]
impl Listed {
    fn open(&self, py: Python<'_>) -> PyResult<Device> {
        expect_threads()?;
        starts_threads();
        with_drivers(py, self.0.backend.is_some(), || self.0.open())?.map(Device).map_err(exception)
    }
}

/// Does what may load drivers, which what is loaded already, or later, may not bear with.
fn with_drivers<R: Send>(py: Python<'_>, loads_drivers: bool, calls: impl FnOnce() -> R + Send) -> PyResult<R> {
    let drivers = loads_drivers.then(|| py.import("ndgpu._drivers")).transpose()?;
    if let Some(drivers) = &drivers {
        drivers.call_method0("make_room")?;
    }
    let result = py.detach(calls);
    if let Some(drivers) = &drivers {
        drivers.call_method0("loaded")?;
    }
    Ok(result)
}

fn lend<T>(py: Python<'_>, device: &ndgpu::Device, a: &Bound<'_, PyAny>) -> PyResult<ndgpu::AnyArray>
where
    T: numpy::Element + ndgpu::Element,
    ndgpu::AnyArray: From<ndgpu::DeviceArray<T, ndgpu::ndarray::IxDyn>>,
{
    expect_threads()?;
    let lent = Lent::<T>::converted(a, Rounding::Refused)?;
    py.detach(|| lent.onto(device)).map_err(exception)
}

/// A copy that nothing NumPy does can change.
pub fn upload<T>(py: Python<'_>, device: &ndgpu::Device, a: &Bound<'_, PyAny>) -> PyResult<ndgpu::AnyArray>
where
    T: numpy::Element + ndgpu::Element,
    ndgpu::AnyArray: From<ndgpu::DeviceArray<T, ndgpu::ndarray::IxDyn>>,
{
    uploaded::<T>(py, device, a, Rounding::Refused)
}

fn uploaded<T>(
    py: Python<'_>,
    device: &ndgpu::Device,
    a: &Bound<'_, PyAny>,
    rounding: Rounding,
) -> PyResult<ndgpu::AnyArray>
where
    T: numpy::Element + ndgpu::Element,
    ndgpu::AnyArray: From<ndgpu::DeviceArray<T, ndgpu::ndarray::IxDyn>>,
{
    expect_threads()?;
    let lent = Lent::<T>::converted(a, rounding)?;
    py.detach(|| device.upload(&lent.view())).map(Into::into).map_err(exception)
}

/// What was moved to and from a device.
#[pyclass(frozen, module = "ndgpu")]
pub struct Transfers(TransferStats);

#[pymethods]
impl Transfers {
    /// How many arrays and tables were uploaded.
    #[getter]
    fn uploads(&self) -> u64 {
        self.0.uploads
    }

    /// Their bytes, those of a table's search index included.
    #[getter]
    fn upload_bytes(&self) -> u64 {
        self.0.upload_bytes
    }

    /// The time that the calls took.
    #[getter]
    fn upload_seconds(&self) -> f64 {
        self.0.upload_time.as_secs_f64()
    }

    /// How many arrays arrived on the host.
    #[getter]
    fn readbacks(&self) -> u64 {
        self.0.readbacks
    }

    /// Their bytes; on the CPU engine they are counted too, though nothing is copied.
    #[getter]
    fn readback_bytes(&self) -> u64 {
        self.0.readback_bytes
    }

    /// The time from each request to its arrival, which includes waiting for what was being computed.
    #[getter]
    fn readback_seconds(&self) -> f64 {
        self.0.readback_time.as_secs_f64()
    }

    fn __repr__(&self) -> String {
        let TransferStats { uploads, upload_bytes, upload_time, readbacks, readback_bytes, readback_time, .. } = self.0;
        format!(
            "<ndgpu.Transfers: {uploads} uploads of {upload_bytes} bytes in {upload_time:.3?}, {readbacks} readbacks \
             of {readback_bytes} bytes in {readback_time:.3?}>"
        )
    }
}
