//! `Knots`: a sorted axis on a device.

use ndgpu::{AnyArray, Error, Side};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::error::exception;
use crate::fork::expect_threads;
use crate::kind::{Kind, operand};
use crate::memory::Lent;
use crate::numbers::{Rounding, numbers};

/// A sorted axis on a device, `[n]`, to search and bin on again and again. NaN comes last; for bins it may also
/// decrease, or be in whatever other order `numpy.digitize` takes.
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
pub struct Knots(Axis);

enum Axis {
    F32(ndgpu::Knots<f32>),
    F64(ndgpu::Knots<f64>),
}

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
        expect_threads()?;
        let device = Device::wanted(py, device)?;
        if xp.is_instance_of::<DeviceArray>() {
            return Err(PyTypeError::new_err("knots are prepared where they can be looked at: give a NumPy array"));
        }
        let xp = numbers(xp)?.into_any();
        let rounding = Rounding::of(dtype);
        let axis = match Kind::wanted(dtype, &[&xp])? {
            Kind::F32 => {
                let xp = Lent::<f32>::converted(&xp, rounding)?;
                py.detach(|| ndgpu::Knots::new(&device, xp.view())).map(Axis::F32)
            }
            Kind::F64 => {
                let xp = Lent::<f64>::converted(&xp, rounding)?;
                py.detach(|| ndgpu::Knots::new(&device, xp.view())).map(Axis::F64)
            }
            Kind::U32 => return Err(PyTypeError::new_err("knots are float32 or float64, not uint32; give a dtype")),
        };
        axis.map(Self).map_err(exception)
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
        let x = self.queries(py, x)?;
        let places = py.detach(|| match (&self.0, &x) {
            (Axis::F32(knots), AnyArray::F32(x)) => knots.searchsorted(x, side),
            (Axis::F64(knots), AnyArray::F64(x)) => knots.searchsorted(x, side),
            _ => Err(Error::other("knots and queries differ in type")),
        });
        places.map(|places| DeviceArray::new(places.into())).map_err(exception)
    }

    /// The bin of each value: `numpy.digitize`, as uint32. With NaN among the edges too: a step to NaN is no increase,
    /// so `[2.5, nan]` decreases.
    #[pyo3(signature = (x, right=false))]
    fn digitize(&self, py: Python<'_>, x: &Bound<'_, PyAny>, right: bool) -> PyResult<DeviceArray> {
        let x = self.queries(py, x)?;
        let places = py.detach(|| match (&self.0, &x) {
            (Axis::F32(knots), AnyArray::F32(x)) => knots.digitize(x, right),
            (Axis::F64(knots), AnyArray::F64(x)) => knots.digitize(x, right),
            _ => Err(Error::other("knots and queries differ in type")),
        });
        places.map(|places| DeviceArray::new(places.into())).map_err(exception)
    }

    /// The device they are on.
    #[getter]
    fn device(&self) -> Device {
        Device(self.device_ref().clone())
    }

    fn __len__(&self) -> usize {
        match &self.0 {
            Axis::F32(knots) => knots.len(),
            Axis::F64(knots) => knots.len(),
        }
    }

    fn __repr__(&self) -> String {
        format!("<ndgpu.Knots: {} {} on {}>", self.__len__(), self.kind().name(), self.device_ref().info().name)
    }
}

impl Knots {
    fn kind(&self) -> Kind {
        match &self.0 {
            Axis::F32(_) => Kind::F32,
            Axis::F64(_) => Kind::F64,
        }
    }

    fn device_ref(&self) -> &ndgpu::Device {
        match &self.0 {
            Axis::F32(knots) => knots.device(),
            Axis::F64(knots) => knots.device(),
        }
    }

    fn queries(&self, py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<AnyArray> {
        operand(py, "x", object, self.device_ref(), self.kind())
    }
}
