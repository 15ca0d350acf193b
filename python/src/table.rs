//! `InterpTable`: knots and values on a device.

use ndgpu::ndarray::{ArrayView, IxDyn};
use ndgpu::{AnyArray, Error, Float, InterpTableBuilder, Method, Order};
use numpy::PyArrayDescr;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::array::DeviceArray;
use crate::device::Device;
use crate::error::exception;
use crate::fork::expect_threads;
use crate::kind::{Kind, operand};
use crate::memory::Lent;
use crate::numbers::{Rounding, anywhere};

/// Knots and their values on a device, to look up in again and again: one table, or several with as many knots each.
///
/// Parameters ---------- xp, fp : array_like or DeviceArray `[n]`, or `[tables, n]` for several; knots may be shared by
/// all tables. Knots that are on the device take no keywords, and their order is checked there. left, right : float,
/// optional What is left of the first knot and right of the last. period : float, optional Makes the table periodic;
/// `left`, `right` and the order are then ignored. order : {"check", "sort", "assume"} Whether knots that are not in
/// order are an error, are sorted, or are nobody's concern. Knots that are NaN are an error to "check", and "sort"
/// leaves them out. method : {"linear", "nearest", "previous", "next"} What the value is between two knots. extrapolate
/// : bool Extends the lines of the first and last segment where `left` and `right` say nothing else. skip_missing :
/// bool Leaves out, in each row, the knots that are NaN or whose values are, before anything else: gaps are bridged as
/// by `numpy.interp(x, xp[ok], fp[ok])`. A row that has nothing left gives NaN. Such a table takes no other values
/// later. dtype : optional float32 or float64; without it float32 if both are that, else float64. device : Device or
/// str, optional Where it is to be, else `ndgpu.get_device()`.
///
/// Costs the upload of the table and one pass over it. The search index of a table of `n` knots takes as much again.
///
/// Raises ------ NotSortedError With the place of the first knot that is out of order. ValueError For shapes that do
/// not fit, an empty table, a period of 0, and unknown keywords' values; and for `skip_missing` of values that are on
/// the device, where nobody looks at them. TypeError For float64 on a device without it, and for what `Device.upload`
/// refuses.
///
/// Examples
/// --------
/// >>> import ndgpu
/// >>> nan = float("nan")
/// >>> table = ndgpu.InterpTable([0.0, 1.0, 2.0], [10.0, nan, 14.0], skip_missing=True, device="cpu")
/// >>> table.interp([0.5, 1.0, 1.5]).numpy()
/// array([11., 12., 13.])
#[pyclass(frozen, module = "ndgpu")]
pub struct InterpTable(Table);

enum Table {
    F32(ndgpu::InterpTable<f32>),
    F64(ndgpu::InterpTable<f64>),
}

/// What the keywords say.
struct Options {
    left: Option<f64>,
    right: Option<f64>,
    period: Option<f64>,
    order: Order,
    method: Method,
    extrapolate: bool,
    skip_missing: bool,
}

impl Options {
    fn is_default(&self) -> bool {
        let Self { left, right, period, order, method, extrapolate, skip_missing } = self;
        left.is_none()
            && right.is_none()
            && period.is_none()
            && *order == Order::Check
            && *method == Method::Linear
            && !extrapolate
            && !skip_missing
    }
}

fn order(name: &str) -> PyResult<Order> {
    match name {
        "check" => Ok(Order::Check),
        "sort" => Ok(Order::Sort),
        "assume" => Ok(Order::Assume),
        _ => {
            Err(PyValueError::new_err(format!("order is \"{name}\", but it must be \"check\", \"sort\" or \"assume\"")))
        }
    }
}

