//! NumPy's `axis` and `shape` arguments: `axis` is `None`, an index, or a tuple of them, which may be negative.

use ndgpu::ndarray::Axis;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::axis_error;

/// The axes that an argument names, in its order; all axes for `None`.
pub fn axes(axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<Axis>> {
    let Some(axis) = axis else { return Ok((0..ndim).map(Axis).collect()) };
    without_duplicates(match axis.cast::<PyTuple>() {
        Ok(several) => several.iter().map(|axis| single_axis(&axis, ndim)).collect::<PyResult<_>>()?,
        Err(_) => vec![single_axis(axis, ndim)?],
    })
}

/// The same for `average`, where NumPy also takes lists, ranges, arrays and any other iterable.
pub fn axes_of_iterable(axis: Option<&Bound<'_, PyAny>>, ndim: usize) -> PyResult<Vec<Axis>> {
    match axis {
        Some(several) if several.call_method0("__index__").is_err() => match several.try_iter() {
            Ok(several) => without_duplicates(several.map(|axis| single_axis(&axis?, ndim)).collect::<PyResult<_>>()?),
            Err(_) => axes(axis, ndim),
        },
        _ => axes(axis, ndim),
    }
}

fn without_duplicates(named: Vec<Axis>) -> PyResult<Vec<Axis>> {
    for (index, axis) in named.iter().enumerate() {
        if named[..index].contains(axis) {
            return Err(PyValueError::new_err(format!("duplicate value in 'axis': {}", axis.index())));
        }
    }
    Ok(named)
}

/// The axis of an index.
pub fn single_axis(axis: &Bound<'_, PyAny>, ndim: usize) -> PyResult<Axis> {
    let number = axis.call_method0("__index__").map_err(|_| {
        PyTypeError::new_err(format!("axis must be None, an integer, or a tuple of them, but it is {axis}"))
    })?;
    let number: isize = number.extract()?;
    let index = if number < 0 { number + ndim as isize } else { number };
    match usize::try_from(index) {
        Ok(index) if index < ndim => Ok(Axis(index)),
        _ => Err(axis_error(axis.py(), number, ndim)),
    }
}

/// NumPy's limit of the number of axes.
const MAX_NDIM: usize = 64;

/// The limit of NumPy before version 2, beyond which the `numpy` crate panics.
pub const MAX_NDIM_OF_BINDINGS: usize = 32;

/// The new shape that the arguments of `reshape` ask for: lengths, or one sequence of them, of which one may be -1 to
/// be inferred.
pub fn new_shape(arguments: &Bound<'_, PyTuple>, shape: &[usize]) -> PyResult<Vec<usize>> {
    // One by one, as `__len__` may be wrong.
    let mut named: Vec<_> = arguments.iter().take(MAX_NDIM + 1).collect();
    if let [only] = &named[..]
        && !only.hasattr("__index__").is_ok_and(|is_number| is_number && only.call_method0("__index__").is_ok())
    {
        let lengths = only.try_iter().map_err(|_| no_shape(only))?;
        named = lengths.take(MAX_NDIM + 1).collect::<PyResult<_>>()?;
    }
    if named.len() > MAX_NDIM {
        return Err(PyValueError::new_err(format!(
            "an array has at most {MAX_NDIM} axes, but a shape of more is asked for"
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
    // Without lengths of 0, which would hide an overflow of the others.
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

/// The shape of a reduction with `keepdims`: the reduced axes have length 1.
pub fn keepdims_shape(shape: &[usize], reduced: &[Axis]) -> Vec<usize> {
    shape.iter().enumerate().map(|(axis, &len)| if reduced.contains(&Axis(axis)) { 1 } else { len }).collect()
}
