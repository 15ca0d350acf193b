//! Floats whose type is known only when the program runs: one ([`Scalar`]), or many of the host's ([`FloatSlice`]).

use bytemuck::cast_slice;

use crate::float::FloatParts;
use crate::float::dtype::{FloatType, for_float};

impl FloatType {
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