fn method(name: &str) -> PyResult<Method> {
    match name {
        "linear" => Ok(Method::Linear),
        "nearest" => Ok(Method::Nearest),
        "previous" => Ok(Method::Previous),
        "next" => Ok(Method::Next),
        _ => Err(PyValueError::new_err(format!(
            "method is \"{name}\", but it must be \"linear\", \"nearest\", \"previous\" or \"next\""
        ))),
    }
}

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
        let (order, method) = (self::order(order)?, self::method(method)?);
        let options = Options { left, right, period, order, method, extrapolate, skip_missing };
        expect_threads()?;
        let on_device = |object: &Bound<'_, PyAny>| object.cast::<DeviceArray>().map(|array| array.get().array()).ok();
        let device = match on_device(xp).or_else(|| on_device(fp)) {
            Some(array) => array.device().clone(),
            None => Device::wanted(py, device)?,
        };
        let (xp, fp) = (anywhere(xp)?, anywhere(fp)?);
        let kind = Kind::wanted(dtype, &[&xp, &fp])?;
        let rounding = Rounding::of(dtype);
        let table = match kind {
            Kind::F32 => {
                let sides = (Side::of(&xp, rounding)?, Side::of(&fp, rounding)?);
                build(py, &device, sides, options, |number| number as f32).map(Table::F32)
            }
            Kind::F64 => {
                let sides = (Side::of(&xp, rounding)?, Side::of(&fp, rounding)?);
                build(py, &device, sides, options, |number| number).map(Table::F64)
            }
            Kind::U32 => Err(PyTypeError::new_err("a table holds float32 or float64, not uint32; give a dtype")),
        }?;
        Ok(Self(table))
    }

    /// Looks values up, whatever the shape of `x`: a DeviceArray, or an array of the host's, which is uploaded. One
    /// pass.
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
        let x = self.operand(py, "x", x)?;
        let result = py.detach(|| match (&self.0, &x) {
            (Table::F32(table), AnyArray::F32(x)) => table.interp(x).map(AnyArray::from),
            (Table::F64(table), AnyArray::F64(x)) => table.interp(x).map(AnyArray::from),
            _ => Err(Error::other("table and queries differ in type")),
        });
        result.map(DeviceArray::new).map_err(exception)
    }

    /// Looks up row by row: row `i` of the result comes from table `i`. `x` is `[m]`, the same for each, or
    /// `[tables, m]`.
    ///
    /// >>> import ndgpu
    /// >>> tables = ndgpu.InterpTable([0.0, 1.0], [[0.0, 1.0], [0.0, 10.0]], device="cpu")
    /// >>> tables.interp_rows([0.5, 0.75]).numpy()
    /// array([[0.5 , 0.75],
    ///        [5.  , 7.5 ]])
    fn interp_rows(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        let x = self.operand(py, "x", x)?;
        let result = py.detach(|| match (&self.0, &x) {
            (Table::F32(table), AnyArray::F32(x)) => table.interp_rows(x).map(AnyArray::from),
            (Table::F64(table), AnyArray::F64(x)) => table.interp_rows(x).map(AnyArray::from),
            _ => Err(Error::other("table and queries differ in type")),
        });
        result.map(DeviceArray::new).map_err(exception)
    }

    /// The same knots, index and rules with other values, `[n]` or `[tables, n]`. One pass over them. A ValueError for
    /// a table made with `skip_missing`: which of its knots count was decided by the values that it got.
    fn with_values(&self, py: Python<'_>, fp: &Bound<'_, PyAny>) -> PyResult<Self> {
        let fp = self.operand(py, "fp", fp)?;
        let table = py.detach(|| match (&self.0, &fp) {
            (Table::F32(table), AnyArray::F32(fp)) => table.with_values(fp).map(Table::F32),
            (Table::F64(table), AnyArray::F64(fp)) => table.with_values(fp).map(Table::F64),
            _ => Err(Error::other("table and values differ in type")),
        });
        table.map(Self).map_err(exception)
    }

    /// How many knots each table has.
    #[getter]
    fn knots(&self) -> usize {
        match &self.0 {
            Table::F32(table) => table.knots(),
            Table::F64(table) => table.knots(),
        }
    }

    /// How many tables there are.
    #[getter]
    fn tables(&self) -> usize {
        match &self.0 {
            Table::F32(table) => table.tables(),
            Table::F64(table) => table.tables(),
        }
    }

    /// float32 or float64.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDescr> {
        match self.kind() {
            Kind::F32 => numpy::dtype::<f32>(py),
            _ => numpy::dtype::<f64>(py),
        }
    }

    /// The device it is on.
    #[getter]
    fn device(&self) -> Device {
        Device(self.device_ref().clone())
    }

    fn __repr__(&self) -> String {
        format!(
            "<ndgpu.InterpTable of {} x {} {} on {}>",
            self.tables(),
            self.knots(),
            self.kind().name(),
            self.device_ref().info().name
        )
    }
}

