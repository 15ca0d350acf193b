//! Element types: [`DType`], under NumPy's names, and [`Array`], an array of one of them, with the macros that turn
//! either into a type. A new element type is a variant of each; the compiler lists what else it needs.

use ndgpu::ndarray::{Dimension, IxDyn};
use ndgpu::{AnyArray, Error};
use numpy::{PyArrayDescr, PyArrayDescrMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// The element type of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    F32,
    F64,
    U32,
}

/// Evaluates an expression in which `T` is the type of a [`DType`].
macro_rules! with_type {
    ($dtype:expr, $T:ident => $result:expr) => {
        match $dtype {
            $crate::dtype::DType::F32 => {
                type $T = f32;
                $result
            }
            $crate::dtype::DType::F64 => {
                type $T = f64;
                $result
            }
            $crate::dtype::DType::U32 => {
                type $T = u32;
                $result
            }
        }
    };
}
pub(crate) use with_type;

impl DType {
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::U32 => "uint32",
        }
    }

    /// The bytes of an element.
    pub fn size(self) -> usize {
        with_type!(self, T => size_of::<T>())
    }

    pub fn to_numpy(self, py: Python<'_>) -> Bound<'_, PyArrayDescr> {
        with_type!(self, T => numpy::dtype::<T>(py))
    }

    /// The same dtype as NumPy's, in either byte order; `None` if devices do not hold it.
    pub fn from_numpy(dtype: &Bound<'_, PyArrayDescr>) -> Option<Self> {
        match (dtype.kind(), dtype.itemsize()) {
            (b'f', 8) => Some(Self::F64),
            (b'f', 4) => Some(Self::F32),
            (b'u', 4) => Some(Self::U32),
            _ => None,
        }
    }
}

/// An array on a device: [`AnyArray`] without the element types of later versions, so that matches are exhaustive.
#[derive(Clone)]
pub enum Array {
    F32(ndgpu::DeviceArray<f32, IxDyn>),
    F64(ndgpu::DeviceArray<f64, IxDyn>),
    U32(ndgpu::DeviceArray<u32, IxDyn>),
}

/// Evaluates an expression with the typed array inside an [`Array`].
macro_rules! with_array {
    ($any:expr, $array:ident => $result:expr) => {
        match $any {
            $crate::dtype::Array::F32($array) => $result,
            $crate::dtype::Array::F64($array) => $result,
            $crate::dtype::Array::U32($array) => $result,
        }
    };
}
pub(crate) use with_array;

impl Array {
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
            Self::U32(_) => DType::U32,
        }
    }

    pub fn shape(&self) -> &[usize] {
        with_array!(self, array => array.shape())
    }

    pub fn device(&self) -> &ndgpu::Device {
        with_array!(self, array => array.device())
    }

    pub fn reshape(&self, shape: &[usize]) -> ndgpu::Result<Self> {
        with_array!(self, array => array.reshape(IxDyn(shape)).map(Self::from))
    }

    pub fn to_device(&self, device: &ndgpu::Device) -> ndgpu::Result<Self> {
        with_array!(self, array => array.to_device(device).map(Self::from))
    }

    /// The array, if it holds this type.
    pub fn typed<T: Element>(&self) -> Option<&ndgpu::DeviceArray<T, IxDyn>> {
        T::typed(self)
    }

    /// The array, if it holds this type.
    pub fn typed_mut<T: Element>(&mut self) -> Option<&mut ndgpu::DeviceArray<T, IxDyn>> {
        T::typed_mut(self)
    }

    /// The array as one of floats, which it has to be for computations.
    pub fn floats(&self) -> ndgpu::Result<Floats<'_>> {
        match self {
            Self::F32(array) => Ok(ByFloat::F32(array)),
            Self::F64(array) => Ok(ByFloat::F64(array)),
            Self::U32(_) => {
                Err(Error::other(format!("this takes float32 or float64, but the array holds {}", self.dtype().name())))
            }
        }
    }
}

impl<T: Element, D: Dimension> From<ndgpu::DeviceArray<T, D>> for Array {
    fn from(array: ndgpu::DeviceArray<T, D>) -> Self {
        T::wrap(array.into_dyn())
    }
}

