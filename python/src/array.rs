//! `DeviceArray`: an array on a device. What it does not do is become a NumPy array by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use ndgpu::ndarray::IxDyn;
use ndgpu::{AnyArray, AnyData};
use numpy::PyArrayDescr;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyDict, PyInt, PyTuple};

use crate::axes::{self, axes, kept, one};
use crate::device::Device;
use crate::error::exception;
use crate::fork::expect_threads;
use crate::given::Given;
use crate::kind::Kind;
use crate::memory::{as_numpy, copied, forbid_writing, into_numpy};
use crate::reduce::{Reduction, Weighted};
use crate::refused::not_by_itself;

/// An array on a device: what `Device.upload` and every operation give.
///
/// It does not become a NumPy array by itself, for that may be a copy: `numpy.asarray`, arithmetic, comparisons (`==`
/// as well), `bool(a)`, indexing and iteration raise a TypeError that names `.numpy()`. NumPy's functions that ndgpu
/// has (`numpy.interp(a, ..)`, `numpy.mean(a)`) are ndgpu's for it, and leave the result on the device. `float(a)`,
/// `int(a)`, `complex(a)` and `a.item()` read the only element back, which is counted. Printing it tells what moved,
/// not the values. In dicts and sets an array is found by its identity.
///
/// >>> import ndgpu
/// >>> ndgpu.Device("cpu").upload([[1.0, 2.0]])
/// <ndgpu.DeviceArray (1, 2) float64 on ndgpu native CPU engine: 16 bytes uploaded, 0 read back>
#[pyclass(frozen, module = "ndgpu")]
pub struct DeviceArray {
    array: Mutex<AnyArray>,
    uploaded: AtomicU64,
    read_back: AtomicU64,
}

impl DeviceArray {
    /// An array that was computed on its device.
    pub fn new(array: AnyArray) -> Self {
        Self { array: Mutex::new(array), uploaded: AtomicU64::new(0), read_back: AtomicU64::new(0) }
    }

    /// An array that came from the host.
    pub fn uploaded(array: AnyArray) -> Self {
        let new = Self::new(array);
        new.uploaded.store(new.bytes(), Ordering::Relaxed);
        new
    }

    /// The array, to compute with.
    pub fn live(&self) -> PyResult<AnyArray> {
        expect_threads()?;
        Ok(self.array())
    }

    pub fn array(&self) -> AnyArray {
        self.array.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn bytes(&self) -> u64 {
        let array = self.array();
        let element = if Kind::of(&array) == Kind::F64 { 8 } else { 4 };
        array.shape().iter().product::<usize>() as u64 * element
    }

    /// NumPy's array of the values.
    fn landed<'py>(&self, py: Python<'py>, array: AnyArray, landing: Landing) -> PyResult<Bound<'py, PyAny>> {
        if array.shape().len() > axes::MOST_OF_THE_BINDINGS {
            let shape = array.shape().to_vec();
            let flat = reshaped(array, Some(vec![shape.iter().product()])).map_err(exception)?;
            return self.landed(py, flat, landing)?.call_method1("reshape", (shape,));
        }
        fn wait<T: ndgpu::Element + numpy::Element>(
            py: Python<'_>,
            array: ndgpu::DeviceArray<T, IxDyn>,
            landing: Landing,
        ) -> PyResult<Bound<'_, PyAny>> {
            let landed = py.detach(|| match landing {
                Landing::GivenUp => array.into_readback().wait(),
                Landing::ReadOnly | Landing::Copied => array.readback().wait(),
            });
            let landed = landed.map_err(exception)?;
            let array = match landing {
                Landing::GivenUp => into_numpy(py, landed),
                Landing::ReadOnly => as_numpy(py, landed),
                Landing::Copied => copied(py, landed),
            }?;
            if landing == Landing::ReadOnly {
                forbid_writing(array.as_any())?;
            }
            Ok(array.into_any())
        }
        let landed = match array {
            AnyArray::F32(array) => wait(py, array, landing),
            AnyArray::F64(array) => wait(py, array, landing),
            AnyArray::U32(array) => wait(py, array, landing),
            other => Err(unknown(&other)),
        }?;
        self.read_back.fetch_add(self.bytes(), Ordering::Relaxed);
        Ok(landed)
    }

    fn reduced(
        &self,
        py: Python<'_>,
        reduction: Reduction,
        axis: Option<&Bound<'_, PyAny>>,
        keepdims: bool,
    ) -> PyResult<Self> {
        let array = self.live()?;
        let axes = axes(axis, array.shape().len())?;
        let shape = keepdims.then(|| kept(array.shape(), &axes));
        py.detach(|| reshaped(reduction.of(&array, &axes)?, shape)).map(Self::new).map_err(exception)
    }

    fn located(
        &self,
        py: Python<'_>,
        largest: bool,
        axis: Option<&Bound<'_, PyAny>>,
        keepdims: bool,
    ) -> PyResult<Self> {
        let array = self.live()?;
        let axis = axis.map(|axis| one(axis, array.shape().len())).transpose()?;
        let reduced =
            axis.map_or_else(|| (0..array.shape().len()).map(ndgpu::ndarray::Axis).collect(), |axis| vec![axis]);
        let shape = keepdims.then(|| kept(array.shape(), &reduced));
        let located = py.detach(|| reshaped(crate::reduce::locate(&array, largest, axis)?, shape));
        located.map(Self::new).map_err(exception)
    }
}