impl InterpTable {
    fn kind(&self) -> Kind {
        match &self.0 {
            Table::F32(_) => Kind::F32,
            Table::F64(_) => Kind::F64,
        }
    }

    fn device_ref(&self) -> &ndgpu::Device {
        match &self.0 {
            Table::F32(table) => table.device(),
            Table::F64(table) => table.device(),
        }
    }

    /// An operand of the table's type: from the host if it is not on the device.
    fn operand(&self, py: Python<'_>, what: &str, object: &Bound<'_, PyAny>) -> PyResult<AnyArray> {
        operand(py, what, object, self.device_ref(), self.kind())
    }
}

/// What a type of float needs to be taken from objects of Python's.
pub trait Number: Float + numpy::Element {
    fn of(array: AnyArray) -> Option<ndgpu::DeviceArray<Self, IxDyn>>;
}

impl Number for f32 {
    fn of(array: AnyArray) -> Option<ndgpu::DeviceArray<Self, IxDyn>> {
        if let AnyArray::F32(array) = array { Some(array) } else { None }
    }
}

impl Number for f64 {
    fn of(array: AnyArray) -> Option<ndgpu::DeviceArray<Self, IxDyn>> {
        if let AnyArray::F64(array) = array { Some(array) } else { None }
    }
}

/// Knots or values, wherever they are.
enum Side<T: Number> {
    Host(Lent<T>),
    Device(ndgpu::DeviceArray<T, IxDyn>),
}

impl<T: Number> Side<T> {
    fn of(object: &Bound<'_, PyAny>, rounding: Rounding) -> PyResult<Self> {
        let Ok(array) = object.cast::<DeviceArray>() else { return Lent::converted(object, rounding).map(Self::Host) };
        let array = array.get().array();
        let kind = Kind::of(&array).name();
        T::of(array).map(Self::Device).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "the table is to hold {}, but an array holds {kind}; upload it as that",
                T::TYPE
            ))
        })
    }

    fn onto(&self, device: &ndgpu::Device) -> ndgpu::Result<ndgpu::DeviceArray<T, IxDyn>> {
        match self {
            Self::Host(lent) => device.upload(&lent.view()),
            Self::Device(array) => Ok(array.clone()),
        }
    }
}

fn build<T: Number>(
    py: Python<'_>,
    device: &ndgpu::Device,
    (xp, fp): (Side<T>, Side<T>),
    options: Options,
    number: impl Fn(f64) -> T,
) -> PyResult<ndgpu::InterpTable<T>> {
    let (left, right, period) = (options.left.map(&number), options.right.map(&number), options.period.map(&number));
    if matches!(xp, Side::Device(_)) && !options.is_default() {
        return Err(PyValueError::new_err(
            "knots that are on the device make a table without options: its order is checked there, and nothing else \
             is known of it here; give the knots as a NumPy array",
        ));
    }
    if matches!(fp, Side::Device(_)) && options.skip_missing {
        return Err(PyValueError::new_err(
            "skip_missing looks at the values, but fp is on the device, where nobody does; give it as a NumPy array",
        ));
    }
    let built = py.detach(|| {
        let xp = match &xp {
            Side::Host(xp) => xp.view(),
            Side::Device(xp) => return ndgpu::InterpTable::from_device(xp, &fp.onto(device)?),
        };
        let with = |fp: ArrayView<'_, T, IxDyn>| {
            let builder = ndgpu::InterpTable::builder(xp.clone(), fp).order(options.order).method(options.method);
            let builder = outside(builder, left, right, period);
            let builder = if options.extrapolate { builder.extrapolate() } else { builder };
            if options.skip_missing { builder.skip_missing() } else { builder }.build(device)
        };
        match &fp {
            Side::Host(fp) => with(fp.view()),
            // The knots are prepared with any values, and then get those of the device.
            Side::Device(fp) => with(xp.clone())?.with_values(fp),
        }
    });
    built.map_err(exception)
}

/// What a table does outside of its knots, where NumPy's arguments say anything.
pub fn outside<T: Float>(
    mut builder: InterpTableBuilder<'_, T>,
    left: Option<T>,
    right: Option<T>,
    period: Option<T>,
) -> InterpTableBuilder<'_, T> {
    if let Some(left) = left {
        builder = builder.left(left);
    }
    if let Some(right) = right {
        builder = builder.right(right);
    }
    if let Some(period) = period {
        builder = builder.period(period);
    }
    builder
}
