//! What kernels need of a float beyond arithmetic: ordered keys, bit patterns, conversions, and a wide accumulator.
//!
//! Keys are unsigned integers that compare as NumPy sorts the floats, so that searches and extremes need no special
//! case for NaN or for the two zeros.

pub(crate) mod accumulator;
pub(crate) mod dtype;
pub(crate) mod scalar;

use bytemuck::Pod;

use crate::float::accumulator::{Accumulate, Compensated, Wide};
use crate::float::dtype::FloatType;

/// The accumulator of sums of `T`.
pub(crate) type Sum<T> = <T as FloatParts>::Accumulator;

/// What kernels need of a float. Not part of the public API.
#[doc(hidden)]
pub trait FloatParts: Pod {
    /// The type as a value.
    const FLOAT: FloatType;
    /// The unsigned integer of the same width.
    type Key: Pod + Ord + Send + Sync + std::fmt::Debug;
    /// The accumulator of sums.
    type Accumulator: Accumulate<Self>;
    /// The key of every NaN, above all others.
    const NAN_KEY: Self::Key;
    /// The ordered key: keys compare as the floats do, both zeros are equal, and every NaN is above all else.
    fn key(self) -> Self::Key;
    /// The float with this key. Zero is positive, and the payload of a NaN is lost.
    fn from_key(key: Self::Key) -> Self;
    /// The preceding key. No float has key 0.
    fn key_before(key: Self::Key) -> Self::Key;
    /// The key in descending order: keys compare opposite to the floats, but every NaN is again above all else.
    fn reversed_key(self) -> Self::Key;
    /// The float with this reversed key.
    fn from_reversed_key(key: Self::Key) -> Self;
    /// The bit pattern.
    fn bits(self) -> Self::Key;
    /// The float with this bit pattern.
    fn from_bits(bits: Self::Key) -> Self;
    /// A `u32` as a key, for a parameter stored beside keys.
    fn key_from_u32(number: u32) -> Self::Key;
    /// The bit pattern as two 32-bit words, low word first, the layout of shader parameters.
    fn words(self) -> [u32; 2];
    /// The float with these words.
    fn from_words(words: [u32; 2]) -> Self;
    /// The value as `f64`, exact.
    fn widen(self) -> f64;
    /// The nearest value of this type.
    fn narrow(wide: f64) -> Self;
    /// The value clamped to `0..=last` and rounded down; 0 for NaN. `last` is below 2^22.
    fn floor_index(self, last: Self) -> u32;
    /// `(key - origin) >> shift`, at most `last`; 0 for keys below the origin.
    fn key_index(key: Self::Key, origin: Self::Key, shift: u32, last: u32) -> u32;
}

macro_rules! float_parts {
    ($float:ty, $name:ident, $key:ty, $accumulator:ty, $integers:expr, $words:expr, $from_words:expr) => {
        impl FloatParts for $float {
            const FLOAT: FloatType = FloatType::$name;
            type Key = $key;
            type Accumulator = $accumulator;
            const NAN_KEY: $key = <$key>::MAX;

            #[inline(always)]
            fn key(self) -> $key {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                let bits = self.to_bits();
                let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
                let ordered = if bits & !SIGN == 0 { SIGN } else { ordered };
                if self.is_nan() { <$key>::MAX } else { ordered }
            }

            #[inline(always)]
            fn from_key(key: $key) -> Self {
                const SIGN: $key = 1 << (<$key>::BITS - 1);
                Self::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
            }

            #[inline(always)]
            fn key_before(key: $key) -> $key {
                key - 1
            }

            #[inline(always)]
            fn reversed_key(self) -> $key {
                let key = self.key();
                if key == Self::NAN_KEY { key } else { !key }
            }

            #[inline(always)]
            fn from_reversed_key(key: $key) -> Self {
                Self::from_key(if key == Self::NAN_KEY { key } else { !key })
            }

            #[inline(always)]
            fn bits(self) -> $key {
                self.to_bits()
            }

            #[inline(always)]
            fn from_bits(bits: $key) -> Self {
                Self::from_bits(bits)
            }

            #[inline(always)]
            fn key_from_u32(number: u32) -> $key {
                number.into()
            }

            #[inline(always)]
            fn words(self) -> [u32; 2] {
                $words(self)
            }

            #[inline(always)]
            fn from_words(words: [u32; 2]) -> Self {
                $from_words(words)
            }

            #[inline(always)]
            fn widen(self) -> f64 {
                self.into()
            }

            #[inline(always)]
            fn narrow(wide: f64) -> Self {
                wide as Self
            }

            #[inline(always)]
            fn floor_index(self, last: Self) -> u32 {
                // Comparisons and additions: a saturating conversion is not a single SIMD instruction.
                let above = if self > 0.0 { self } else { 0.0 };
                let within = if above < last { above } else { last };
                let nearest = within + $integers;
                let is_above = nearest - $integers > within;
                (nearest.to_bits() as u32 & 0x7f_ffff).wrapping_sub(is_above.into())
            }

            #[inline(always)]
            fn key_index(key: $key, origin: $key, shift: u32, last: u32) -> u32 {
                let distance = if key > origin { key - origin } else { 0 };
                (distance >> shift).min(last.into()) as u32
            }
        }
    };
}

// From 2^23 on an f32 has no fraction, from 2^52 on an f64.
float_parts!(f32, F32, u32, Wide, 8_388_608.0, |v: f32| [v.to_bits(), 0], |words: [u32; 2]| f32::from_bits(words[0]));
float_parts!(
    f64,
    F64,
    u64,
    Compensated,
    4_503_599_627_370_496.0,
    |v: f64| [v.to_bits() as u32, (v.to_bits() >> 32) as u32],
    |words: [u32; 2]| f64::from_bits(u64::from(words[0]) | u64::from(words[1]) << 32)
);

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use super::*;

    fn keys_order_as_numpy_sorts<T: FloatParts + num_traits::Float + Display>(sorted: &[T]) {
        for pair in sorted.windows(2) {
            assert!(pair[0].key() < pair[1].key(), "{} before {}", pair[0], pair[1]);
        }
        for &value in sorted {
            let back = T::from_key(value.key());
            assert!(back == value || (back.is_nan() && value.is_nan()), "{value} came back as {back}");
        }
        assert_eq!(T::zero().key(), (-T::zero()).key());
        assert_eq!((-T::nan()).key(), T::NAN_KEY);
    }

    #[test]
    fn keys_order_floats_with_nan_last_and_both_zeros_alike() {
        let tiny = f32::from_bits(1);
        keys_order_as_numpy_sorts(&[
            f32::NEG_INFINITY,
            f32::MIN,
            -1.0,
            -f32::MIN_POSITIVE,
            -tiny,
            0.0,
            tiny,
            1.0,
            f32::MAX,
            f32::INFINITY,
            f32::NAN,
        ]);
        let tiny = f64::from_bits(1);
        keys_order_as_numpy_sorts(&[f64::NEG_INFINITY, -1.0, -tiny, 0.0, tiny, 1.0, f64::INFINITY, f64::NAN]);
    }
}
