//! The fast path of `searchsorted` for few values: a binary search in the NumPy array's own memory.
//!
//! `numpy.searchsorted` reads a logarithm of the elements, whereas preparing knots, or just checking that they are
//! sorted, reads all of them.

use std::hint::select_unpredictable;

use ndgpu::ndarray::ArrayD;
use numpy::PyArrayDyn;
use pyo3::prelude::*;

use crate::axes::MAX_NDIM_OF_BINDINGS;
use crate::memory::Borrowed;

/// How many searches are interleaved, a step of each at a time, so that their cache misses overlap.
pub const INTERLEAVED: usize = 64;

/// `numpy.searchsorted` of two C-contiguous arrays of the same dtype; `None` for any others.
#[pyfunction]
#[pyo3(name = "_places")]
pub fn searchsorted<'py>(
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

fn of_type<'py, T: numpy::Element + PartialOrd + Copy + Send + Sync>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
    right: bool,
) -> Option<Bound<'py, PyArrayDyn<isize>>> {
    let (a, v) = (Borrowed::<T>::of(a)?, Borrowed::<T>::of(v).filter(|v| v.shape().len() <= MAX_NDIM_OF_BINDINGS)?);
    let found = py.detach(|| {
        let (a, v) = (a.as_ref(), v.as_ref());
        let indices = match right {
            true => bisect(a, v, |element, value| !is_less(value, element)),
            false => bisect(a, v, is_less),
        };
        indices.into_iter().map(|index| index as isize).collect()
    });
    Some(PyArrayDyn::from_owned_array(py, ArrayD::from_shape_vec(v.shape(), found).ok()?))
}

/// The partition point of the array for each value: how many elements `is_before` holds for, all of which come first.
pub fn bisect<T: Copy>(array: &[T], values: &[T], is_before: impl Fn(T, T) -> bool) -> Vec<usize> {
    let mut indices = Vec::with_capacity(values.len());
    for values in values.chunks(INTERLEAVED) {
        indices.extend_from_slice(&bisect_chunk(array, values, &is_before)[..values.len()]);
    }
    indices
}

/// The same for at most [`INTERLEAVED`] values, without an allocation.
pub fn bisect_chunk<T: Copy>(array: &[T], values: &[T], is_before: &impl Fn(T, T) -> bool) -> [usize; INTERLEAVED] {
    let (mut lasts, mut len) = ([0; INTERLEAVED], array.len());
    while len > 1 {
        let half = len / 2;
        for (last, &value) in lasts.iter_mut().zip(values) {
            let middle = *last + half;
            *last = select_unpredictable(is_before(array[middle], value), middle, *last);
        }
        len -= half;
    }
    for (last, &value) in lasts.iter_mut().zip(values) {
        let counts = array.get(*last).is_some_and(|&element| is_before(element, value));
        *last += usize::from(counts);
    }
    lasts
}

/// NumPy's order, in which NaN comes last.
fn is_less<T: PartialOrd + Copy>(a: T, b: T) -> bool {
    let is_nan = |number: T| number.partial_cmp(&number).is_none();
    a < b || (is_nan(b) && !is_nan(a))
}
