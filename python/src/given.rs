//! [`Given`]: what is written over something that is there, from Python, as the crate takes it.

use ndgpu::{AnyArray, AnyData, ElementType};
use pyo3::prelude::*;

use crate::array::DeviceArray;
use crate::memory::Lent;
use crate::numbers::Rounding;

/// New values, held while they are written.
pub enum Given {
    F32(Lent<f32>),
    F64(Lent<f64>),
    U32(Lent<u32>),
    Device(AnyArray),
    Unchanged,
}

impl Given {
    pub fn of(object: &Bound<'_, PyAny>, input: ElementType) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self::Unchanged);
        }
        if let Ok(array) = object.cast::<DeviceArray>() {
            return array.get().live().map(Self::Device);
        }
        match input {
            ElementType::F32 => Lent::converted(object, Rounding::Refused).map(Self::F32),
            ElementType::U32 => Lent::converted(object, Rounding::Refused).map(Self::U32),
            _ => Lent::converted(object, Rounding::Refused).map(Self::F64),
        }
    }

    pub fn data(&self) -> AnyData<'_> {
        match self {
            Self::F32(lent) => AnyData::F32(lent.view()),
            Self::F64(lent) => AnyData::F64(lent.view()),
            Self::U32(lent) => AnyData::U32(lent.view()),
            Self::Device(array) => AnyData::Device(array.clone()),
            Self::Unchanged => AnyData::Unchanged,
        }
    }
}
