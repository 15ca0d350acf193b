//! `DeviceArray` in Python: its methods, and those that refuse to convert it to a NumPy array implicitly.

use ndgpu::Error;
use numpy::PyArrayDescr;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyComplex, PyDict, PyInt, PyTuple};

use crate::axes::new_shape;
use crate::dlpack;
use crate::dtype::{DType, with_type};
use crate::error::exception;
use crate::handles::{Device, DeviceArray};
use crate::numbers::{Rounding, borrowed};
use crate::readback::{self, Ownership};
use crate::reduce::{Extremum, Reduction};
use crate::reductions;
use crate::refused::implicit_conversion;
use crate::vjp::{self, Backward, WeightedBackward};

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
        self.array().dtype().to_numpy(py)
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
    /// On the CPU engine a view of the array's own memory, without a copy; elsewhere a copy, which waits for the
    /// device. Both are counted and read-only: `.numpy().copy()` is writeable. Overwriting the array later does not
    /// change the result.
    ///
    /// Raises
    /// ------
    /// ZeroDivisionError
    ///     If this was computed with weights whose sum is zero, which is checked only now, to not stall the device.
    /// NotSortedError
    ///     If it was computed with knots on the device that are out of order.
    /// DeviceLostError, MemoryError
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([1.0, 2.0]).numpy()
    /// array([1., 2.])
    fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        readback::to_numpy(py, self, Ownership::ReadOnly)
    }

    /// The only element, as a Python number. Costs a readback.
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
        readback::item(py, self)
    }

    /// The only element. Costs a readback.
    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        readback::scalar(py, self)?.extract()
    }

    /// The only element, without its fraction. Costs a readback.
    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.get_type::<PyInt>().call1((readback::scalar(py, self)?,))
    }

    /// The only element. Costs a readback.
    fn __complex__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyComplex>> {
        Ok(PyComplex::from_doubles(py, self.__float__(py)?, 0.0))
    }

    /// The only element of an array of uint32 without axes, such as `argmax` gives. Costs a readback.
    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.array().dtype() != DType::U32 || self.ndim() != 0 {
            return Err(PyTypeError::new_err("only integer scalar arrays can be converted to a scalar index"));
        }
        self.item(py)
    }

    /// The values as a writeable NumPy array, for an array that nobody else refers to.
    fn _take<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        readback::take(py, self)
    }

    /// The same values on another device, by way of the host: a readback here and an upload there.
    fn to_device(&self, py: Python<'_>, device: &Device) -> PyResult<Self> {
        let array = self.operand()?;
        if *array.device() == device.0 {
            return Ok(Self::new(array));
        }
        let moved = py.detach(|| array.to_device(&device.0)).map_err(exception)?;
        self.count_readback();
        Ok(Self::uploaded(moved))
    }

    /// The same elements under another shape, of which one length may be -1. Nothing is copied.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Device("cpu").upload([1.0, 2.0, 3.0, 4.0]).reshape(2, -1).shape
    /// (2, 2)
    #[pyo3(signature = (*shape))]
    fn reshape(&self, shape: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let array = self.array();
        // reshape(2, 3) or reshape((2, 3)), as in NumPy.
        let shape = new_shape(shape, array.shape())?;
        array.reshape(&shape).map(Self::new).map_err(exception)
    }

    /// Replaces the values, in place unless NumPy still refers to the old ones. Costs an upload.
    fn overwrite(&self, py: Python<'_>, a: &Bound<'_, PyAny>) -> PyResult<()> {
        let not_on_host = || Error::other("an array is overwritten with one of the host's");
        let dtype = self.operand()?.dtype();
        if a.is_none() || a.is_instance_of::<Self>() {
            return Err(exception(not_on_host()));
        }
        let overwritten = with_type!(dtype, T => {
            let values = borrowed::<T>(a, Rounding::Refused)?;
            // Without the interpreter's lock, for which no thread may wait while it holds the array's.
            py.detach(|| self.lock().typed_mut::<T>().ok_or_else(not_on_host)?.overwrite(&values.view()))
        });
        overwritten.map_err(exception)?;
        self.count_upload();
        Ok(())
    }

    /// The weights average, as `numpy.average`, of the dtype of the array. Reads the array once.
    ///
    /// Parameters
    /// ----------
    /// axis : None, int or iterable of int
    /// weights : array_like or DeviceArray, optional
    ///     Of the array's shape, or of the lengths of the axes in the order in which they are named.
    /// returned : bool
    ///     Whether to return the sums of the weights too, in a tuple.
    /// keepdims : bool
    ///     Whether the reduced axes stay, with length 1.
    /// zero_weights : float, optional
    ///     The average where the sum of the weights is zero. Without it `.numpy()` raises a ZeroDivisionError.
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
        reductions::average(py, self, axis, weights, returned, keepdims, zero_weights)
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
        reductions::weighted_sum(py, self, weights, axis, keepdims)
    }

    /// The sum, as exact as if accumulated in twice the precision and rounded once.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn sum(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Sum, axis, keepdims)
    }

    /// The mean; NaN for no values.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn mean(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Mean, axis, keepdims)
    }

    /// The smallest value; NaN if there is any.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn min(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Min, axis, keepdims)
    }

    /// The largest value; NaN if there is any.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn max(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Max, axis, keepdims)
    }

    /// The variance, divided by the number of values less `ddof`. Reads the array twice.
    #[pyo3(signature = (axis=None, *, ddof=0.0, keepdims=false))]
    fn var(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Var { ddof }, axis, keepdims)
    }

    /// The standard deviation. Reads the array twice.
    #[pyo3(signature = (axis=None, *, ddof=0.0, keepdims=false))]
    fn std(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64, keepdims: bool) -> PyResult<Self> {
        reductions::reduce(py, self, Reduction::Std { ddof }, axis, keepdims)
    }

    /// The index of the smallest value, or of the first NaN, as uint32; of equal ones the first. Without an axis, of
    /// the flattened array.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn argmin(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::arg_extremum(py, self, Extremum::Min, axis, keepdims)
    }

    /// The index of the largest value, or of the first NaN, as uint32; of equal ones the first. Without an axis, of the
    /// flattened array.
    #[pyo3(signature = (axis=None, *, keepdims=false))]
    fn argmax(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, keepdims: bool) -> PyResult<Self> {
        reductions::arg_extremum(py, self, Extremum::Max, axis, keepdims)
    }

    /// `(a - mean) / std` along an axis, over several, or over all elements; NaN where all values are the same.
    #[pyo3(signature = (axis=None, *, ddof=0.0))]
    fn standardize(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>, ddof: f64) -> PyResult<Self> {
        reductions::standardize(py, self, axis, ddof)
    }

    /// The backward pass of `average`: from cotangents `g` in the shape of the averages (without `keepdims`) those of
    /// the array and of the weights, in a tuple; without weights `None` for theirs. Along one axis as many passes as
    /// operands are read.
    ///
    /// >>> import ndgpu
    /// >>> a = ndgpu.Device("cpu").upload([[0.0, 2.0], [4.0, 8.0]])
    /// >>> of_a, of_weights = a.average_vjp([1.0, 10.0], 1, weights=[3.0, 1.0])
    /// >>> of_a.numpy()
    /// array([[0.75, 0.25],
    ///        [7.5 , 2.5 ]])
    /// >>> of_weights.numpy()
    /// array([-2.625,  7.875])
    #[pyo3(signature = (g, axis=None, weights=None))]
    fn average_vjp(
        &self,
        py: Python<'_>,
        g: &Bound<'_, PyAny>,
        axis: Option<&Bound<'_, PyAny>>,
        weights: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Self, Option<Self>)> {
        vjp::weighted(py, self, WeightedBackward::Average, g, axis, weights)
    }

    /// The backward pass of `weighted_sum`: from cotangents `g` of the sums those of the array and of the weights.
    #[pyo3(signature = (weights, g, axis=None))]
    fn weighted_sum_vjp(
        &self,
        py: Python<'_>,
        weights: &Bound<'_, PyAny>,
        g: &Bound<'_, PyAny>,
        axis: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Self, Option<Self>)> {
        vjp::weighted(py, self, WeightedBackward::Sum, g, axis, Some(weights))
    }

    /// The backward pass of `sum`: `g`, in the shape of the sums, for each element that was added up.
    #[pyo3(signature = (g, axis=None))]
    fn sum_vjp(&self, py: Python<'_>, g: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        vjp::plain(py, self, Backward::Sum, g, axis)
    }

    /// The backward pass of `mean`: `g / n` for each of the `n` elements of a mean.
    #[pyo3(signature = (g, axis=None))]
    fn mean_vjp(&self, py: Python<'_>, g: &Bound<'_, PyAny>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        vjp::plain(py, self, Backward::Mean, g, axis)
    }

    /// The backward pass of `var`: `2 g (a - mean) / (n - ddof)`. Two passes.
    #[pyo3(signature = (g, axis=None, *, ddof=0.0))]
    fn var_vjp(
        &self,
        py: Python<'_>,
        g: &Bound<'_, PyAny>,
        axis: Option<&Bound<'_, PyAny>>,
        ddof: f64,
    ) -> PyResult<Self> {
        vjp::plain(py, self, Backward::Var { ddof }, g, axis)
    }

    /// The backward pass of `std`: `g (a - mean) / (std (n - ddof))`, and 0 where the deviation is 0. Three passes.
    #[pyo3(signature = (g, axis=None, *, ddof=0.0))]
    fn std_vjp(
        &self,
        py: Python<'_>,
        g: &Bound<'_, PyAny>,
        axis: Option<&Bound<'_, PyAny>>,
        ddof: f64,
    ) -> PyResult<Self> {
        vjp::plain(py, self, Backward::Std { ddof }, g, axis)
    }

    /// The backward pass of `standardize`: from cotangents `g`, in the shape of the array, those of the array.
    #[pyo3(signature = (g, axis=None, *, ddof=0.0))]
    fn standardize_vjp(
        &self,
        py: Python<'_>,
        g: &Bound<'_, PyAny>,
        axis: Option<&Bound<'_, PyAny>>,
        ddof: f64,
    ) -> PyResult<Self> {
        vjp::plain(py, self, Backward::Standardize { ddof }, g, axis)
    }

    /// Exports the values to another library, as host memory.
    ///
    /// On the CPU engine that is the array's own memory, read-only. DLPack before version 1 has no read-only memory, so
    /// libraries that ask for it get a copy. An array on a GPU is copied if the library asks for the CPU. Anything
    /// else, such as a copy where `copy` is False, is a BufferError.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<(u32, u32)>,
        dl_device: Option<dlpack::DeviceNumbers>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if stream.is_some() {
            return Err(PyBufferError::new_err("host memory has no streams"));
        }
        dlpack::export(py, self, dlpack::Request { max_version, device: dl_device, copy })
    }

    fn __dlpack_device__(&self) -> dlpack::DeviceNumbers {
        dlpack::device_of(self)
    }

    /// Refuses: call `.numpy()`.
    #[pyo3(signature = (*_args, **_keywords))]
    fn __array__(&self, _args: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        Err(implicit_conversion())
    }

    /// Refuses: call `.numpy()`.
    #[pyo3(signature = (*_args, **_keywords))]
    fn __array_ufunc__(&self, _args: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        Err(implicit_conversion())
    }

    /// Dispatches NumPy's functions to ndgpu's; refuses others, which would need a conversion.
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
            None => Err(implicit_conversion()),
        }
    }

    fn __len__(&self) -> PyResult<usize> {
        self.array().shape().first().copied().ok_or_else(|| PyTypeError::new_err("len() of an array without axes"))
    }

    fn __repr__(&self) -> String {
        let array = self.array();
        let lengths: Vec<_> = array.shape().iter().map(ToString::to_string).collect();
        let (uploaded, read_back) = self.transferred();
        let comma = if lengths.len() == 1 { "," } else { "" };
        format!(
            "<ndgpu.DeviceArray ({}{comma}) {} on {}: {uploaded} bytes uploaded, {read_back} read back>",
            lengths.join(", "),
            array.dtype().name(),
            array.device().info().name,
        )
    }
}
