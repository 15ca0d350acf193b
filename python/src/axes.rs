//! NumPy's `axis` arguments: `None`, a number, or a tuple of them, from either end.

use ndgpu::ndarray::Axis;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::axis_error;

/// The axes that an argument names, in its order; all of them for `None`.
pub fn axes(axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<Axis>> {
    let Some(axis) = axis else { return Ok((0..ndim).map(Axis).collect()) };
    each_once(match axis.cast::<PyTuple>() {
        Ok(several) => several.iter().map(|axis| one(&axis, ndim)).collect::<PyResult<_>>()?,
        Err(_) => vec![one(axis, ndim)?],
    })
}

/// The same for `average`, where NumPy takes lists, ranges, arrays and whatever else can be iterated over.
pub fn axes_of_average(axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<Axis>> {
    match axis {
        Some(several) if several.call_method0("__index__").is_err() => match several.try_iter() {
            Ok(several) => each_once(several.map(|axis| one(&axis?, ndim)).collect::<PyResult<_>>()?),
            Err(_) => axes(axis, ndim),
        },
        _ => axes(axis, ndim),
    }
}

fn each_once(named: Vec<Axis>) -> PyResult<Vec<Axis>> {
    for (place, axis) in named.iter().enumerate() {
        if named[..place].contains(axis) {
            return Err(PyValueError::new_err(format!("duplicate value in 'axis': {}", axis.index())));
        }
    }
    Ok(named)
}

/// The axis that a number names.
pub fn one(axis: &Bound<'_, PyAny>, ndim: usize) -> PyResult<Axis> {
    let number = axis.call_method0("__index__").map_err(|_| {
        PyTypeError::new_err(format!("axis must be None, an integer, or a tuple of them, but it is {axis}"))
    })?;
    let number: isize = number.extract()?;
    let place = if number < 0 { number + ndim as isize } else { number };
    match usize::try_from(place) {
        Ok(place) if place < ndim => Ok(Axis(place)),
        _ => Err(axis_error(axis.py(), number, ndim)),
    }
}

/// A shape whose axes have been reduced, with them as axes of length 1.
pub fn kept(shape: &[usize], reduced: &[Axis]) -> Vec<usize> {
    shape.iter().enumerate().map(|(axis, &len)| if reduced.contains(&Axis(axis)) { 1 } else { len }).collect()
}
