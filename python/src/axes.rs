//! NumPy's `axis` arguments: `None`, a number, or a tuple of them, from either end; and shapes, which are as many
//! lengths.

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

/// More axes than this NumPy's arrays do not have.
pub const MOST: usize = 64;

/// More than this the `numpy` crate panics at, which knows NumPy as it was before version 2.
pub const MOST_OF_THE_BINDINGS: usize = 32;

/// The shape that the arguments of `reshape` ask of an array of some other shape: lengths, or one sequence of them, of
/// which one may be -1 for what is left.
pub fn reshaped(arguments: &Bound<'_, PyTuple>, shape: &[usize]) -> PyResult<Vec<usize>> {
    // One by one: what says how many there are need not tell the truth.
    let mut named: Vec<_> = arguments.iter().take(MOST + 1).collect();
    if let [only] = &named[..]
        && !only.hasattr("__index__").is_ok_and(|is_number| is_number && only.call_method0("__index__").is_ok())
    {
        let lengths = only.try_iter().map_err(|_| no_shape(only))?;
        named = lengths.take(MOST + 1).collect::<PyResult<_>>()?;
    }
    if named.len() > MOST {
        return Err(PyValueError::new_err(format!(
            "an array has at most {MOST} axes, but a shape of more is asked for"
        )));
    }
    let lengths = named.iter().map(|len| {
        let len = len.call_method0("__index__").map_err(|_| no_shape(len))?;
        len.extract::<isize>().map_err(|_| PyValueError::new_err(format!("no axis has the length {len}")))
    });
    let lengths = lengths.collect::<PyResult<Vec<_>>>()?;
    if lengths.iter().filter(|&&len| len == -1).count() > 1 {
        return Err(PyValueError::new_err("can only specify one unknown dimension: only one length may be -1"));
    }
    let size: usize = shape.iter().product();
    let refusal = || PyValueError::new_err(format!("cannot reshape array of shape {shape:?} into shape {lengths:?}"));
    // Lengths of 0 hide no overflow of the others.
    let product = |lengths: &mut dyn Iterator<Item = isize>| {
        let nonzero = lengths.filter(|&len| len != 0);
        let lengths = nonzero.map(|len| usize::try_from(len).ok());
        lengths
            .into_iter()
            .try_fold(1_usize, |product, len| product.checked_mul(len?))
            .filter(|&n| n <= isize::MAX as usize / 8)
    };
    let known = product(&mut lengths.iter().copied().filter(|&len| len != -1)).ok_or_else(refusal)?;
    let known = if lengths.contains(&0) { 0 } else { known };
    let rest = if known > 0 && size.is_multiple_of(known) { Some(size / known) } else { None };
    let one = |&len: &isize| if len == -1 { rest } else { usize::try_from(len).ok() };
    let wanted: Vec<usize> = lengths.iter().map(one).collect::<Option<_>>().ok_or_else(refusal)?;
    if wanted.iter().product::<usize>() == size { Ok(wanted) } else { Err(refusal()) }
}

fn no_shape(object: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("a shape is integers, or a sequence of them, but there is {object}"))
}

/// A shape whose axes have been reduced, with them as axes of length 1.
pub fn kept(shape: &[usize], reduced: &[Axis]) -> Vec<usize> {
    shape.iter().enumerate().map(|(axis, &len)| if reduced.contains(&Axis(axis)) { 1 } else { len }).collect()
}
