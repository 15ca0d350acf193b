//! [`AnyArray`]: a device array whose element type and number of axes are known only at run time, for language bindings
//! and programs that read files.

use ndarray::{Dimension, IxDyn};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::element::ElementType;

/// A [`DeviceArray`] of any element type and any number of axes. Cloning it is cheap and shares the elements.
///
/// Match on it to get the typed array; `into` converts any typed array to it. Plans take and return it like any other
/// array ([`PlanArrays`](crate::PlanArrays)), and vectors of it where the number of arrays varies as well.
///
/// ```
/// use ndarray::arr2;
/// use ndgpu::{AnyArray, Device, ElementType};
///
/// let device = Device::cpu();
/// let array: AnyArray = device.upload(&arr2(&[[1.0_f32, 2.0]]))?.into();
/// assert_eq!((array.element_type(), array.shape()), (ElementType::F32, &[1, 2][..]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyArray {
    /// 32-bit floats.
    F32(DeviceArray<f32, IxDyn>),
    /// 64-bit floats.
    F64(DeviceArray<f64, IxDyn>),
    /// 32-bit unsigned integers: indices.
    U32(DeviceArray<u32, IxDyn>),
}

/// Evaluates an expression on the typed array inside.
macro_rules! on_any {
    ($any:expr, $array:ident => $result:expr) => {
        match $any {
            $crate::AnyArray::F32($array) => $result,
            $crate::AnyArray::F64($array) => $result,
            $crate::AnyArray::U32($array) => $result,
        }
    };
}
pub(crate) use on_any;

impl AnyArray {
    /// The type of the elements.
    pub fn element_type(&self) -> ElementType {
        match self {
            Self::F32(_) => ElementType::F32,
            Self::F64(_) => ElementType::F64,
            Self::U32(_) => ElementType::U32,
        }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        on_any!(self, array => array.shape())
    }

    /// The device it is on.
    pub fn device(&self) -> &Device {
        on_any!(self, array => array.device())
    }
}

macro_rules! from_typed {
    ($($element:ty => $variant:ident,)*) => {
        $(impl<D: Dimension> From<DeviceArray<$element, D>> for AnyArray {
            fn from(array: DeviceArray<$element, D>) -> Self {
                Self::$variant(array.into_dyn())
            }
        })*
    };
}

from_typed! {
    f32 => F32,
    f64 => F64,
    u32 => U32,
}