impl From<Array> for AnyArray {
    fn from(array: Array) -> Self {
        with_array!(array, array => array.into())
    }
}

impl TryFrom<AnyArray> for Array {
    type Error = PyErr;

    fn try_from(array: AnyArray) -> PyResult<Self> {
        match array {
            AnyArray::F32(array) => Ok(Self::F32(array)),
            AnyArray::F64(array) => Ok(Self::F64(array)),
            AnyArray::U32(array) => Ok(Self::U32(array)),
            other => Err(PyTypeError::new_err(format!(
                "this package knows arrays of float32, float64 and uint32, but not of {}",
                other.element_type()
            ))),
        }
    }
}

/// A type of elements that both NumPy and devices hold.
pub trait Element: ndgpu::Element + numpy::Element {
    const DTYPE: DType;

    fn wrap(array: ndgpu::DeviceArray<Self, IxDyn>) -> Array;
    fn typed(array: &Array) -> Option<&ndgpu::DeviceArray<Self, IxDyn>>;
    fn typed_mut(array: &mut Array) -> Option<&mut ndgpu::DeviceArray<Self, IxDyn>>;
}

/// A type of elements to compute with.
pub trait Float: Element + ndgpu::Float {
    /// The nearest number to one of Python's.
    fn nearest(number: f64) -> Self;
}

macro_rules! elements {
    ($($element:ty => $variant:ident,)*) => {
        $(impl Element for $element {
            const DTYPE: DType = DType::$variant;

            fn wrap(array: ndgpu::DeviceArray<Self, IxDyn>) -> Array {
                Array::$variant(array)
            }

            fn typed(array: &Array) -> Option<&ndgpu::DeviceArray<Self, IxDyn>> {
                if let Array::$variant(array) = array { Some(array) } else { None }
            }

            fn typed_mut(array: &mut Array) -> Option<&mut ndgpu::DeviceArray<Self, IxDyn>> {
                if let Array::$variant(array) = array { Some(array) } else { None }
            }
        })*
    };
}

elements! {
    f32 => F32,
    f64 => F64,
    u32 => U32,
}

impl Float for f32 {
    fn nearest(number: f64) -> Self {
        number as Self
    }
}

impl Float for f64 {
    fn nearest(number: f64) -> Self {
        number
    }
}

/// Something that exists for each type of floats: an array, a table, knots.
pub enum ByFloat<F32, F64> {
    F32(F32),
    F64(F64),
}

impl<A, B> ByFloat<A, B> {
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::F64(_) => DType::F64,
        }
    }
}

/// An array of floats.
pub type Floats<'a> = ByFloat<&'a ndgpu::DeviceArray<f32, IxDyn>, &'a ndgpu::DeviceArray<f64, IxDyn>>;

/// Evaluates an expression with what is inside a [`ByFloat`].
macro_rules! with_float {
    ($any:expr, $inside:ident => $result:expr) => {
        match $any {
            $crate::dtype::ByFloat::F32($inside) => $result,
            $crate::dtype::ByFloat::F64($inside) => $result,
        }
    };
}
pub(crate) use with_float;

/// The same with a [`ByFloat`] as the result.
macro_rules! map_float {
    ($any:expr, $inside:ident => $result:expr) => {
        match $any {
            $crate::dtype::ByFloat::F32($inside) => $crate::dtype::ByFloat::F32($result),
            $crate::dtype::ByFloat::F64($inside) => $crate::dtype::ByFloat::F64($result),
        }
    };
}
pub(crate) use map_float;

/// A [`ByFloat`] of an expression in which `T` is the type of a [`DType`]; a TypeError with this message for integers.
macro_rules! by_float {
    ($dtype:expr, $T:ident => $result:expr, else $message:expr) => {
        match $dtype {
            $crate::dtype::DType::F32 => {
                type $T = f32;
                $crate::dtype::ByFloat::F32($result)
            }
            $crate::dtype::DType::F64 => {
                type $T = f64;
                $crate::dtype::ByFloat::F64($result)
            }
            $crate::dtype::DType::U32 => return Err(::pyo3::exceptions::PyTypeError::new_err($message)),
        }
    };
}
pub(crate) use by_float;
