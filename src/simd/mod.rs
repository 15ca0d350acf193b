//! The CPU engine's vectors: what its kernels need of an instruction set, for AVX-512, AVX2 and, anywhere else, one lane.
//!
//! A [`Kernel`] is written once, over any [`Vector`]; [`Vectorize::vectorize`] runs it with the widest set that the
//! processor has. Results do not depend on which: every operation here rounds as IEEE 754 says, and none is contracted.
//!
//! Everything a kernel calls has to be inlined into the one function that is compiled for the instruction set, closures
//! included, or it is compiled without it. That is why all of it is `#[inline(always)]`, and why there are no closures.

use pulp::{Scalar, Simd};

use crate::float::accumulator::lost_by_product;

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
    /// One or both.
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    /// Where it does not hold.
    fn not(self, mask: Self::M) -> Self::M;
    /// Whether it holds in every lane.
    fn all(self, mask: Self::M) -> bool;
    /// `mask ? a : b`
    fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V;
    /// Four pairs from each of several places on, one place a lane, turned around: the first numbers of the first pairs,
    /// their second numbers, the first numbers of the second pairs, and so on.
    ///
    /// Loads of whole rows and shuffles: gathering number by number takes twice as long on many processors.
    fn rows(self, pairs: &[[T; 2]], places: &[usize]) -> [Self::V; 8];

    /// Values as they are added up: f32 in f64.
    type Wide: Copy;
    /// A vector, widened.
    fn wide(self, values: Self::V) -> Self::Wide;
    /// The first [`LANES`](Self::LANES) of a slice, widened on their way from memory: cheaper than a vector's halves.
    fn load_wide(self, from: &[T]) -> Self::Wide;
    /// A slice of fewer than that, and zeros.
    fn load_part(self, from: &[T]) -> Self::Wide;
    /// The same value in each lane.
    fn splat_wide(self, value: T) -> Self::Wide;
    /// One value in the first half of sixteen lanes, another in the second.
    fn splat_two(self, first: T, second: T) -> Self::Wide;

    /// A sum for each lane, as exact as [`Accumulate`](crate::float::accumulator::Accumulate) says.
    type Sums: Copy;
    /// Sixteen sums.
    type Sixteen: Copy + AsRef<[Self::Sums]> + AsMut<[Self::Sums]>;
    /// Nothing added up yet.
    fn no_sums(self) -> Self::Sums;
    /// Nothing added up yet, sixteen times.
    fn no_sixteen(self) -> Self::Sixteen;
    /// Adds a value in each lane.
    fn add_to(self, sums: Self::Sums, values: Self::Wide) -> Self::Sums;
    /// Adds a product in each lane.
    fn add_product_to(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums;
    /// Sums from memory: what they are, and what they lost to rounding.
    fn load_sums(self, high: &[f64], low: &[f64]) -> Self::Sums;
    /// Sums to memory.
    fn store_sums(self, sums: Self::Sums, high: &mut [f64], low: &mut [f64]);

    /// The sums of as many rows of eight as there are lanes, which lie one after the other, and those of their own weights.
    #[inline(always)]
    fn rows_of_eight(self, values: &[T], weights: Eights<'_, T>) -> [Self::Sums; 2]
    where
        T: Copy,
    {
        let mut places = [0; 16];
        for (lane, place) in places.iter_mut().enumerate() {
            *place = 4 * lane;
        }
        let places = &places[..Self::LANES];
        let (mut products, mut sums_of_weights) = (self.no_sums(), self.no_sums());
        let columns = self.rows(values.as_chunks::<2>().0, places);
        match weights {
            Eights::None => {
                for column in columns {
                    products = self.add_to(products, self.wide(column));
                }
            }
            Eights::Alike(weights) => {
                for (column, &weight) in columns.into_iter().zip(weights) {
                    products = self.add_product_to(products, self.splat_wide(weight), self.wide(column));
                }
            }
            Eights::Own(weights) => {
                for (column, weights) in columns.into_iter().zip(self.rows(weights.as_chunks::<2>().0, places)) {
                    let weights = self.wide(weights);
                    products = self.add_product_to(products, weights, self.wide(column));
                    sums_of_weights = self.add_to(sums_of_weights, weights);
                }
            }
        }
        [products, sums_of_weights]
    }
}

/// What rows of eight are multiplied by.
#[derive(Clone, Copy)]
pub enum Eights<'a, T> {
    None,
    /// The weights of one row, twice.
    Alike(&'a [T; 16]),
    /// A weight for each value.
    Own(&'a [T]),
}

/// The bits of four neighbouring pairs.
#[inline(always)]
fn row<T: bytemuck::Pod, R: bytemuck::AnyBitPattern>(pairs: &[[T; 2]], place: usize) -> R {
    // One comparison, where a slice from there on and its beginning are two: a place that is too far on is none.
    let place = place.min(pairs.len() - 4);
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&pairs[place..place + 4]))
}

