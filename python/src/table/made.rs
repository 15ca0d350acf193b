//! What a table or a sorted axis was made of, so that it can be made again: in another process, which pickle carries
//! this to. The crate keeps knots only as an index of them.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::dtype::{Array, DType};
use crate::handles::DeviceArray;
use crate::numbers::numbers;

/// Knots or values.
enum Kept {
    /// A NumPy array that nobody else can write to.
    Host(Py<PyAny>),
    /// An array whose handle may be overwritten later, which leaves this one as it is.
    Device(Array),
}

impl Kept {
    fn of(object: &Bound<'_, PyAny>, dtype: DType) -> PyResult<Self> {
        match object.cast::<DeviceArray>() {
            Ok(array) => Ok(Self::Device(array.get().array())),
            Err(_) => {
                let py = object.py();
                let as_numpys = numbers(object)?;
                Ok(Self::Host(as_numpys.call_method1("astype", (dtype.to_numpy(py), "C"))?.unbind()))
            }
        }
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Host(array) => Ok(array.bind(py).clone()),
            Self::Device(array) => Ok(Bound::new(py, DeviceArray::new(array.clone()))?.into_any()),
        }
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Host(array) => Self::Host(array.clone_ref(py)),
            Self::Device(array) => Self::Device(array.clone()),
        }
    }
}

/// The arguments: arrays in their order, and keywords.
pub struct Made {
    arrays: Vec<Kept>,
    keywords: Py<PyDict>,
}

impl Made {
    pub fn of(arrays: &[&Bound<'_, PyAny>], dtype: DType, keywords: &Bound<'_, PyDict>) -> PyResult<Self> {
        keywords.set_item("dtype", dtype.name())?;
        let arrays = arrays.iter().map(|array| Kept::of(array, dtype)).collect::<PyResult<_>>()?;
        Ok(Self { arrays, keywords: keywords.clone().unbind() })
    }

    /// The same with another array in the place of the last.
    pub fn with_last(&self, py: Python<'_>, last: &Bound<'_, PyAny>, dtype: DType) -> PyResult<Self> {
        let others = &self.arrays[..self.arrays.len() - 1];
        let mut arrays: Vec<_> = others.iter().map(|array| array.clone_ref(py)).collect();
        arrays.push(Kept::of(last, dtype)?);
        Ok(Self { arrays, keywords: self.keywords.clone_ref(py) })
    }

    pub fn get<'py>(&self, py: Python<'py>) -> PyResult<(Vec<Bound<'py, PyAny>>, Bound<'py, PyDict>)> {
        let arrays = self.arrays.iter().map(|array| array.get(py)).collect::<PyResult<_>>()?;
        Ok((arrays, self.keywords.bind(py).copy()?))
    }
}
