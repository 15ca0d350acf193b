//! Floats whose type is known only when the program runs: [`FloatType`] names it, [`Scalar`] and [`FloatSlice`] carry
//! values of it, and [`for_float!`] is the one place where a name becomes a type again.
//!
//! What is generic is compiled where it is used: in the crate of whoever calls it, again in each, at that crate's level of
//! optimisation. Operations therefore carry their type as a value, and the match over it is in this crate, so that every
//! kernel is compiled here, once, with this crate's settings.

use bytemuck::cast_slice;

use crate::element::{ElementType, FloatParts};

/// The types that can be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
}

/// Evaluates an expression with `$T` standing for the type that a [`FloatType`] names.
macro_rules! for_float {
    ($dtype:expr, $T:ident => $result:expr) => {
        match $dtype {
            $crate::float::dtype::FloatType::F32 => {
                type $T = f32;
                $result
            }
            $crate::float::dtype::FloatType::F64 => {
                type $T = f64;
                $result
            }
        }
    };
}
pub(crate) use for_float;

impl FloatType {
    /// The element type of arrays of it.
    pub(crate) fn element(self) -> ElementType {
        match self {
            Self::F32 => ElementType::F32,
            Self::F64 => ElementType::F64,
        }
    }

    /// Bytes of one element.
    pub(crate) fn size(self) -> u64 {
        for_float!(self, T => size_of::<T>() as u64)
    }

    /// Bytes of so many elements, or the most there are.
    pub(crate) fn bytes(self, len: usize) -> u64 {
        (len as u64).saturating_mul(self.size())
    }

    /// A number, rounded, as shaders' parameters carry it.
    pub(crate) fn words(self, number: f64) -> [u32; 2] {
        for_float!(self, T => (number as T).words())
    }

    /// NaN, as shaders' parameters carry it.
    pub(crate) fn nan(self) -> [u32; 2] {
        for_float!(self, T => T::NAN.words())
    }

    /// Infinity, as shaders' parameters carry it.
    pub(crate) fn infinity(self) -> [u32; 2] {
        for_float!(self, T => T::INFINITY.words())
    }
}

/// One float, as the two words in which shaders' parameters carry it, the low one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scalar(pub [u32; 2]);

impl Scalar {
    pub fn of<T: FloatParts>(value: T) -> Self {
        Self(value.words())
    }

    /// The float, which is of the type that it was made of.
    pub fn get<T: FloatParts>(self) -> T {
        T::from_words(self.0)
    }
}

/// Floats of the host's.
#[derive(Clone, Copy)]
pub(crate) enum FloatSlice<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl<'a> FloatSlice<'a> {
    pub fn of<T: FloatParts>(values: &'a [T]) -> Self {
        match T::FLOAT {
            FloatType::F32 => Self::F32(cast_slice(values)),
            FloatType::F64 => Self::F64(cast_slice(values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_every_bit() {
        for value in
            [0.0_f64, -0.0, 1.5, f64::MIN_POSITIVE / 2.0, f64::NEG_INFINITY, f64::from_bits(0xfff8_dead_beef_0001)]
        {
            assert_eq!(Scalar::of(value).get::<f64>().to_bits(), value.to_bits());
            let narrow = value as f32;
            assert_eq!(Scalar::of(narrow).get::<f32>().to_bits(), narrow.to_bits());
        }
        assert_eq!(Scalar::of(1.0_f64).0, [0, 0x3ff0_0000], "the low word comes first");
    }

    #[test]
    fn a_slice_is_of_its_own_type() {
        assert!(matches!(FloatSlice::of(&[1.0_f32]), FloatSlice::F32(&[1.0])));
        assert!(matches!(FloatSlice::of(&[1.0_f64]), FloatSlice::F64(&[1.0])));
        assert_eq!([FloatType::F32, FloatType::F64].map(|dtype| dtype.bytes(3)), [12, 24]);
    }
}
