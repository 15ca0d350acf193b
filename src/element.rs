//! What an array may hold: [`Element`] (`f32`, `f64`, and `u32` for indices), and [`Float`] for what can be computed with.
//!
//! Both traits are sealed: each type needs a shader fragment of its own. What the crate's inside asks of a type (ordered
//! keys, wide accumulators) stands in [`FloatParts`], out of users' sight.

use std::fmt::{Debug, Display};

use bytemuck::Pod;

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
pub trait Float: Element + FloatParts + num_traits::Float {}

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

pub use parts::FloatParts;

mod parts {
    use bytemuck::Pod;

    use crate::float::accumulator::{Accumulate, Compensated, Wide};
    use crate::float::dtype::FloatType;
    use crate::simd::{Kernel, vectorize_f32, vectorize_f64};

    /// What the crate's inside needs to know of a float. Not part of the public API.
    #[doc(hidden)]
    pub trait FloatParts: Pod {
        /// The type's name, where it is computed with.
        const FLOAT: FloatType;
        /// An unsigned integer of the same width.
        type Key: Pod + Ord + Send + Sync + std::fmt::Debug;
        /// What sums are kept in.
        type Accumulator: Accumulate<Self>;
        /// The key of every NaN: above all others.
        const NAN_KEY: Self::Key;
        /// An integer in the order of the floats, both zeros alike, every NaN above everything else.
        fn key(self) -> Self::Key;
        /// The float with this key. Zero comes back positive, NaN as some NaN.
        fn from_key(key: Self::Key) -> Self;
        /// The key before this one. No float has the least of them.
        fn key_before(key: Self::Key) -> Self::Key;
        /// An integer in the opposite order, but every NaN above everything else again.
        fn reversed_key(self) -> Self::Key;
        /// The float with this reversed key.
        fn from_reversed_key(key: Self::Key) -> Self;
        /// `(key - origin) >> shift`.
        fn key_distance(key: Self::Key, origin: Self::Key, shift: u32) -> u64;
        /// The same, or the largest there is.
        fn key_bucket(key: Self::Key, origin: Self::Key, shift: u32) -> u32 {
            Self::key_distance(key, origin, shift).try_into().unwrap_or(u32::MAX)
        }
        /// The bits.
        fn bits(self) -> Self::Key;
        /// The float with these bits.
        fn of_bits(bits: Self::Key) -> Self;
        /// Carries a small number among keys.
        fn key_of(number: u32) -> Self::Key;
        /// The small number that [`key_of`](Self::key_of) put there.
        fn small_number(key: Self::Key) -> u32;
        /// The bits as two 32-bit words, the low one first, as shaders' parameters carry them.
        fn words(self) -> [u32; 2];
        /// The float that these are the words of.
        fn from_words(words: [u32; 2]) -> Self;
        /// Exact for f32.
        fn widen(self) -> f64;
        /// Rounds to nearest.
        fn narrow(wide: f64) -> Self;
        /// This float, rounded towards zero to an index; 0 for NaN and for what is negative.
        fn to_index(self) -> u32;
        /// This float between 0 and `last`, rounded to nearest; 0 for NaN. `last` is below 2^22.
        fn rounded(self, last: Self) -> u32;
        /// `(key - origin) >> shift`, or the largest there is; 0 for NaN and for keys below the origin.
        fn shifted_key(self, origin: Self::Key, shift: u32) -> u32;
        /// Runs a kernel with the widest vectors that the processor has.
        fn vectorize<K: Kernel<Self>>(kernel: K) -> K::Output;
        /// What a kernel gives with each set of vectors that this processor has.
        #[cfg(test)]
        fn with_every_set<K: Kernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)>;
    }

    macro_rules! float_parts {
        ($float:ty, $name:ident, $key:ty, $accumulator:ty, $integers:expr, $vectorize:path, $every:path, $words:expr, $from_words:expr) => {
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
                fn key_distance(key: $key, origin: $key, shift: u32) -> u64 {
                    (key.wrapping_sub(origin) >> shift).into()
                }

                #[inline(always)]
                fn bits(self) -> $key {
                    self.to_bits()
                }

                #[inline(always)]
                fn of_bits(bits: $key) -> Self {
                    Self::from_bits(bits)
                }

                #[inline(always)]
                fn key_of(number: u32) -> $key {
                    number.into()
                }

                #[inline(always)]
                fn small_number(key: $key) -> u32 {
                    key as u32
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
                fn to_index(self) -> u32 {
                    self as u32
                }

                #[inline(always)]
                fn rounded(self, last: Self) -> u32 {
                    // Comparisons and an addition: a conversion that saturates is not one vector instruction.
                    let above = if self > 0.0 { self } else { 0.0 };
                    let within = if above < last { above } else { last };
                    (within + $integers).to_bits() as u32 & 0x7f_ffff
                }

                #[inline(always)]
                fn shifted_key(self, origin: $key, shift: u32) -> u32 {
                    let key = if self.is_nan() { origin } else { self.key() };
                    let distance = if key > origin { key - origin } else { 0 };
                    (distance >> shift).min(<$key>::from(u32::MAX)) as u32
                }

                #[inline(always)]
                fn vectorize<K: Kernel<Self>>(kernel: K) -> K::Output {
                    $vectorize(kernel)
                }

                #[cfg(test)]
                fn with_every_set<K: Kernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)> {
                    $every(kernel)
                }
            }
        };
    }

    // From 2^23 on an f32 has no fraction, from 2^52 on an f64.
    float_parts!(
        f32,
        F32,
        u32,
        Wide,
        8_388_608.0,
        vectorize_f32,
        crate::simd::with_every_set_f32,
        |v: f32| [v.to_bits(), 0],
        |words: [u32; 2]| f32::from_bits(words[0])
    );
    float_parts!(
        f64,
        F64,
        u64,
        Compensated,
        4_503_599_627_370_496.0,
        vectorize_f64,
        crate::simd::with_every_set_f64,
        |v: f64| [v.to_bits() as u32, (v.to_bits() >> 32) as u32],
        |words: [u32; 2]| f64::from_bits(u64::from(words[0]) | u64::from(words[1]) << 32)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_order_as_numpy_sorts<T: Float>(sorted: &[T]) {
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
