//! `InterpTable` in Python: knots and values on a device.

pub mod builder;
pub mod derivatives;
pub mod located;

use numpy::PyArrayDescr;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::{ByFloat, by_float, map_float, with_float};
use crate::error::exception;
use crate::fork::ensure_threads;
use crate::handles::{Device, DeviceArray};
use crate::numbers::Rounding;
use crate::operand::{common_dtype, numbers_or_device_array, operand};
use crate::table::builder::{Options, Source, build, parse_method, parse_order};
use crate::table::derivatives::{interp_jvp, interp_vjp, parse_wanted};
use crate::table::located::Located;

/// Knots and their values on a device, for repeated interpolation: one table, or several with as many knots each.
///
/// Parameters
/// ----------
/// xp, fp : array_like or DeviceArray
///     `[n]`, or `[tables, n]` for several; knots may be shared by all tables. Knots that are on the device take no
///     keywords, and their order is checked there.
/// left, right : float, optional
///     The results left of the first knot and right of the last.
/// period : float, optional
///     Makes the table periodic; `left`, `right` and the order are then ignored.
/// order : {"check", "sort", "descending", "assume"}
///     Whether unsorted knots are an error, are sorted, must decrease and are taken in reverse, or are assumed not to
///     exist. Knots that are NaN are an error for "check" and "descending", and left out by "sort".
/// method : {"linear", "nearest", "previous", "next"}
///     The result between two knots.
/// extrapolate : bool
///     Extends the lines of the first and last segment where `left` and `right` say nothing else.
/// skip_missing : bool
///     First leaves out, in each row, the knots that are NaN or have NaN as their value: gaps are bridged as by
///     `numpy.interp(x, xp[ok], fp[ok])`. A row without any knots left gives NaN. Such a table has no `with_values`.
/// dtype : optional
///     float32 or float64; without it float32 if both are that, else float64.
/// device : Device or str, optional
///     The device for the table, else `ndgpu.get_device()`.
///
/// Costs the upload of the table and one pass over it. The search index of a table of `n` knots takes as much again.
///
/// Raises
/// ------
/// NotSortedError
///     With the place of the first knot that is out of order.
/// ValueError
///     For shapes that do not match, an empty table, a period of 0, unknown values of keywords, and for `skip_missing`
///     with values on the device, where they are not looked at.
/// TypeError
///     For float64 on a device without it, and for what `Device.upload` refuses.
///
/// Examples
/// --------
/// >>> import ndgpu
/// >>> nan = float("nan")
/// >>> table = ndgpu.InterpTable([0.0, 1.0, 2.0], [10.0, nan, 14.0], skip_missing=True, device="cpu")
/// >>> table.interp([0.5, 1.0, 1.5]).numpy()
/// array([11., 12., 13.])
#[pyclass(frozen, module = "ndgpu")]
pub struct InterpTable(ByFloat<ndgpu::InterpTable<f32>, ndgpu::InterpTable<f64>>);

#[pymethods]
impl InterpTable {
    #[new]
    #[pyo3(signature = (
        xp, fp, *, left=None, right=None, period=None, order="check", method="linear", extrapolate=false,
        skip_missing=false, dtype=None, device=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn new(
        py: Python<'_>,
        xp: &Bound<'_, PyAny>,
        fp: &Bound<'_, PyAny>,
        left: Option<f64>,
        right: Option<f64>,
        period: Option<f64>,
        order: &str,
        method: &str,
        extrapolate: bool,
        skip_missing: bool,
        dtype: Option<&Bound<'_, PyAny>>,
        device: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (order, method) = (parse_order(order)?, parse_method(method)?);
        let options = Options { left, right, period, order, method, extrapolate, skip_missing };
        ensure_threads()?;
        let on_device = |object: &Bound<'_, PyAny>| object.cast::<DeviceArray>().map(|array| array.get().array()).ok();
        let device = match on_device(xp).or_else(|| on_device(fp)) {
            Some(array) => array.device().clone(),
            None => Device::from_argument(py, device)?,
        };
        let (xp, fp) = (numbers_or_device_array(xp)?, numbers_or_device_array(fp)?);
        let rounding = Rounding::of(dtype);
        let dtype = common_dtype(dtype, &[&xp, &fp])?;
        Ok(Self(by_float!(dtype, T => {
            build::<T>(py, &device, Source::of(&xp, rounding)?, Source::of(&fp, rounding)?, options)?
        }, else "a table holds float32 or float64, not uint32; give a dtype")))
    }

