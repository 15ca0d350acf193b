//! [`NewValues`]: what Python writes into an input of a plan, held while it is written.

use ndgpu::AnyData;
use pyo3::prelude::*;

use crate::dtype::{Array, DType};
use crate::handles::DeviceArray;
use crate::memory::Borrowed;
use crate::numbers::{Rounding, borrowed};

pub enum NewValues {
    F32(Borrowed<f32>),
    F64(Borrowed<f64>),
    U32(Borrowed<u32>),
    Device(Array),
    /// None: the input stays as it is.
    Unchanged,
}

impl NewValues {
    /// The values of an object, converted to the dtype of the input if they are on the host.
    pub fn of(object: &Bound<'_, PyAny>, input: DType) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self::Unchanged);
        }
        if let Ok(array) = object.cast::<DeviceArray>() {
            return array.get().operand().map(Self::Device);
        }
        match input {
            DType::F32 => borrowed(object, Rounding::Refused).map(Self::F32),
            DType::F64 => borrowed(object, Rounding::Refused).map(Self::F64),
            DType::U32 => borrowed(object, Rounding::Refused).map(Self::U32),
        }
    }

    pub fn data(&self) -> AnyData<'_> {
        match self {
            Self::F32(values) => AnyData::F32(values.view()),
            Self::F64(values) => AnyData::F64(values.view()),
            Self::U32(values) => AnyData::U32(values.view()),
            Self::Device(array) => AnyData::Device(array.clone().into()),
            Self::Unchanged => AnyData::Unchanged,
        }
    }
}