/// How values come to NumPy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Landing {
    /// Over the memory itself on the CPU engine, a copy elsewhere; not to be written to in either case.
    ReadOnly,
    /// The same of an array that nobody else has, to be written to.
    GivenUp,
    /// A copy on every engine, to be written to.
    Copied,
}

fn unknown(array: &AnyArray) -> PyErr {
    PyTypeError::new_err(format!("arrays of {} are not known here", array.element_type()))
}

fn reshaped(array: AnyArray, shape: Option<Vec<usize>>) -> ndgpu::Result<AnyArray> {
    let Some(shape) = shape else { return Ok(array) };
    Ok(match array {
        AnyArray::F32(array) => array.reshape(IxDyn(&shape))?.into(),
        AnyArray::F64(array) => array.reshape(IxDyn(&shape))?.into(),
        AnyArray::U32(array) => array.reshape(IxDyn(&shape))?.into(),
        other => other,
    })
}

#[pymethods]
impl DeviceArray {
    /// The lengths of the axes.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.array().shape())
    }

    /// float32, float64 or uint32.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDescr> {
        Kind::of(&self.array()).dtype(py)
    }

    /// How many axes there are.
    #[getter]
    fn ndim(&self) -> usize {
        self.array().shape().len()
    }

    /// How many elements there are.
    #[getter]
    fn size(&self) -> usize {
        self.array().shape().iter().product()
    }

    /// The bytes of the elements.
    #[getter]
    fn nbytes(&self) -> u64 {
        self.bytes()
    }

    /// The device it is on.
    #[getter]
    fn device(&self) -> Device {
        Device(self.array().device().clone())
    }

    /// The values as a NumPy array.
    ///
    /// On the CPU engine a view of the very memory, without a copy; elsewhere a copy, which waits for the device. Both
    /// are counted and read-only: `.numpy().copy()` may be written to. What is written over the array later does not
    /// change what this gave.
    ///
    /// Raises
    /// ------
    /// ZeroDivisionError
    ///     If this was computed with weights whose sum is zero: the device is not stopped to look before.
    /// NotSortedError
    ///     If it was computed with knots of the device's that are out of order.
    /// DeviceLostError, MemoryError
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([1.0, 2.0]).numpy()
    /// array([1., 2.])
    fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.landed(py, self.live()?, Landing::ReadOnly)
    }

    /// The only element, as a number of Python's. Costs a readback.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If there is not one element.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([1.0, 2.0]).sum().item()
    /// 3.0
    fn item<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.size() != 1 {
            return Err(PyValueError::new_err(format!(
                "can only convert an array of size 1 to a Python scalar, but the shape is {:?}: call .numpy()",
                self.array().shape()
            )));
        }
        self.numpy(py)?.call_method0("item")
    }

    /// The only element. Costs a readback.
    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        self.only(py)?.extract()
    }

    /// The only element, without its fraction. Costs a readback.
    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.get_type::<PyInt>().call1((self.only(py)?,))
    }

    /// The only element. Costs a readback.
    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyComplex>> {
        Ok(PyComplex::from_doubles(py, self.__float__(py)?, 0.0))
    }

    /// The only element of an array of uint32 without axes, such as `argmax` gives. Costs a readback.
    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if Kind::of(&self.array()) != Kind::U32 || self.ndim() != 0 {
            return Err(PyTypeError::new_err("only integer scalar arrays can be converted to a scalar index"));
        }
        self.item(py)
    }

    /// The same for an array that nobody else has: NumPy may write to what it gets.
    fn _take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static NOTHING: OnceLock<AnyArray> = OnceLock::new();
        let nothing = match NOTHING.get() {
            Some(nothing) => nothing,
            None => {
                let nothing = ndgpu::Device::cpu().upload(&ndgpu::ndarray::Array1::<f32>::default(0));
                NOTHING.get_or_init(|| nothing.map(Into::into).expect("an array without elements"))
            }
        };
        let mut held = self.array.lock().unwrap_or_else(PoisonError::into_inner);
        let array = std::mem::replace(&mut *held, nothing.clone());
        drop(held);
        self.landed(py, array, Landing::GivenUp)
    }

    /// The same values on another device, by way of the host: a readback here and an upload there.
    fn to_device(&self, py: Python<'_>, device: &Device) -> PyResult<Self> {
        let array = self.live()?;
        if *array.device() == device.0 {
            return Ok(Self::new(array));
        }
        let moved = py.detach(|| {
            ndgpu::Result::Ok(match &array {
                AnyArray::F32(array) => array.to_device(&device.0)?.into(),
                AnyArray::F64(array) => array.to_device(&device.0)?.into(),
                AnyArray::U32(array) => array.to_device(&device.0)?.into(),
                other => other.clone(),
            })
        });
        let moved = Self::uploaded(moved.map_err(exception)?);
        self.read_back.fetch_add(self.bytes(), Ordering::Relaxed);
        Ok(moved)
    }

    /// The same elements under another shape, of which one length may be -1. Nothing is copied.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([1.0, 2.0, 3.0, 4.0]).reshape(2, -1).shape
    /// (2, 2)
    #[pyo3(signature = (*shape))]
    fn reshape(&self, shape: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let array = self.array();
        // reshape(2, 3) or reshape((2, 3)), as NumPy has it.
        let wanted = axes::reshaped(shape, array.shape())?;
        reshaped(array, Some(wanted)).map(Self::new).map_err(exception)
    }

    /// Replaces the values, in the memory that is there unless somebody still looks at them. Costs what an upload
    /// costs.
    fn overwrite(&self, py: Python<'_>, a: &Bound<'_, PyAny>) -> PyResult<()> {
        let given = Given::of(a, self.live()?.element_type())?;
        // The lock is never held by a thread that waits for the interpreter's.
        py.detach(|| {
            let mut held = self.array.lock().unwrap_or_else(PoisonError::into_inner);
            match (&mut *held, given.data()) {
                (AnyArray::F32(array), AnyData::F32(values)) => array.overwrite(&values),
                (AnyArray::F64(array), AnyData::F64(values)) => array.overwrite(&values),
                (AnyArray::U32(array), AnyData::U32(values)) => array.overwrite(&values),
                _ => Err(ndgpu::Error::other("an array is overwritten with one of the host's")),
            }
        })
        .map_err(exception)?;
        self.uploaded.fetch_add(self.bytes(), Ordering::Relaxed);
        Ok(())
    }

    /// The weighted average, as `numpy.average`, of the dtype of the array. Reads the array once.
    ///
    /// Parameters ---------- axis : None, int or iterable of int weights : array_like or DeviceArray, optional Of the
    /// array's shape, or of the lengths of the axes in the order in which they are named. returned : bool Whether to
    /// give the sums of the weights too, in a tuple. keepdims : bool Whether the axes stay, with length 1. zero_weights
    /// : float, optional What the average is where the sum of the weights is zero. Without it that is a
    /// ZeroDivisionError of `.numpy()`.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([[0.5, 1.5], [3.0, 5.0]]).average(1, weights=[1.0, 3.0]).numpy()
    /// array([1.25, 4.5 ])
    #[pyo3(signature = (axis=None, weights=None, returned=false, *, keepdims=false, zero_weights=None))]
    fn average<'py>(
        &self,
        py: Python<'py>,
        axis: Option<&Bound<'py, PyAny>>,
        weights: Option<&Bound<'py, PyAny>>,
        returned: bool,
        keepdims: bool,
        zero_weights: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let array = self.live()?;
        let weighted = Weighted::new(&array, axis, weights)?;
        let shape = keepdims.then(|| kept(array.shape(), weighted.axes()));
        let (average, sums) = py.detach(|| weighted.average(&array, returned, zero_weights)).map_err(exception)?;
        let average = Self::new(reshaped(average, shape.clone()).map_err(exception)?);
        let Some(sums) = sums else { return Ok(Bound::new(py, average)?.into_any()) };
        let sums = Self::new(reshaped(sums, shape).map_err(exception)?);
        Ok((average, sums).into_pyobject(py)?.into_any())
    }

    /// The sum of the values, each times its weight; weights as for `average`. Their sum may be zero.
    #[pyo3(signature = (weights, axis=None, *, keepdims=false))]
    fn weighted_sum<'py>(
        &self,
        py: Python<'py>,
        weights: &Bound<'py, PyAny>,
        axis: Option<&Bound<'py, PyAny>>,
        keepdims: bool,
    ) -> PyResult<Self> {
        let array = self.live()?;
        let weighted = Weighted::new(&array, axis, Some(weights))?;
        let shape = keepdims.then(|| kept(array.shape(), weighted.axes()));
        py.detach(|| reshaped(weighted.sum(&array)?, shape)).map(Self::new).map_err(exception)
    }

    /// The sum, as exact as if added up in twice the precision and rounded once.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn sum(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Sum, axis, keepdims)
    }

    /// The mean; NaN of nothing.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn mean(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Mean, axis, keepdims)
    }

    /// The smallest value; NaN if there is any.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn min(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Min, axis, keepdims)
    }

    /// The largest value; NaN if there is any.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn max(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Max, axis, keepdims)
    }

    /// The variance, divided by the number of values less `ddof`. Reads the array twice.
    #[pyo3(signature = (axis=None, *, ddof=0.0, keepdims=false))]
    fn var(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Var { ddof }, axis, keepdims)
    }

    /// The standard deviation. Reads the array twice.
    #[pyo3(signature = (axis=None, *, ddof=0.0, keepdims=false))]
    fn std(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64, keepdims: bool) -> PyResult<Self> {
        self.reduced(py, Reduction::Std { ddof }, axis, keepdims)
    }

    /// Where the smallest value is, or the first NaN, as uint32; of equal ones the first. Of all elements without an
    /// axis.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn argmin(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.located(py, false, axis, keepdims)
    }

    /// Where the largest value is, or the first NaN, as uint32; of equal ones the first. Of all elements without an
    /// axis.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn argmax(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        self.located(py, true, axis, keepdims)
    }

    /// `(a - mean) / std` along an axis, over several, or over all elements; NaN where all values are the same.
    #[pyo3(signature = (axis=None, *, ddof=0.0))]
    fn standardize(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64) -> PyResult<Self> {
        let array = self.live()?;
        let axes = axes(axis, array.shape().len())?;
        py.detach(|| crate::reduce::standardize(&array, &axes, ddof)).map(Self::new).map_err(exception)
    }

    /// Hands the values to another library, as host memory.
    ///
    /// On the CPU engine that is the array's own memory, read-only. Before version 1 of DLPack a library could not be
    /// told that memory is read-only: those that ask for that get a copy. Of an array on a GPU a copy is made if the
    /// library asks for the CPU. What is not to be had, as a copy where `copy` is False, is a BufferError.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<(i32, i32)>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if stream.is_some() {
            return Err(PyBufferError::new_err("host memory has no streams"));
        }
        let on_host = self.is_on_host();
        if !on_host && dl_device != Some(DL_CPU) {
            return Err(PyBufferError::new_err(
                "this array is in a GPU's memory, which DLPack has no portable name for: call .numpy(), or ask for \
                 device=\"cpu\", either of which copies it to the host",
            ));
        }
        if dl_device.is_some_and(|device| device != DL_CPU) {
            return Err(PyBufferError::new_err("this array can be handed over as host memory only"));
        }
        let knows_read_only = max_version.is_some_and(|(major, _)| major >= 1);
        let shares = on_host && knows_read_only && copy != Some(true);
        if !shares && copy == Some(false) {
            return Err(PyBufferError::new_err(if on_host {
                "copy=False, but this library asks for DLPack as it was before version 1, when memory could not be \
                 handed over as read-only: leave copy out, or share what .numpy() gives"
            } else {
                "copy=False, but this array is in a GPU's memory: leave copy out, or call .numpy(), which copies it"
            }));
        }
        let landing = if shares { Landing::ReadOnly } else { Landing::Copied };
        let array = self.landed(py, self.live()?, landing)?;
        let keywords = PyDict::new(py);
        if knows_read_only {
            keywords.set_item("max_version", max_version)?;
        }
        array.call_method("__dlpack__", (), Some(&keywords))
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        if self.is_on_host() { DL_CPU } else { DL_VULKAN }
    }

    /// Refuses: call `.numpy()`.
    #[pyo3(signature = (*_args, **_keywords))]
    fn __array__(&self, _args: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        Err(not_by_itself())
    }

    /// Refuses: call `.numpy()`.
    #[pyo3(signature = (*_args, **_keywords))]
    fn __array_ufunc__(&self, _args: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        Err(not_by_itself())
    }

    /// NumPy's functions of arrays on a device are ndgpu's; others would have to convert.
    fn __array_function__<'py>(
        &self,
        py: Python<'py>,
        function: &Bound<'py, PyAny>,
        _types: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        keywords: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let ours = py.import("ndgpu._dispatch")?.getattr("IN_NUMPYS_PLACE")?.cast_into::<PyDict>()?;
        match ours.get_item(function)? {
            Some(ours) => ours.call(args, Some(keywords)),
            None => Err(not_by_itself()),
        }
    }

    fn __len__(&self) -> PyResult<usize> {
        self.array().shape().first().copied().ok_or_else(|| PyTypeError::new_err("len() of an array without axes"))
    }

    fn __repr__(&self) -> String {
        let array = self.array();
        let lengths: Vec<_> = array.shape().iter().map(ToString::to_string).collect();
        let comma = if lengths.len() == 1 { "," } else { "" };
        format!(
            "<ndgpu.DeviceArray ({}{comma}) {} on {}: {} bytes uploaded, {} read back>",
            lengths.join(", "),
            Kind::of(&array).name(),
            array.device().info().name,
            self.uploaded.load(Ordering::Relaxed),
            self.read_back.load(Ordering::Relaxed)
        )
    }
}

/// DLPack's numbers for devices.
const DL_CPU: (i32, i32) = (1, 0);
const DL_VULKAN: (i32, i32) = (7, 0);

impl DeviceArray {
    /// The only element, for those who want a number.
    fn only<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.size() != 1 {
            return Err(PyTypeError::new_err(format!(
                "only length-1 arrays can be converted to Python scalars, but the shape is {:?}: call .numpy()",
                self.array().shape()
            )));
        }
        self.item(py)
    }

    fn is_on_host(&self) -> bool {
        self.array().device().info().kind == ndgpu::DeviceKind::Cpu
    }
}
