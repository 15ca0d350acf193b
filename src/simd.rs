//! The CPU engine's vectors: what its kernels need of an instruction set, for AVX-512, AVX2 and, anywhere else, one lane.
//!
//! A [`Kernel`] is written once, over any [`Vector`]; [`FloatParts::vectorize`](crate::element::FloatParts::vectorize)
//! runs it with the widest set that the processor has. Results do not depend on which: every operation here rounds as
//! IEEE 754 says, and none is contracted.
//!
//! Everything a kernel calls has to be inlined into the one function that is compiled for the instruction set, closures
//! included, or it is compiled without it. That is why all of it is `#[inline(always)]`, and why there are no closures.

use std::marker::PhantomData;

use pulp::{Scalar, Simd};

use crate::accumulate::lost_by_product;

/// Work to be done with vectors of `T`.
pub trait Kernel<T> {
    /// What comes of it.
    type Output;
    /// Does it.
    fn run<S: Vector<T>>(self, simd: S) -> Self::Output;
}

/// An instruction set that computes with several `T` at once.
pub trait Vector<T>: Copy {
    /// As many `T` as there are lanes.
    type V: Copy;
    /// A truth for each lane.
    type M: Copy;
    /// How many lanes there are: 1, 4, 8 or 16.
    const LANES: usize;
    /// The same value in each lane.
    fn splat(self, value: T) -> Self::V;
    /// The first [`LANES`](Self::LANES) of a slice.
    fn load(self, from: &[T]) -> Self::V;
    /// Puts the lanes at the beginning of a slice.
    fn store(self, to: &mut [T], lanes: Self::V);
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a >= b`
    fn ge(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a < b`
    fn lt(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a == b`
    fn eq(self, a: Self::V, b: Self::V) -> Self::M;
    /// Both.
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// Whether it holds in every lane.
    fn all(self, mask: Self::M) -> bool;
    /// `mask ? a : b`
    fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V;
    /// Four pairs from each of several places on, one place a lane, turned around: the first numbers of the first pairs,
    /// their second numbers, the first numbers of the second pairs, and so on.
    ///
    /// Loads of whole rows and shuffles: gathering number by number takes twice as long on many processors.
    fn rows(self, pairs: &[[T; 2]], places: &[usize]) -> [Self::V; 8];

    /// A sum for each lane, as exact as [`Accumulate`](crate::accumulate::Accumulate) says.
    type Sums: Copy;
    /// Nothing added up yet.
    fn no_sums(self) -> Self::Sums;
    /// Adds a value in each lane.
    fn add_to(self, sums: Self::Sums, values: Self::V) -> Self::Sums;
    /// Adds a product in each lane.
    fn add_product_to(self, sums: Self::Sums, weights: Self::V, values: Self::V) -> Self::Sums;
    /// Sums from memory: what they are, and what they lost to rounding.
    fn load_sums(self, high: &[f64], low: &[f64]) -> Self::Sums;
    /// Sums to memory.
    fn store_sums(self, sums: Self::Sums, high: &mut [f64], low: &mut [f64]);
}

/// The bits of four neighbouring pairs.
#[inline(always)]
fn row<T: bytemuck::Pod, R: bytemuck::AnyBitPattern>(pairs: &[[T; 2]], place: usize) -> R {
    bytemuck::pod_read_unaligned(bytemuck::bytes_of(
        pairs[place..].first_chunk::<4>().expect("a table ends with padding"),
    ))
}

macro_rules! vector {
    ($set:ty, $float:ty, $vector:ident, $mask:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $ge:ident, $lt:ident, $eq:ident, $and:ident, $not:ident, $first:ident, $select:ident, $rows:path, {$($sums:tt)*}) => {
        impl Vector<$float> for $set {
            type V = <$set as Simd>::$vector;
            type M = <$set as Simd>::$mask;
            const LANES: usize = size_of::<Self::V>() / size_of::<$float>();

            #[inline(always)]
            fn splat(self, value: $float) -> Self::V {
                Simd::$splat(self, value)
            }
            #[inline(always)]
            fn load(self, from: &[$float]) -> Self::V {
                bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..<Self as Vector<$float>>::LANES]))
            }
            #[inline(always)]
            fn store(self, to: &mut [$float], lanes: Self::V) {
                let lanes = std::slice::from_ref(&lanes);
                to[..<Self as Vector<$float>>::LANES].copy_from_slice(bytemuck::cast_slice(lanes));
            }
            #[inline(always)]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                Simd::$add(self, a, b)
            }
            #[inline(always)]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                Simd::$sub(self, a, b)
            }
            #[inline(always)]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                Simd::$mul(self, a, b)
            }
            #[inline(always)]
            fn div(self, a: Self::V, b: Self::V) -> Self::V {
                Simd::$div(self, a, b)
            }
            #[inline(always)]
            fn ge(self, a: Self::V, b: Self::V) -> Self::M {
                Simd::$ge(self, a, b)
            }
            #[inline(always)]
            fn lt(self, a: Self::V, b: Self::V) -> Self::M {
                Simd::$lt(self, a, b)
            }
            #[inline(always)]
            fn eq(self, a: Self::V, b: Self::V) -> Self::M {
                Simd::$eq(self, a, b)
            }
            #[inline(always)]
            fn and(self, a: Self::M, b: Self::M) -> Self::M {
                Simd::$and(self, a, b)
            }
            #[inline(always)]
            fn all(self, mask: Self::M) -> bool {
                Simd::$first(self, Simd::$not(self, mask)) >= <Self as Vector<$float>>::LANES
            }
            #[inline(always)]
            fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V {
                Simd::$select(self, mask, a, b)
            }
            #[inline(always)]
            fn rows(self, pairs: &[[$float; 2]], places: &[usize]) -> [Self::V; 8] {
                $rows(self, pairs, places)
            }

            $($sums)*
        }
    };
}

macro_rules! both_floats {
    ($set:ty, $rows_f32:path, $rows_f64:path, $halves:path, $add_product:path, $lost:path) => {
        vector!(
            $set,
            f32,
            f32s,
            m32s,
            splat_f32s,
            add_f32s,
            sub_f32s,
            mul_f32s,
            div_f32s,
            greater_than_or_equal_f32s,
            less_than_f32s,
            equal_f32s,
            and_m32s,
            not_m32s,
            first_true_m32s,
            select_f32s,
            $rows_f32,
            {
                // In f64, where products of f32 are exact: fused or not, the sum is rounded once.
                type Sums = [<$set as Simd>::f64s; 2];

                #[inline(always)]
                fn no_sums(self) -> Self::Sums {
                    [Simd::splat_f64s(self, 0.0); 2]
                }
                #[inline(always)]
                fn add_to(self, sums: Self::Sums, values: Self::V) -> Self::Sums {
                    let [low, high] = $halves(self, values);
                    [Simd::add_f64s(self, sums[0], low), Simd::add_f64s(self, sums[1], high)]
                }
                #[inline(always)]
                fn add_product_to(self, sums: Self::Sums, weights: Self::V, values: Self::V) -> Self::Sums {
                    let ([low, high], [low_weights, high_weights]) = ($halves(self, values), $halves(self, weights));
                    [$add_product(self, sums[0], low_weights, low), $add_product(self, sums[1], high_weights, high)]
                }
                #[inline(always)]
                fn load_sums(self, high: &[f64], _: &[f64]) -> Self::Sums {
                    if size_of::<[<$set as Simd>::f64s; 2]>() == 8 * <Self as Vector<f32>>::LANES {
                        return bytemuck::pod_read_unaligned(bytemuck::cast_slice(
                            &high[..<Self as Vector<f32>>::LANES],
                        ));
                    }
                    // One lane: the other half is not used.
                    let mut sums = <Self as Vector<f32>>::no_sums(self);
                    bytemuck::cast_slice_mut::<_, f64>(&mut sums)[0] = high[0];
                    sums
                }
                #[inline(always)]
                fn store_sums(self, sums: Self::Sums, high: &mut [f64], _: &mut [f64]) {
                    let sums = bytemuck::cast_slice::<_, f64>(&sums);
                    high[..<Self as Vector<f32>>::LANES].copy_from_slice(&sums[..<Self as Vector<f32>>::LANES]);
                }
            }
        );
        vector!(
            $set,
            f64,
            f64s,
            m64s,
            splat_f64s,
            add_f64s,
            sub_f64s,
            mul_f64s,
            div_f64s,
            greater_than_or_equal_f64s,
            less_than_f64s,
            equal_f64s,
            and_m64s,
            not_m64s,
            first_true_m64s,
            select_f64s,
            $rows_f64,
            {
                // With what was lost to rounding beside it, see `accumulate`.
                type Sums = [<$set as Simd>::f64s; 2];

                #[inline(always)]
                fn no_sums(self) -> Self::Sums {
                    [Simd::splat_f64s(self, 0.0); 2]
                }
                #[inline(always)]
                fn add_to(self, [high, low]: Self::Sums, values: Self::V) -> Self::Sums {
                    let sum = Simd::add_f64s(self, high, values);
                    let part = Simd::sub_f64s(self, sum, high);
                    let of_sum = Simd::sub_f64s(self, high, Simd::sub_f64s(self, sum, part));
                    let lost = Simd::add_f64s(self, of_sum, Simd::sub_f64s(self, values, part));
                    [sum, Simd::add_f64s(self, low, lost)]
                }
                #[inline(always)]
                fn add_product_to(self, sums: Self::Sums, weights: Self::V, values: Self::V) -> Self::Sums {
                    let product = Simd::mul_f64s(self, weights, values);
                    let [high, low] = <Self as Vector<f64>>::add_to(self, sums, product);
                    [high, Simd::add_f64s(self, low, $lost(self, weights, values, product))]
                }
                #[inline(always)]
                fn load_sums(self, high: &[f64], low: &[f64]) -> Self::Sums {
                    [self.load(high), self.load(low)]
                }
                #[inline(always)]
                fn store_sums(self, sums: Self::Sums, high: &mut [f64], low: &mut [f64]) {
                    self.store(high, sums[0]);
                    self.store(low, sums[1]);
                }
            }
        );
    };
}

#[inline(always)]
fn row_of_one<T: bytemuck::Pod>(_: Scalar, pairs: &[[T; 2]], places: &[usize]) -> [T; 8]
where
    [T; 8]: bytemuck::Pod,
{
    row(pairs, places[0])
}

#[inline(always)]
fn halves_of_one(_: Scalar, value: f32) -> [f64; 2] {
    [value.into(), 0.0]
}

/// `sum + weight * value`, where the product is exact. A fused multiply-add would be a call where it is no instruction.
#[inline(always)]
fn add_product_of_one(_: Scalar, sum: f64, weight: f64, value: f64) -> f64 {
    sum + weight * value
}

#[inline(always)]
fn lost_of_one(_: Scalar, weight: f64, value: f64, product: f64) -> f64 {
    lost_by_product(weight, value, product)
}

both_floats!(Scalar, row_of_one, row_of_one, halves_of_one, add_product_of_one, lost_of_one);

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! Rows of eight numbers into columns, by loads and shuffles.

    use std::arch::x86_64::{__m128, __m256, __m256d, __m512, __m512d};

    use pulp::x86::{V3, V4};
    use pulp::{Simd, f32x8, f32x16, f64x4, f64x8};

    use super::{Vector, row};

    both_floats!(V4, f32_by_sixteen, f64_by_eight, halves_of_sixteen, add_product, lost);
    both_floats!(V3, f32_by_eight, f64_by_four, halves_of_eight, add_product, lost);

    /// `sums + weights * values`, rounded once.
    #[inline(always)]
    fn add_product<S: Simd>(simd: S, sums: S::f64s, weights: S::f64s, values: S::f64s) -> S::f64s {
        simd.mul_add_f64s(weights, values, sums)
    }

    /// What rounding lost of a product.
    #[inline(always)]
    fn lost<S: Simd>(simd: S, weights: S::f64s, values: S::f64s, product: S::f64s) -> S::f64s {
        simd.mul_add_f64s(weights, values, simd.neg_f64s(product))
    }

    #[inline(always)]
    fn halves_of_sixteen(simd: V4, values: f32x16) -> [f64x8; 2] {
        let (f, values) = (simd.avx512f, bytemuck::cast(values));
        let high = simd.avx512dq._mm512_extractf32x8_ps::<1>(values);
        [bytemuck::cast(f._mm512_cvtps_pd(f._mm512_castps512_ps256(values))), bytemuck::cast(f._mm512_cvtps_pd(high))]
    }

    #[inline(always)]
    fn halves_of_eight(simd: V3, values: f32x8) -> [f64x4; 2] {
        let (f, values) = (simd.avx, bytemuck::cast(values));
        [
            bytemuck::cast(f._mm256_cvtps_pd(f._mm256_castps256_ps128(values))),
            bytemuck::cast(f._mm256_cvtps_pd(f._mm256_extractf128_ps::<1>(values))),
        ]
    }

    #[inline(always)]
    fn places_of<const N: usize>(places: &[usize]) -> &[usize; N] {
        places.first_chunk().expect("a place for each lane")
    }

    /// Rows in the halves of a vector.
    #[inline(always)]
    fn two_rows(simd: V4, pairs: &[[f32; 2]], low: usize, high: usize) -> __m512 {
        let low = simd.avx512f._mm512_castps256_ps512(row(pairs, low));
        simd.avx512dq._mm512_insertf32x8::<1>(low, row(pairs, high))
    }

    /// Eight rows: of columns 0 to 3 and 4 to 7 those of four rows, then those of the next four.
    #[inline(always)]
    fn eight_rows(simd: V4, pairs: &[[f32; 2]], places: &[usize; 16], first: usize) -> [__m512; 4] {
        let f = simd.avx512f;
        let a = two_rows(simd, pairs, places[first], places[first + 4]);
        let b = two_rows(simd, pairs, places[first + 1], places[first + 5]);
        let c = two_rows(simd, pairs, places[first + 2], places[first + 6]);
        let d = two_rows(simd, pairs, places[first + 3], places[first + 7]);
        let (ab0, ab1) = (f._mm512_unpacklo_ps(a, b), f._mm512_unpackhi_ps(a, b));
        let (cd0, cd1) = (f._mm512_unpacklo_ps(c, d), f._mm512_unpackhi_ps(c, d));
        [
            f._mm512_shuffle_ps::<0x44>(ab0, cd0),
            f._mm512_shuffle_ps::<0xee>(ab0, cd0),
            f._mm512_shuffle_ps::<0x44>(ab1, cd1),
            f._mm512_shuffle_ps::<0xee>(ab1, cd1),
        ]
    }

    #[inline(always)]
    fn f32_by_sixteen(simd: V4, pairs: &[[f32; 2]], places: &[usize]) -> [f32x16; 8] {
        let places = places_of(places);
        let [a0, a1, a2, a3] = eight_rows(simd, pairs, places, 0);
        let [b0, b1, b2, b3] = eight_rows(simd, pairs, places, 8);
        let f = simd.avx512f;
        [
            bytemuck::cast(f._mm512_shuffle_f32x4::<0x88>(a0, b0)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0x88>(a1, b1)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0x88>(a2, b2)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0x88>(a3, b3)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0xdd>(a0, b0)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0xdd>(a1, b1)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0xdd>(a2, b2)),
            bytemuck::cast(f._mm512_shuffle_f32x4::<0xdd>(a3, b3)),
        ]
    }

    /// Columns of eight rows in the order 0 1, 4 5 of the lanes' quarters, and 2 3, 6 7.
    #[inline(always)]
    fn column_pairs(simd: V4, a: __m512d, b: __m512d, c: __m512d, d: __m512d) -> [f64x8; 4] {
        let f = simd.avx512f;
        let (low, high) = (f._mm512_shuffle_f64x2::<0x88>(a, b), f._mm512_shuffle_f64x2::<0x88>(c, d));
        let (low_odd, high_odd) = (f._mm512_shuffle_f64x2::<0xdd>(a, b), f._mm512_shuffle_f64x2::<0xdd>(c, d));
        [
            bytemuck::cast(f._mm512_shuffle_f64x2::<0x88>(low, high)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0x88>(low_odd, high_odd)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0xdd>(low, high)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0xdd>(low_odd, high_odd)),
        ]
    }

    #[inline(always)]
    fn f64_by_eight(simd: V4, pairs: &[[f64; 2]], places: &[usize]) -> [f64x8; 8] {
        let p: &[usize; 8] = places_of(places);
        let f = simd.avx512f;
        let (r0, r1, r2, r3) = (row(pairs, p[0]), row(pairs, p[1]), row(pairs, p[2]), row(pairs, p[3]));
        let (r4, r5, r6, r7) = (row(pairs, p[4]), row(pairs, p[5]), row(pairs, p[6]), row(pairs, p[7]));
        let (even01, odd01) = (f._mm512_unpacklo_pd(r0, r1), f._mm512_unpackhi_pd(r0, r1));
        let (even23, odd23) = (f._mm512_unpacklo_pd(r2, r3), f._mm512_unpackhi_pd(r2, r3));
        let (even45, odd45) = (f._mm512_unpacklo_pd(r4, r5), f._mm512_unpackhi_pd(r4, r5));
        let (even67, odd67) = (f._mm512_unpacklo_pd(r6, r7), f._mm512_unpackhi_pd(r6, r7));
        let [c0, c2, c4, c6] = column_pairs(simd, even01, even23, even45, even67);
        let [c1, c3, c5, c7] = column_pairs(simd, odd01, odd23, odd45, odd67);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    /// Half rows: columns 0 to 3 or 4 to 7 of two rows.
    #[inline(always)]
    fn two_half_rows(simd: V3, low: [__m128; 2], high: [__m128; 2], half: usize) -> __m256 {
        let low = simd.avx._mm256_castps128_ps256(low[half]);
        simd.avx._mm256_insertf128_ps::<1>(low, high[half])
    }

    #[inline(always)]
    fn four_columns(simd: V3, pairs: &[[f32; 2]], places: &[usize; 8], half: usize) -> [f32x8; 4] {
        let f = simd.avx;
        let a = two_half_rows(simd, row(pairs, places[0]), row(pairs, places[4]), half);
        let b = two_half_rows(simd, row(pairs, places[1]), row(pairs, places[5]), half);
        let c = two_half_rows(simd, row(pairs, places[2]), row(pairs, places[6]), half);
        let d = two_half_rows(simd, row(pairs, places[3]), row(pairs, places[7]), half);
        let (ab0, ab1) = (f._mm256_unpacklo_ps(a, b), f._mm256_unpackhi_ps(a, b));
        let (cd0, cd1) = (f._mm256_unpacklo_ps(c, d), f._mm256_unpackhi_ps(c, d));
        [
            bytemuck::cast(f._mm256_shuffle_ps::<0x44>(ab0, cd0)),
            bytemuck::cast(f._mm256_shuffle_ps::<0xee>(ab0, cd0)),
            bytemuck::cast(f._mm256_shuffle_ps::<0x44>(ab1, cd1)),
            bytemuck::cast(f._mm256_shuffle_ps::<0xee>(ab1, cd1)),
        ]
    }

    #[inline(always)]
    fn f32_by_eight(simd: V3, pairs: &[[f32; 2]], places: &[usize]) -> [f32x8; 8] {
        let places = places_of(places);
        let [c0, c1, c2, c3] = four_columns(simd, pairs, places, 0);
        let [c4, c5, c6, c7] = four_columns(simd, pairs, places, 1);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    #[inline(always)]
    fn turned(simd: V3, a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [f64x4; 4] {
        let f = simd.avx;
        let (ab0, ab1) = (f._mm256_unpacklo_pd(a, b), f._mm256_unpackhi_pd(a, b));
        let (cd0, cd1) = (f._mm256_unpacklo_pd(c, d), f._mm256_unpackhi_pd(c, d));
        [
            bytemuck::cast(f._mm256_permute2f128_pd::<0x20>(ab0, cd0)),
            bytemuck::cast(f._mm256_permute2f128_pd::<0x20>(ab1, cd1)),
            bytemuck::cast(f._mm256_permute2f128_pd::<0x31>(ab0, cd0)),
            bytemuck::cast(f._mm256_permute2f128_pd::<0x31>(ab1, cd1)),
        ]
    }

    #[inline(always)]
    fn f64_by_four(simd: V3, pairs: &[[f64; 2]], places: &[usize]) -> [f64x4; 8] {
        let p: &[usize; 4] = places_of(places);
        let (a, b): ([__m256d; 2], [__m256d; 2]) = (row(pairs, p[0]), row(pairs, p[1]));
        let (c, d): ([__m256d; 2], [__m256d; 2]) = (row(pairs, p[2]), row(pairs, p[3]));
        let [c0, c1, c2, c3] = turned(simd, a[0], b[0], c[0], d[0]);
        let [c4, c5, c6, c7] = turned(simd, a[1], b[1], c[1], d[1]);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }
}

/// A kernel over `T`, and the instruction set to run it with.
struct Bound<S, K, T>(S, K, PhantomData<T>);

impl<S: Vector<T>, K: Kernel<T>, T> pulp::WithSimd for Bound<S, K, T> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<X: Simd>(self, _: X) -> K::Output {
        self.1.run(self.0)
    }
}

macro_rules! vectorize {
    ($name:ident, $every:ident, $float:ty) => {
        /// Runs a kernel with the widest vectors that the processor has.
        pub(crate) fn $name<K: Kernel<$float>>(kernel: K) -> K::Output {
            #[cfg(target_arch = "x86_64")]
            {
                if let Some(simd) = pulp::x86::V4::try_new() {
                    return Simd::vectorize(simd, Bound(simd, kernel, PhantomData::<$float>));
                }
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return Simd::vectorize(simd, Bound(simd, kernel, PhantomData::<$float>));
                }
            }
            kernel.run(Scalar::new())
        }

        /// What a kernel gives with each set of vectors that this processor has, for the tests that compare them.
        #[cfg(test)]
        pub(crate) fn $every<K: Kernel<$float> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)> {
            let mut results = vec![("one lane", kernel.run(Scalar::new()))];
            #[cfg(target_arch = "x86_64")]
            {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    results.push(("AVX2", Simd::vectorize(simd, Bound(simd, kernel, PhantomData::<$float>))));
                }
                if let Some(simd) = pulp::x86::V4::try_new() {
                    results.push(("AVX-512", Simd::vectorize(simd, Bound(simd, kernel, PhantomData::<$float>))));
                }
            }
            results
        }
    };
}

vectorize!(vectorize_f32, with_every_set_f32, f32);
vectorize!(vectorize_f64, with_every_set_f64, f64);
