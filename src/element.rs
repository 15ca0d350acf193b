//! What an array may hold: [`Element`] (`f32`, `f64`, and `u32` for indices), and [`Float`] for what can be computed
//! with.
//!
//! Both traits are sealed: each type needs a shader fragment of its own. What kernels ask of a float (ordered keys,
//! wide accumulators) is in [`FloatParts`], how they are run with vectors of it in [`Vectorize`].

use std::fmt::{Debug, Display};

use bytemuck::Pod;

use crate::float::FloatParts;
use crate::simd::dispatch::Vectorize;

/// The name of an element type, as it appears in messages and in the names of shaders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// 32-bit unsigned integers: indices.
    U32,
}

impl ElementType {
    /// `"f32"`, `"f64"` or `"u32"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::U32 => "u32",
        }
    }
}

impl Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A type that a [`DeviceArray`](crate::DeviceArray) can hold: `f32`, `f64` or `u32`.
pub trait Element: sealed::Sealed + Pod + PartialEq + PartialOrd + Debug + Display + Send + Sync {
    /// The type's name.
    const TYPE: ElementType;
}

/// A type that can be interpolated and averaged: `f32` or `f64`.
pub trait Float: Element + FloatParts + Vectorize + num_traits::Float {}

impl Element for f32 {
    const TYPE: ElementType = ElementType::F32;
}

impl Element for f64 {
    const TYPE: ElementType = ElementType::F64;
}

impl Element for u32 {
    const TYPE: ElementType = ElementType::U32;
}

impl Float for f32 {}

impl Float for f64 {}

/// The bytes of so many elements, or the most there are.
pub(crate) fn bytes_of<T>(len: usize) -> u64 {
    (len as u64).saturating_mul(size_of::<T>() as u64)
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for u32 {}
}
