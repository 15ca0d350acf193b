//! The short way for calls of `searchsorted` with few values: a bisection of the array as it lies in memory.
//!
//! `numpy.searchsorted` looks at a few elements and at no others. To prepare knots, or only to look whether they are
//! sorted, is to look at all of them.

use std::hint::select_unpredictable;

use ndgpu::ndarray::ArrayD;
use numpy::PyArrayDyn;
use pyo3::prelude::*;

use crate::axes::MOST_OF_THE_BINDINGS;
use crate::memory::Lent;

/// Values that are bisected together, a step of each at a time, so that none waits for another's elements.
const ABREAST: usize = 64;

/// The places of values among those of an array, for arrays of the same type of number that lie in order in memory;
/// `None` for any others.
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

fn of_type<'py, T: numpy::Element + PartialOrd + Copy + Send + Sync>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    v: &Bound<'py, PyAny>,
    right: bool,
) -> Option<Bound<'py, PyArrayDyn<isize>>> {
    let (a, v) = (Lent::<T>::of(a)?, Lent::<T>::of(v).filter(|v| v.shape().len() <= MOST_OF_THE_BINDINGS)?);
    let found = py.detach(|| {
        let (a, v) = (a.as_ref(), v.as_ref());
        let places = match right {
            true => bisect(a, v, |element, value| !is_less(value, element)),
            false => bisect(a, v, is_less),
        };
        places.into_iter().map(|place| place as isize).collect()
    });
    Some(PyArrayDyn::from_owned_array(py, ArrayD::from_shape_vec(v.shape(), found).ok()?))
}

/// How many elements of an array come before each value: first those that do, then the others.
pub fn bisect<T: Copy>(array: &[T], values: &[T], is_before: impl Fn(T, T) -> bool) -> Vec<usize> {
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
            last + usize::from(counts)
        }));
    }
    places
}

/// NumPy's order, which has NaN behind everything else.
fn is_less<T: PartialOrd + Copy>(a: T, b: T) -> bool {
    let is_nan = |number: T| number.partial_cmp(&number).is_none();
    a < b || (is_nan(b) && !is_nan(a))
}