macro_rules! vector {
    ($set:ty, $float:ty, $vector:ident, $mask:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $ge:ident, $lt:ident, $eq:ident, $and:ident, $or:ident, $not:ident, $first:ident, $select:ident, $rows:path, {$($sums:tt)*}) => {
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
            fn or(self, a: Self::M, b: Self::M) -> Self::M {
                Simd::$or(self, a, b)
            }
            #[inline(always)]
            fn not(self, mask: Self::M) -> Self::M {
                Simd::$not(self, mask)
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
    ($set:ty, $rows_f32:path, $rows_f64:path, $halves:path, $load_halves:path, $across:path, $add_product:path, $lost:path) => {
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
            or_m32s,
            not_m32s,
            first_true_m32s,
            select_f32s,
            $rows_f32,
            {
                // In f64, where products of f32 are exact: fused or not, the sum is rounded once.
                type Wide = [<$set as Simd>::f64s; 2];
                type Sums = [<$set as Simd>::f64s; 2];
                type Sixteen = [Self::Sums; 16 / <$set as Vector<f32>>::LANES];

                #[inline(always)]
                fn no_sixteen(self) -> Self::Sixteen {
                    [<Self as Vector<f32>>::no_sums(self); 16 / <$set as Vector<f32>>::LANES]
                }

                #[inline(always)]
                fn wide(self, values: Self::V) -> Self::Wide {
                    $halves(self, values)
                }
                #[inline(always)]
                fn load_wide(self, from: &[f32]) -> Self::Wide {
                    $load_halves(self, from)
                }
                #[inline(always)]
                fn load_part(self, from: &[f32]) -> Self::Wide {
                    $halves(self, Simd::partial_load_f32s(self, from))
                }
                #[inline(always)]
                fn splat_wide(self, value: f32) -> Self::Wide {
                    [Simd::splat_f64s(self, value.into()); 2]
                }
                #[inline(always)]
                fn splat_two(self, first: f32, second: f32) -> Self::Wide {
                    [Simd::splat_f64s(self, first.into()), Simd::splat_f64s(self, second.into())]
                }
                #[inline(always)]
                fn no_sums(self) -> Self::Sums {
                    [Simd::splat_f64s(self, 0.0); 2]
                }
                #[inline(always)]
                fn add_to(self, sums: Self::Sums, values: Self::Wide) -> Self::Sums {
                    [Simd::add_f64s(self, sums[0], values[0]), Simd::add_f64s(self, sums[1], values[1])]
                }
                #[inline(always)]
                fn add_product_to(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums {
                    [
                        $add_product(self, sums[0], weights[0], values[0]),
                        $add_product(self, sums[1], weights[1], values[1]),
                    ]
                }
                // Sums of f64 can be added across a row in any order: what that rounds differently is far below an f32.
                #[inline(always)]
                fn rows_of_eight(self, values: &[f32], weights: Eights<'_, f32>) -> [Self::Sums; 2] {
                    let lanes = <Self as Vector<f32>>::LANES;
                    let mut products = [<Self as Vector<f32>>::no_sums(self); 8];
                    let mut sums_of_weights = products;
                    for part in 0..8 {
                        let values = <Self as Vector<f32>>::load_wide(self, &values[part * lanes..]);
                        let weights = match weights {
                            Eights::None => {
                                products[part] = values;
                                continue;
                            }
                            Eights::Alike(weights) => {
                                <Self as Vector<f32>>::load_wide(self, &weights[part * lanes % 16..])
                            }
                            Eights::Own(weights) => <Self as Vector<f32>>::load_wide(self, &weights[part * lanes..]),
                        };
                        sums_of_weights[part] = weights;
                        products[part] = <Self as Vector<f32>>::add_product_to(self, products[part], weights, values);
                    }
                    let products = $across(self, products);
                    if let Eights::Own(_) = weights {
                        return [products, $across(self, sums_of_weights)];
                    }
                    [products; 2]
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
            or_m64s,
            not_m64s,
            first_true_m64s,
            select_f64s,
            $rows_f64,
            {
                // With what was lost to rounding beside it, see `accumulate`.
                type Wide = Self::V;
                type Sums = [<$set as Simd>::f64s; 2];
                type Sixteen = [Self::Sums; 16 / <$set as Vector<f64>>::LANES];

                #[inline(always)]
                fn no_sixteen(self) -> Self::Sixteen {
                    [<Self as Vector<f64>>::no_sums(self); 16 / <$set as Vector<f64>>::LANES]
                }

                #[inline(always)]
                fn wide(self, values: Self::V) -> Self::Wide {
                    values
                }
                #[inline(always)]
                fn load_wide(self, from: &[f64]) -> Self::Wide {
                    self.load(from)
                }
                #[inline(always)]
                fn load_part(self, from: &[f64]) -> Self::Wide {
                    Simd::partial_load_f64s(self, from)
                }
                #[inline(always)]
                fn splat_wide(self, value: f64) -> Self::Wide {
                    self.splat(value)
                }
                #[inline(always)]
                fn splat_two(self, first: f64, _: f64) -> Self::Wide {
                    // No f64 vector has sixteen lanes.
                    self.splat(first)
                }
                #[inline(always)]
                fn no_sums(self) -> Self::Sums {
                    [Simd::splat_f64s(self, 0.0); 2]
                }
                #[inline(always)]
                fn add_to(self, [high, low]: Self::Sums, values: Self::Wide) -> Self::Sums {
                    let sum = Simd::add_f64s(self, high, values);
                    let part = Simd::sub_f64s(self, sum, high);
                    let of_sum = Simd::sub_f64s(self, high, Simd::sub_f64s(self, sum, part));
                    let lost = Simd::add_f64s(self, of_sum, Simd::sub_f64s(self, values, part));
                    [sum, Simd::add_f64s(self, low, lost)]
                }
                #[inline(always)]
                fn add_product_to(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums {
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

#[inline(always)]
fn load_halves_of_one(simd: Scalar, from: &[f32]) -> [f64; 2] {
    halves_of_one(simd, from[0])
}

/// The sum of a row of eight, in the order in which vectors have it.
#[inline(always)]
fn across_one(_: Scalar, row: [[f64; 2]; 8]) -> [f64; 2] {
    let [[a, _], [b, _], [c, _], [d, _], [e, _], [f, _], [g, _], [h, _]] = row;
    [((a + e) + (c + g)) + ((b + f) + (d + h)), 0.0]
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

both_floats!(
    Scalar,
    row_of_one,
    row_of_one,
    halves_of_one,
    load_halves_of_one,
    across_one,
    add_product_of_one,
    lost_of_one
);

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The instruction sets with more than one lane: rows of eight numbers into columns, by loads and shuffles.

    use std::arch::x86_64::{__m128, __m256, __m256d, __m512, __m512d};
    use std::marker::PhantomData;

    use pulp::x86::{V3, V4};
    use pulp::{Simd, f32x8, f32x16, f64x4, f64x8};

    use super::{Eights, Kernel, Vector, row};

    /// A kernel over `T`, and the instruction set to run it with.
    pub struct Bound<S, K, T>(S, K, PhantomData<T>);

    impl<S, K, T> Bound<S, K, T> {
        pub fn new(simd: S, kernel: K) -> Self {
            Self(simd, kernel, PhantomData)
        }
    }

    impl<S: Vector<T>, K: Kernel<T>, T> pulp::WithSimd for Bound<S, K, T> {
        type Output = K::Output;

        #[inline(always)]
        fn with_simd<X: Simd>(self, _: X) -> K::Output {
            self.1.run(self.0)
        }
    }

    both_floats!(
        V4,
        f32_by_sixteen,
        f64_by_eight,
        halves_of_sixteen,
        load_halves_of_sixteen,
        across_sixteen,
        add_product,
        lost
    );
    both_floats!(V3, f32_by_eight, f64_by_four, halves_of_eight, load_halves_of_eight, across_eight, add_product, lost);

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
    fn load_halves_of_sixteen(simd: V4, from: &[f32]) -> [f64x8; 2] {
        let halves: [__m256; 2] = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..16]));
        let f = simd.avx512f;
        [bytemuck::cast(f._mm512_cvtps_pd(halves[0])), bytemuck::cast(f._mm512_cvtps_pd(halves[1]))]
    }

    #[inline(always)]
    fn load_halves_of_eight(simd: V3, from: &[f32]) -> [f64x4; 2] {
        let halves: [__m128; 2] = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..8]));
        let f = simd.avx;
        [bytemuck::cast(f._mm256_cvtps_pd(halves[0])), bytemuck::cast(f._mm256_cvtps_pd(halves[1]))]
    }

    /// The sums of four rows of eight, in pairs that are not added yet.
    #[inline(always)]
    fn four_across(simd: V4, a: f64x8, b: f64x8, c: f64x8, d: f64x8) -> f64x8 {
        let f = simd.avx512f;
        let (a, b, c, d) = (bytemuck::cast(a), bytemuck::cast(b), bytemuck::cast(c), bytemuck::cast(d));
        let (ab, ab_upper) = (f._mm512_shuffle_f64x2::<0x44>(a, b), f._mm512_shuffle_f64x2::<0xee>(a, b));
        let (cd, cd_upper) = (f._mm512_shuffle_f64x2::<0x44>(c, d), f._mm512_shuffle_f64x2::<0xee>(c, d));
        let (ab, cd) = (f._mm512_add_pd(ab, ab_upper), f._mm512_add_pd(cd, cd_upper));
        let (lower, upper) = (f._mm512_shuffle_f64x2::<0x88>(ab, cd), f._mm512_shuffle_f64x2::<0xdd>(ab, cd));
        bytemuck::cast(f._mm512_add_pd(lower, upper))
    }

    /// The sums of eight rows, two of them a pair: fourteen shuffles, where turning the rows around takes 24.
    #[inline(always)]
    fn eight_across(simd: V4, rows: &[[f64x8; 2]]) -> f64x8 {
        let f = simd.avx512f;
        let even = bytemuck::cast(four_across(simd, rows[0][0], rows[1][0], rows[2][0], rows[3][0]));
        let odd = bytemuck::cast(four_across(simd, rows[0][1], rows[1][1], rows[2][1], rows[3][1]));
        bytemuck::cast(f._mm512_add_pd(f._mm512_unpacklo_pd(even, odd), f._mm512_unpackhi_pd(even, odd)))
    }

    #[inline(always)]
    fn across_sixteen(simd: V4, rows: [[f64x8; 2]; 8]) -> [f64x8; 2] {
        [eight_across(simd, &rows[..4]), eight_across(simd, &rows[4..])]
    }

    /// The sums of two rows of eight, in pairs that are not added yet.
    #[inline(always)]
    fn two_across(simd: V3, a: [f64x4; 2], b: [f64x4; 2]) -> __m256d {
        let f = simd.avx;
        let a: __m256d = bytemuck::cast(simd.add_f64s(a[0], a[1]));
        let b: __m256d = bytemuck::cast(simd.add_f64s(b[0], b[1]));
        f._mm256_add_pd(f._mm256_permute2f128_pd::<0x20>(a, b), f._mm256_permute2f128_pd::<0x31>(a, b))
    }

    #[inline(always)]
    fn across_eight(simd: V3, rows: [[f64x4; 2]; 8]) -> [f64x4; 2] {
        let f = simd.avx;
        let mut sums = [simd.splat_f64s(0.0); 2];
        for half in 0..2 {
            let rows = &rows[4 * half..];
            let (even, odd) = (two_across(simd, rows[0], rows[2]), two_across(simd, rows[1], rows[3]));
            let sum = f._mm256_add_pd(f._mm256_unpacklo_pd(even, odd), f._mm256_unpackhi_pd(even, odd));
            sums[half] = bytemuck::cast(sum);
        }
        sums
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

/// A float that the processor has vectors of. Not part of the public API.
#[doc(hidden)]
pub trait Vectorize: Sized {
    /// Runs a kernel with the widest vectors that the processor has.
    fn vectorize<K: Kernel<Self>>(kernel: K) -> K::Output;
    /// What a kernel gives with each set of vectors that this processor has.
    #[cfg(test)]
    fn with_every_set<K: Kernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)>;
}

macro_rules! vectorize {
    ($float:ty) => {
        impl Vectorize for $float {
            #[inline(always)]
            fn vectorize<K: Kernel<Self>>(kernel: K) -> K::Output {
                #[cfg(target_arch = "x86_64")]
                {
                    if let Some(simd) = pulp::x86::V4::try_new() {
                        return Simd::vectorize(simd, x86::Bound::<_, _, $float>::new(simd, kernel));
                    }
                    if let Some(simd) = pulp::x86::V3::try_new() {
                        return Simd::vectorize(simd, x86::Bound::<_, _, $float>::new(simd, kernel));
                    }
                }
                kernel.run(Scalar::new())
            }

            #[cfg(test)]
            fn with_every_set<K: Kernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)> {
                let mut results = vec![("one lane", kernel.run(Scalar::new()))];
                #[cfg(target_arch = "x86_64")]
                {
                    if let Some(simd) = pulp::x86::V3::try_new() {
                        results.push(("AVX2", Simd::vectorize(simd, x86::Bound::<_, _, $float>::new(simd, kernel))));
                    }
                    if let Some(simd) = pulp::x86::V4::try_new() {
                        results.push(("AVX-512", Simd::vectorize(simd, x86::Bound::<_, _, $float>::new(simd, kernel))));
                    }
                }
                results
            }
        }
    };
}

vectorize!(f32);
vectorize!(f64);
