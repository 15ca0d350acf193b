//! Conversion of Python objects to arrays of numbers: what [`numbers`] accepts, and which conversions of their values
//! [`borrowed`] refuses because they would change them unasked.

use ndgpu::{Element, ElementType};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyTuple, PyType};

use crate::memory::Borrowed;

/// Whether integers may be rounded to the nearest float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// As the caller asked for the dtype.
    Allowed,
    Refused,
}

impl Rounding {
    pub fn of(dtype: Option<&Bound<'_, PyAny>>) -> Self {
        if dtype.is_some() { Self::Allowed } else { Self::Refused }
    }
}

/// The values of an object that holds numbers, converted to `T`: its own memory if it needs no conversion.
pub fn borrowed<T: Element + numpy::Element>(object: &Bound<'_, PyAny>, rounding: Rounding) -> PyResult<Borrowed<T>> {
    let array = numbers(object)?;
    refuse_changes::<T>(&array, rounding)?;
    Borrowed::require(array.as_any())
}

/// The NumPy array that an object is, or becomes by `__array__`, the buffer protocol or DLPack: of bools, integers or
/// floats of up to 64 bits in either byte order. It keeps its dtype, so that float32 of any library is float32.
pub fn numbers<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let array = match object.cast::<PyUntypedArray>() {
        Ok(array) => array.clone(),
        Err(_) => converted(object)?.cast_into::<PyUntypedArray>().map_err(PyErr::from)?,
    };
    if !array.is_exact_instance_of::<PyUntypedArray>() && is_masked(array.as_any())? {
        return Err(masked());
    }
    match hint(&array.dtype()) {
        None => Ok(array),
        Some(hint) if object.is_instance_of::<PyUntypedArray>() => Err(refused(&array, hint)),
        Some(hint) => {
            let type_name = object.get_type().name()?;
            Err(PyTypeError::new_err(format!("of {type_name} NumPy makes {}: {hint}", dtype_of(&array))))
        }
    }
}

fn dtype_of(array: &Bound<'_, PyUntypedArray>) -> String {
    format!("an array of dtype {}", array.dtype())
}

fn refused(array: &Bound<'_, PyUntypedArray>, hint: &str) -> PyErr {
    PyTypeError::new_err(format!("devices take bools, integers and floats, and this is {}: {hint}", dtype_of(array)))
}

/// `numpy.asanyarray`.
fn asanyarray<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static AS_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    AS_ARRAY.import(object.py(), "numpy", "asanyarray")?.call1((object,))
}

fn converted<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static FROM_DLPACK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    let has = |protocol: &str| object.hasattr(protocol);
    if has("__dlpack__")? && !has("__array__")? && !has("__array_interface__")? {
        return FROM_DLPACK.import(py, "numpy", "from_dlpack")?.call1((object,));
    }
    if contains_masked(object, 8)? {
        return Err(masked());
    }
    asanyarray(object)
}

fn is_masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static MASKED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    object.is_instance(MASKED.import(object.py(), "numpy.ma", "MaskedArray")?)
}