    /// Interpolates at `x` of any shape: a DeviceArray, or an array on the host, which is uploaded. One pass.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If this is more than one table, or `x` is on another device.
    /// TypeError
    ///     If `x` is on the device in another dtype.
    ///
    /// >>> import ndgpu
    /// >>> table = ndgpu.InterpTable([1.0, 2.0, 4.0], [10.0, 20.0, 0.0], left=-1.0, device="cpu")
    /// >>> table.interp([0.0, 1.5, 3.0]).numpy()
    /// array([-1., 15., 10.])
    fn interp(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            DeviceArray::computed(py, || table.interp(&x))
        })
    }

    /// Interpolates row by row: row `i` of the result is from table `i`. `x` is `[m]`, the same for each row, or
    /// `[tables, m]`.
    ///
    /// >>> import ndgpu
    /// >>> tables = ndgpu.InterpTable([0.0, 1.0], [[0.0, 1.0], [0.0, 10.0]], device="cpu")
    /// >>> tables.interp_rows([0.5, 0.75]).numpy()
    /// array([[0.5 , 0.75],
    ///        [5.  , 7.5 ]])
    fn interp_rows(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            DeviceArray::computed(py, || table.interp_rows(&x))
        })
    }

    /// The same knots, index and rules with other values, `[n]` or `[tables, n]`. One pass over them. A ValueError for
    /// a table made with `skip_missing`, whose knots were chosen by its first values.
    fn with_values(&self, py: Python<'_>, fp: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(map_float!(&self.0, table => {
            let fp = operand(py, "fp", fp, table.device())?;
            py.detach(|| table.with_values(&fp)).map_err(exception)?
        })))
    }

    /// The slope of the table at every element of `x`: the derivative of `interp` in its queries. One pass.
    ///
    /// At a knot it is that of the segment to the right, at the last knot that of the last segment; outside 0, or that
    /// of the line that `extrapolate` extends. A segment of width 0 has slope 0; at NaN it is NaN.
    ///
    /// >>> import ndgpu
    /// >>> table = ndgpu.InterpTable([0.0, 1.0, 4.0], [0.0, 10.0, 4.0], device="cpu")
    /// >>> table.derivative([-1.0, 0.5, 1.0, 4.0]).numpy()
    /// array([ 0., 10., -2., -2.])
    fn derivative(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            DeviceArray::computed(py, || table.derivative(&x))
        })
    }

    /// `derivative` row by row: row `i` of the result has slopes of table `i`. `x` is `[m]`, the same for each row, or
    /// `[tables, m]`.
    fn derivative_rows(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            DeviceArray::computed(py, || table.derivative_rows(&x))
        })
    }

    /// Values and slopes: a tuple of `interp(x)` and `derivative(x)`, searched for once.
    fn interp_with_derivative(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<(DeviceArray, DeviceArray)> {
        with_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            let (values, slopes) = py.detach(|| table.interp_with_derivative(&x)).map_err(exception)?;
            Ok((DeviceArray::new(values), DeviceArray::new(slopes)))
        })
    }

    /// The vector-Jacobian product of `interp`: from cotangents `g` of the results, in the shape of `x`, those of what
    /// `wanted` names, in a dict.
    ///
    /// "x" has the shape of the queries, "xp" and "fp" are `[n]` in the order in which the knots were given, "left" and
    /// "right" are numbers, 0 where the table has no such value. Slopes are those of `derivative`. One pass for "x";
    /// for all others together those of `locate` and `Located.transpose_apply`.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If `g` has another shape than `x`, for several tables, and for a name that is not known.
    ///
    /// >>> import ndgpu
    /// >>> table = ndgpu.InterpTable([0.0, 1.0, 3.0], [0.0, 2.0, 6.0], device="cpu")
    /// >>> found = table.interp_vjp([0.25, 2.0], [1.0, 10.0], wanted=["x", "fp"])
    /// >>> found["x"].numpy(), found["fp"].numpy()
    /// (array([ 2., 20.]), array([0.75, 5.25, 5.  ]))
    #[pyo3(signature = (x, g, wanted=None))]
    fn interp_vjp<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        g: &Bound<'py, PyAny>,
        wanted: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let wanted = wanted.map_or(Ok(ndgpu::Wanted::ALL), parse_wanted)?;
        with_float!(&self.0, table => interp_vjp(py, table, x, g, wanted))
    }

    /// The Jacobian-vector product of `interp`: the change of the results, in the shape of `x`, when queries, knots and
    /// values change by these tangents, each in the shape of what it belongs to; `left` and `right` stay as they are.
    ///
    /// One pass to locate the queries, one for each tangent of knots or values, and one for the slopes. A ValueError
    /// without any tangent.
    ///
    /// >>> import ndgpu
    /// >>> table = ndgpu.InterpTable([0.0, 1.0], [0.0, 8.0], device="cpu")
    /// >>> table.interp_jvp([0.25], dx=[1.0], dfp=[4.0, 0.0]).numpy()
    /// array([11.])
    #[pyo3(signature = (x, *, dx=None, dxp=None, dfp=None))]
    fn interp_jvp(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        dx: Option<&Bound<'_, PyAny>>,
        dxp: Option<&Bound<'_, PyAny>>,
        dfp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<DeviceArray> {
        with_float!(&self.0, table => interp_jvp(py, table, x, [dx, dxp, dfp]))
    }

    /// Finds where every element of `x` lies in this one table, for as many `Located.apply` as are wanted. One pass,
    /// which reads `x` and writes 4 bytes a query.
    fn locate(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<Located> {
        Ok(Located(map_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            py.detach(|| table.locate(&x)).map_err(exception)?
        })))
    }

    /// `locate` row by row: row `i` of the queries in the knots of table `i`. `x` is `[m]`, the same for each row, or
    /// `[tables, m]`; one table serves all rows of an `x` of `[rows, m]`.
    fn locate_rows(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<Located> {
        Ok(Located(map_float!(&self.0, table => {
            let x = operand(py, "x", x, table.device())?;
            py.detach(|| table.locate_rows(&x)).map_err(exception)?.into_dyn()
        })))
    }

    /// How many knots each table has.
    #[getter]
    fn knots(&self) -> usize {
        with_float!(&self.0, table => table.knots())
    }

    /// How many tables there are.
    #[getter]
    fn tables(&self) -> usize {
        with_float!(&self.0, table => table.tables())
    }

    /// float32 or float64.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDescr> {
        self.0.dtype().to_numpy(py)
    }

    /// The device it is on.
    #[getter]
    fn device(&self) -> Device {
        with_float!(&self.0, table => Device(table.device().clone()))
    }

    fn __repr__(&self) -> String {
        format!(
            "<ndgpu.InterpTable of {} x {} {} on {}>",
            self.tables(),
            self.knots(),
            self.0.dtype().name(),
            self.device().0.info().name
        )
    }
}
