//! `Knots` in Python: a sorted axis on a device.

use ndgpu::Side;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::{ByFloat, by_float, with_float};
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::{Device, DeviceArray};
use crate::numbers::{Rounding, borrowed, numbers};
use crate::operand::{common_dtype, operand};
use crate::table::made::Made;

/// A sorted axis on a device, `[n]`, for repeated searching and binning. NaN comes last; as bins it may also decrease,
/// or have any other order that `numpy.digitize` accepts.
///
/// Parameters
/// ----------
/// xp : array_like
/// dtype : optional
///     float32 or float64; without it float32 if `xp` is that, else float64.
/// device : Device or str, optional
///
/// Raises
/// ------
/// NotSortedError
///     If it neither increases nor decreases; from `searchsorted` if it decreases anywhere.
#[pyclass(frozen, module = "ndgpu")]
pub struct Knots(ByFloat<ndgpu::Knots<f32>, ndgpu::Knots<f64>>, Made);

#[pymethods]
impl Knots {
    #[new]
    #[pyo3(signature = (xp, *, dtype=None, device=None))]
    fn new(
        py: Python<'_>,
        xp: &Bound<'_, PyAny>,
        dtype: Option<&Bound<'_, PyAny>>,
        device: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        ensure_threads()?;
        let device = Device::from_argument(py, device)?;
        if xp.is_instance_of::<DeviceArray>() {
            return Err(PyTypeError::new_err("knots are prepared where they can be looked at: give a NumPy array"));
        }
        let xp = numbers(xp)?.into_any();
        let rounding = Rounding::of(dtype);
        let dtype = common_dtype(dtype, &[&xp])?;
        let knots = by_float!(dtype, T => {
            let xp = borrowed::<T>(&xp, rounding)?;
            py.detach(|| ndgpu::Knots::new(&device, xp.view())).map_err(exception)?
        }, else "knots are float32 or float64, not uint32; give a dtype");
        Ok(Self(knots, Made::of(&[&xp], dtype, &PyDict::new(py))?))
    }

    /// How many knots are less than each value ("left"), or less or equal ("right"): `numpy.searchsorted`, as uint32.
    ///
    /// >>> import ndgpu
    /// >>> ndgpu.Knots([1.0, 2.0, 2.0, 3.0], device="cpu").searchsorted([2.0, 9.0], "right").numpy()
    /// array([3, 4], dtype=uint32)
    #[pyo3(signature = (x, side="left"))]
    fn searchsorted(&self, py: Python<'_>, x: &Bound<'_, PyAny>, side: &str) -> PyResult<DeviceArray> {
        let side = match side {
            "left" => Side::Left,
            "right" => Side::Right,
            _ => {
                return Err(PyValueError::new_err(format!("side is \"{side}\", but it must be \"left\" or \"right\"")));
            }
        };
        with_float!(&self.0, knots => {
            let x = operand(py, "x", x, knots.device())?;
            DeviceArray::computed(py, || knots.searchsorted(&x, side))
        })
    }

    /// The bin of each value: `numpy.digitize`, as uint32, also for edges with NaN. As there, a step to NaN is no
    /// increase, so `[2.5, nan]` decreases.
    #[pyo3(signature = (x, right=false))]
    fn digitize(&self, py: Python<'_>, x: &Bound<'_, PyAny>, right: bool) -> PyResult<DeviceArray> {
        with_float!(&self.0, knots => {
            let x = operand(py, "x", x, knots.device())?;
            DeviceArray::computed(py, || knots.digitize(&x, right))
        })
    }

    /// The device they are on.
    #[getter]
    fn device(&self) -> Device {
        with_float!(&self.0, knots => Device(knots.device().clone()))
    }

    /// What they were made of, and the keywords.
    fn _made<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Bound<'py, PyAny>>, Bound<'py, PyDict>)> {
        self.1.get(py)
    }

    /// Itself, which nothing changes.
    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Itself, which nothing changes.
    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __len__(&self) -> usize {
        with_float!(&self.0, knots => knots.len())
    }

    fn __repr__(&self) -> String {
        let (len, dtype, device) = (self.__len__(), self.0.dtype().name(), self.device().0);
        format!("<ndgpu.Knots: {len} {dtype} on {}>", device.info().name)
    }
}
