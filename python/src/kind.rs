//! [`Kind`]: what an array holds, as NumPy calls it, and arguments that have to hold it.

use ndgpu::{AnyArray, ElementType};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::array::DeviceArray;
use crate::device::upload;

/// What an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    F32,
    F64,
    U32,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::U32 => "uint32",
        }
    }

    pub fn of(array: &AnyArray) -> Self {
        match array.element_type() {
            ElementType::F32 => Self::F32,
            ElementType::U32 => Self::U32,
            _ => Self::F64,
        }
    }

    pub fn dtype(self, py: Python<'_>) -> Bound<'_, PyArrayDescr> {
        match self {
            Self::F32 => numpy::dtype::<f32>(py),
            Self::F64 => numpy::dtype::<f64>(py),
            Self::U32 => numpy::dtype::<u32>(py),
        }
    }

    /// What is to hold some objects: the dtype that is asked for; else float32 or uint32 if all of them have that, else
    /// float64, as NumPy promotes integers and bools.
    pub fn wanted(dtype: Option<&Bound<'_, PyAny>>, objects: &[&Bound<'_, PyAny>]) -> PyResult<Self> {
        if let Some(dtype) = dtype {
            let dtype = PyArrayDescr::new(dtype.py(), dtype)?;
            return Self::exactly(&dtype).ok_or_else(|| {
                PyTypeError::new_err(format!("a device holds float32, float64 and uint32, but dtype is {dtype}"))
            });
        }
        let mut kinds = objects.iter().map(|object| Self::held(object));
        let first = kinds.next().flatten();
        Ok(first.filter(|first| kinds.all(|kind| kind == Some(*first))).unwrap_or(Self::F64))
    }

    fn held(object: &Bound<'_, PyAny>) -> Option<Self> {
        if let Ok(array) = object.cast::<DeviceArray>() {
            return Some(Self::of(&array.get().array()));
        }
        Self::exactly(&object.cast::<PyUntypedArray>().ok()?.dtype())
    }

    fn exactly(dtype: &Bound<'_, PyArrayDescr>) -> Option<Self> {
        // In either order of bytes.
        match (dtype.kind(), dtype.itemsize()) {
            (b'f', 8) => Some(Self::F64),
            (b'f', 4) => Some(Self::F32),
            (b'u', 4) => Some(Self::U32),
            _ => None,
        }
    }
}

/// An argument that may be on the device already: if not, it is uploaded as what the call computes with. What is there
/// in another dtype is refused: nothing is converted on a device behind anybody's back.
pub fn operand(
    py: Python<'_>,
    what: &str,
    object: &Bound<'_, PyAny>,
    device: &ndgpu::Device,
    kind: Kind,
) -> PyResult<AnyArray> {
    let Ok(array) = object.cast::<DeviceArray>() else {
        return match kind {
            Kind::F32 => upload::<f32>(py, device, object),
            Kind::F64 => upload::<f64>(py, device, object),
            Kind::U32 => upload::<u32>(py, device, object),
        };
    };
    let array = array.get().live()?;
    if Kind::of(&array) == kind {
        return Ok(array);
    }
    Err(PyTypeError::new_err(format!(
        "{what} holds {}, but this computes with {}; upload both with the same dtype",
        Kind::of(&array).name(),
        kind.name()
    )))
}
