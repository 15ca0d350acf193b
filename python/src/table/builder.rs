//! The keywords of `InterpTable`, and a table built from knots and values on either side.

use ndgpu::ndarray::{ArrayView, IxDyn};
use ndgpu::{InterpTableBuilder, Method, Order};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::dtype::Float;
use crate::error::exception;
use crate::handles::DeviceArray;
use crate::memory::Borrowed;
use crate::numbers::{Rounding, borrowed};

/// The keywords.
pub struct Options {
    pub left: Option<f64>,
    pub right: Option<f64>,
    pub period: Option<f64>,
    pub order: Order,
    pub method: Method,
    pub extrapolate: bool,
    pub skip_missing: bool,
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

pub fn parse_order(name: &str) -> PyResult<Order> {
    match name {
        "check" => Ok(Order::Check),
        "sort" => Ok(Order::Sort),
        "descending" => Ok(Order::Descending),
        "assume" => Ok(Order::Assume),
        _ => Err(PyValueError::new_err(format!(
            "order is \"{name}\", but it must be \"check\", \"sort\", \"descending\" or \"assume\""
        ))),
    }
}

pub fn parse_method(name: &str) -> PyResult<Method> {
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

/// Knots or values.
pub enum Source<T: Float> {
    Host(Borrowed<T>),
    Device(ndgpu::DeviceArray<T, IxDyn>),
}

impl<T: Float> Source<T> {
    pub fn of(object: &Bound<'_, PyAny>, rounding: Rounding) -> PyResult<Self> {
        let Ok(array) = object.cast::<DeviceArray>() else { return borrowed(object, rounding).map(Self::Host) };
        let array = array.get().array();
        array.typed().cloned().map(Self::Device).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "the table is to hold {}, but an array holds {}; upload it as that",
                T::DTYPE.name(),
                array.dtype().name()
            ))
        })
    }

    fn on_device(&self, device: &ndgpu::Device) -> ndgpu::Result<ndgpu::DeviceArray<T, IxDyn>> {
        match self {
            Self::Host(values) => device.upload(&values.view()),
            Self::Device(array) => Ok(array.clone()),
        }
    }
}

pub fn build<T: Float>(
    py: Python<'_>,
    device: &ndgpu::Device,
    xp: Source<T>,
    fp: Source<T>,
    options: Options,
) -> PyResult<ndgpu::InterpTable<T>> {
    let (left, right, period) =
        (options.left.map(T::nearest), options.right.map(T::nearest), options.period.map(T::nearest));
    if matches!(xp, Source::Device(_)) && !options.is_default() {
        return Err(PyValueError::new_err(
            "knots that are on the device make a table without options: its order is checked there, and nothing else \
             is known of it here; give the knots as a NumPy array",
        ));
    }
    if matches!(fp, Source::Device(_)) && options.skip_missing {
        return Err(PyValueError::new_err(
            "skip_missing looks at the values, but fp is on the device, where nobody does; give it as a NumPy array",
        ));
    }
    let built = py.detach(|| {
        let xp = match &xp {
            Source::Host(xp) => xp.view(),
            Source::Device(xp) => return ndgpu::InterpTable::from_device(xp, &fp.on_device(device)?),
        };
        let with = |fp: ArrayView<'_, T, IxDyn>| {
            let builder = ndgpu::InterpTable::builder(xp.clone(), fp).order(options.order).method(options.method);
            let builder = with_out_of_range(builder, left, right, period);
            let builder = if options.extrapolate { builder.extrapolate() } else { builder };
            if options.skip_missing { builder.skip_missing() } else { builder }.build(device)
        };
        match &fp {
            Source::Host(fp) => with(fp.view()),
            // The knots are prepared with placeholders for the values.
            Source::Device(fp) => with(xp.clone())?.with_values(fp),
        }
    });
    built.map_err(exception)
}

/// A builder with NumPy's `left`, `right` and `period`, which say what is outside of the knots.
pub fn with_out_of_range<T: ndgpu::Float>(
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