/// Whether a list has a masked array in it, of which NumPy would take the values and drop the mask.
fn contains_masked(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<bool> {
    fn any<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, depth: usize) -> PyResult<bool> {
        let mut items = items.peekable();
        // A list that begins with a number has nothing but numbers.
        let is_number = |item: &Bound<'_, PyAny>| {
            item.is_exact_instance_of::<PyFloat>()
                || item.is_exact_instance_of::<PyInt>()
                || item.is_exact_instance_of::<PyBool>()
        };
        if items.peek().is_none_or(is_number) {
            return Ok(false);
        }
        for item in items {
            if is_masked(&item)? || becomes_masked(&item)? || contains_masked(&item, depth)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
    if depth == 0 {
        Ok(false)
    } else if let Ok(list) = object.cast::<PyList>() {
        any(list.iter(), depth - 1)
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        any(tuple.iter(), depth - 1)
    } else {
        Ok(false)
    }
}

/// Whether another library's array becomes a masked one, as netCDF variables with missing values do.
fn becomes_masked(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static SCALAR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let is_of_numpy = object.is_instance_of::<PyUntypedArray>()
        || object.is_instance(SCALAR.import(object.py(), "numpy", "generic")?)?;
    if is_of_numpy || !object.hasattr("__array__")? { Ok(false) } else { is_masked(&asanyarray(object)?) }
}

fn masked() -> PyErr {
    PyTypeError::new_err(
        "devices know no masks: give what the mask hides a value by numpy.ma.filled(a, value), or leave it out by \
         a.compressed()",
    )
}

/// How to convert an array of a dtype that devices do not take; `None` if they do.
fn hint(dtype: &Bound<'_, PyArrayDescr>) -> Option<&'static str> {
    /// Where the type numbers of other packages' dtypes begin.
    const USER_DEFINED: i32 = 256;
    Some(match dtype.kind() {
        b'b' | b'i' | b'u' | b'f' if dtype.itemsize() <= 8 && dtype.num() < USER_DEFINED => return None,
        b'f' if dtype.num() < USER_DEFINED => ".astype(\"float64\") rounds it",
        b'c' => "complex numbers have two parts, a.real and a.imag",
        b'M' => "dates become numbers as durations since one of them, (a - a[0]) / numpy.timedelta64(1, \"s\")",
        b'm' => "durations become numbers if divided by one, a / numpy.timedelta64(1, \"s\")",
        b'S' | b'U' | b'T' => "text becomes numbers by .astype(\"float64\")",
        b'O' => "objects become numbers, if that is what they are, by numpy.asarray(a, dtype=\"float64\")",
        b'V' if dtype.has_fields() => "of a structure each field is an array, a[\"name\"]",
        _ => ".astype(\"float32\") converts it, if it holds numbers",
    })
}

/// Refuses values that `T` would change: floats as integers, integers out of range, and, unless rounding is allowed,
/// integers that float64 cannot represent.
fn refuse_changes<T: Element>(array: &Bound<'_, PyUntypedArray>, rounding: Rounding) -> PyResult<()> {
    let (kind, width) = (array.dtype().kind(), array.dtype().itemsize());
    let to_float = T::TYPE != ElementType::U32;
    match kind {
        b'f' if !to_float => {
            Err(refused(array, "as uint32 they lose their fractions, which .astype(\"uint32\") asks for"))
        }
        b'i' if !to_float => check(array, |value: i64| u32::try_from(value).is_ok(), out_of_range),
        b'u' if !to_float && width > 4 => check(array, |value: u64| u32::try_from(value).is_ok(), out_of_range),
        b'i' if to_float && width == 8 && rounding == Rounding::Refused => {
            check(array, |value: i64| value.unsigned_abs() <= EXACT_UP_TO || is_exact(value.into()), inexact)
        }
        b'u' if to_float && width == 8 && rounding == Rounding::Refused => {
            check(array, |value: u64| value <= EXACT_UP_TO || is_exact(value.into()), inexact)
        }
        _ => Ok(()),
    }
}

/// Float64 represents all integers up to this one.
const EXACT_UP_TO: u64 = 1 << 53;

fn is_exact(value: i128) -> bool {
    value as f64 as i128 == value
}

fn inexact(value: i128) -> String {
    format!(
        "{value} is not among the numbers of float64, whose nearest is {:.0}: .astype(\"float64\") rounds",
        value as f64
    )
}

fn out_of_range(value: i128) -> String {
    format!("{value} is not among the numbers of uint32, which go from 0 to {}", u32::MAX)
}

fn check<T>(
    array: &Bound<'_, PyUntypedArray>,
    is_valid: impl Fn(T) -> bool + Send + Sync,
    reason: fn(i128) -> String,
) -> PyResult<()>
where
    T: numpy::Element + Copy + Into<i128> + Send + Sync,
{
    let values = Borrowed::<T>::require(array.as_any())?;
    let wrong = array.py().detach(|| values.as_ref().iter().copied().find(|&value| !is_valid(value)));
    wrong.map_or(Ok(()), |value| Err(PyValueError::new_err(reason(value.into()))))
}
