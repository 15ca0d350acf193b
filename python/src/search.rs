//! The short way for calls of `searchsorted` with few values: a bisection of the array as it lies in memory.
//!
//! `numpy.searchsorted` looks at a few elements and at no others. To prepare knots, or only to look whether they are
//! sorted, is to look at all of them.

use std::hint::select_unpredictable;

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;

/// Values that are bisected together, a step of each at a time, so that none waits for another's elements.
const ABREAST: usize = 64;

/// The places of values among those of an array, for arrays of the same type of number that lie in order in memory; `None`
/// for any others.
#[pyfunction]
#[pyo3(name = "_places")]
pub fn places<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
    right: bool,
) -> Option<Bound<'py, PyArrayDyn<isize>>> {
    of_type::<f64>(py, a, v, right)
        .or_else(|| of_type::<f32>(py, a, v, right))
        .or_else(|| of_type::<i64>(py, a, v, right))
        .or_else(|| of_type::<i32>(py, a, v, right))
}

fn of_type<'py, T: numpy::Element + PartialOrd + Copy + Sync>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
    right: bool,
) -> Option<Bound<'py, PyArrayDyn<isize>>> {
    let a = a.cast::<PyArrayDyn<T>>().ok()?.try_readonly().ok()?;
    let v = v.cast::<PyArrayDyn<T>>().ok()?.try_readonly().ok()?;
    let (array, values) = (a.as_slice().ok()?, v.as_slice().ok()?);
    let places = py.detach(|| bisect(array, values, right));
    let shape = v.as_array().raw_dim();
    Some(PyArrayDyn::from_owned_array(py, ndgpu::ndarray::Array::from_shape_vec(shape, places).ok()?))
}

fn bisect<T: PartialOrd + Copy>(array: &[T], values: &[T], right: bool) -> Vec<isize> {
    let is_before = |element: T, value: T| if right { !is_less(value, element) } else { is_less(element, value) };
    let mut places = Vec::with_capacity(values.len());
    for values in values.chunks(ABREAST) {
        let (mut lasts, mut len) = ([0; ABREAST], array.len());
        while len > 1 {
            let half = len / 2;
            for (last, &value) in lasts.iter_mut().zip(values) {
                let middle = *last + half;
                *last = select_unpredictable(is_before(array[middle], value), middle, *last);
            }
            len -= half;
        }
        places.extend(lasts.iter().zip(values).map(|(&last, &value)| {
            let counts = array.get(last).is_some_and(|&element| is_before(element, value));
            (last + usize::from(counts)) as isize
        }));
    }
    places
}

/// NumPy's order, which has NaN behind everything else.
fn is_less<T: PartialOrd + Copy>(a: T, b: T) -> bool {
    let is_nan = |number: T| number.partial_cmp(&number).is_none();
    a < b || (is_nan(b) && !is_nan(a))
}
