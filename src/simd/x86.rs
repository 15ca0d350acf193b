//! AVX-512 and AVX2: transposes, horizontal additions and conversions by their shuffles.

use std::arch::x86_64::{__m128, __m256, __m256d, __m512, __m512d};

use pulp::x86::{V3, V4};
use pulp::{Simd, f32x8, f32x16, f64x4, f64x8};

use crate::simd::sums::{InstructionSet, load_four, load_row};

impl InstructionSet for V4 {
    type SumBlockF32 = [[f64x8; 2]; 1];
    type SumBlockF64 = [[f64x8; 2]; 2];

    #[inline(always)]
    fn transposed_f32s(self, pairs: &[[f32; 2]], offsets: &[usize]) -> [f32x16; 8] {
        let offsets = first_offsets(offsets);
        let [a0, a1, a2, a3] = load_eight_rows(self, pairs, offsets, 0);
        let [b0, b1, b2, b3] = load_eight_rows(self, pairs, offsets, 8);
        let f = self.avx512f;
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

    #[inline(always)]
    fn transposed_f64s(self, pairs: &[[f64; 2]], offsets: &[usize]) -> [f64x8; 8] {
        let p: &[usize; 8] = first_offsets(offsets);
        let f = self.avx512f;
        let (r0, r1, r2, r3) =
            (load_row(pairs, p[0]), load_row(pairs, p[1]), load_row(pairs, p[2]), load_row(pairs, p[3]));
        let (r4, r5, r6, r7) =
            (load_row(pairs, p[4]), load_row(pairs, p[5]), load_row(pairs, p[6]), load_row(pairs, p[7]));
        let (even01, odd01) = (f._mm512_unpacklo_pd(r0, r1), f._mm512_unpackhi_pd(r0, r1));
        let (even23, odd23) = (f._mm512_unpacklo_pd(r2, r3), f._mm512_unpackhi_pd(r2, r3));
        let (even45, odd45) = (f._mm512_unpacklo_pd(r4, r5), f._mm512_unpackhi_pd(r4, r5));
        let (even67, odd67) = (f._mm512_unpacklo_pd(r6, r7), f._mm512_unpackhi_pd(r6, r7));
        let [c0, c2, c4, c6] = columns_of_eight(self, even01, even23, even45, even67);
        let [c1, c3, c5, c7] = columns_of_eight(self, odd01, odd23, odd45, odd67);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    #[inline(always)]
    fn transposed4_f32s(self, numbers: &[f32], offsets: &[usize]) -> [f32x16; 4] {
        let offsets: &[usize; 16] = first_offsets(offsets);
        let f = self.avx512f;
        let (a, b) = (four_rows(self, numbers, offsets, 0), four_rows(self, numbers, offsets, 1));
        let (c, d) = (four_rows(self, numbers, offsets, 2), four_rows(self, numbers, offsets, 3));
        let (ab0, ab1) = (f._mm512_unpacklo_ps(a, b), f._mm512_unpackhi_ps(a, b));
        let (cd0, cd1) = (f._mm512_unpacklo_ps(c, d), f._mm512_unpackhi_ps(c, d));
        [
            bytemuck::cast(f._mm512_shuffle_ps::<0x44>(ab0, cd0)),
            bytemuck::cast(f._mm512_shuffle_ps::<0xee>(ab0, cd0)),
            bytemuck::cast(f._mm512_shuffle_ps::<0x44>(ab1, cd1)),
            bytemuck::cast(f._mm512_shuffle_ps::<0xee>(ab1, cd1)),
        ]
    }

    #[inline(always)]
    fn transposed4_f64s(self, numbers: &[f64], offsets: &[usize]) -> [f64x8; 4] {
        let p: &[usize; 8] = first_offsets(offsets);
        let f = self.avx512f;
        let (a, b) = (two_rows(self, numbers, p[0], p[2]), two_rows(self, numbers, p[1], p[3]));
        let (c, d) = (two_rows(self, numbers, p[4], p[6]), two_rows(self, numbers, p[5], p[7]));
        let (ab0, ab1) = (f._mm512_unpacklo_pd(a, b), f._mm512_unpackhi_pd(a, b));
        let (cd0, cd1) = (f._mm512_unpacklo_pd(c, d), f._mm512_unpackhi_pd(c, d));
        [
            bytemuck::cast(f._mm512_shuffle_f64x2::<0x88>(ab0, cd0)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0x88>(ab1, cd1)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0xdd>(ab0, cd0)),
            bytemuck::cast(f._mm512_shuffle_f64x2::<0xdd>(ab1, cd1)),
        ]
    }

    #[inline(always)]
    fn widen_f32s(self, values: f32x16) -> [f64x8; 2] {
        let (f, values) = (self.avx512f, bytemuck::cast(values));
        let high = self.avx512dq._mm512_extractf32x8_ps::<1>(values);
        [bytemuck::cast(f._mm512_cvtps_pd(f._mm512_castps512_ps256(values))), bytemuck::cast(f._mm512_cvtps_pd(high))]
    }

    #[inline(always)]
    fn load_widened_f32s(self, from: &[f32]) -> [f64x8; 2] {
        let halves: [__m256; 2] = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..16]));
        let f = self.avx512f;
        [bytemuck::cast(f._mm512_cvtps_pd(halves[0])), bytemuck::cast(f._mm512_cvtps_pd(halves[1]))]
    }

    #[inline(always)]
    fn horizontal_add8(self, rows: [[f64x8; 2]; 8]) -> [f64x8; 2] {
        [horizontal_add8_of_eight(self, &rows[..4]), horizontal_add8_of_eight(self, &rows[4..])]
    }

    #[inline(always)]
    fn add_exact_products(self, sums: f64x8, weights: f64x8, values: f64x8) -> f64x8 {
        self.mul_add_f64s(weights, values, sums)
    }

    #[inline(always)]
    fn product_errors(self, weights: f64x8, values: f64x8, products: f64x8) -> f64x8 {
        self.mul_add_f64s(weights, values, self.neg_f64s(products))
    }
}

/// Horizontal sums of four rows of eight, but for the last addition of each pair of lanes.
#[inline(always)]
fn horizontal_add8_of_four(simd: V4, a: f64x8, b: f64x8, c: f64x8, d: f64x8) -> f64x8 {
    let f = simd.avx512f;
    let (a, b, c, d) = (bytemuck::cast(a), bytemuck::cast(b), bytemuck::cast(c), bytemuck::cast(d));
    let (ab, ab_upper) = (f._mm512_shuffle_f64x2::<0x44>(a, b), f._mm512_shuffle_f64x2::<0xee>(a, b));
    let (cd, cd_upper) = (f._mm512_shuffle_f64x2::<0x44>(c, d), f._mm512_shuffle_f64x2::<0xee>(c, d));
    let (ab, cd) = (f._mm512_add_pd(ab, ab_upper), f._mm512_add_pd(cd, cd_upper));
    let (lower, upper) = (f._mm512_shuffle_f64x2::<0x88>(ab, cd), f._mm512_shuffle_f64x2::<0xdd>(ab, cd));
    bytemuck::cast(f._mm512_add_pd(lower, upper))
}

/// Horizontal sums of eight rows in four pairs: fourteen shuffles, where a transpose takes 24.
#[inline(always)]
fn horizontal_add8_of_eight(simd: V4, rows: &[[f64x8; 2]]) -> f64x8 {
    let f = simd.avx512f;
    let even = bytemuck::cast(horizontal_add8_of_four(simd, rows[0][0], rows[1][0], rows[2][0], rows[3][0]));
    let odd = bytemuck::cast(horizontal_add8_of_four(simd, rows[0][1], rows[1][1], rows[2][1], rows[3][1]));
    bytemuck::cast(f._mm512_add_pd(f._mm512_unpacklo_pd(even, odd), f._mm512_unpackhi_pd(even, odd)))
}

/// One row in each half of a vector.
#[inline(always)]
fn load_two_rows(simd: V4, pairs: &[[f32; 2]], low: usize, high: usize) -> __m512 {
    let low = simd.avx512f._mm512_castps256_ps512(load_row(pairs, low));
    simd.avx512dq._mm512_insertf32x8::<1>(low, load_row(pairs, high))
}

/// Four columns of eight rows, and the next four in the odd 128-bit lanes: columns `n` and `n + 4` of four rows in the
/// lower half, of the next four in the upper half.
#[inline(always)]
fn load_eight_rows(simd: V4, pairs: &[[f32; 2]], offsets: &[usize; 16], first: usize) -> [__m512; 4] {
    let f = simd.avx512f;
    let a = load_two_rows(simd, pairs, offsets[first], offsets[first + 4]);
    let b = load_two_rows(simd, pairs, offsets[first + 1], offsets[first + 5]);
    let c = load_two_rows(simd, pairs, offsets[first + 2], offsets[first + 6]);
    let d = load_two_rows(simd, pairs, offsets[first + 3], offsets[first + 7]);
    let (ab0, ab1) = (f._mm512_unpacklo_ps(a, b), f._mm512_unpackhi_ps(a, b));
    let (cd0, cd1) = (f._mm512_unpacklo_ps(c, d), f._mm512_unpackhi_ps(c, d));
    [
        f._mm512_shuffle_ps::<0x44>(ab0, cd0),
        f._mm512_shuffle_ps::<0xee>(ab0, cd0),
        f._mm512_shuffle_ps::<0x44>(ab1, cd1),
        f._mm512_shuffle_ps::<0xee>(ab1, cd1),
    ]
}

/// The columns of eight rows of which the pairs of rows 0 1, 2 3, 4 5 and 6 7 are interleaved already.
#[inline(always)]
fn columns_of_eight(simd: V4, a: __m512d, b: __m512d, c: __m512d, d: __m512d) -> [f64x8; 4] {
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

impl InstructionSet for V3 {
    type SumBlockF32 = [[f64x4; 2]; 2];
    type SumBlockF64 = [[f64x4; 2]; 4];

    #[inline(always)]
    fn transposed_f32s(self, pairs: &[[f32; 2]], offsets: &[usize]) -> [f32x8; 8] {
        let offsets = first_offsets(offsets);
        let [c0, c1, c2, c3] = load_four_columns(self, pairs, offsets, 0);
        let [c4, c5, c6, c7] = load_four_columns(self, pairs, offsets, 1);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    #[inline(always)]
    fn transposed_f64s(self, pairs: &[[f64; 2]], offsets: &[usize]) -> [f64x4; 8] {
        let p: &[usize; 4] = first_offsets(offsets);
        let (a, b): ([__m256d; 2], [__m256d; 2]) = (load_row(pairs, p[0]), load_row(pairs, p[1]));
        let (c, d): ([__m256d; 2], [__m256d; 2]) = (load_row(pairs, p[2]), load_row(pairs, p[3]));
        let [c0, c1, c2, c3] = transpose4(self, a[0], b[0], c[0], d[0]);
        let [c4, c5, c6, c7] = transpose4(self, a[1], b[1], c[1], d[1]);
        [c0, c1, c2, c3, c4, c5, c6, c7]
    }

    #[inline(always)]
    fn transposed4_f32s(self, numbers: &[f32], offsets: &[usize]) -> [f32x8; 4] {
        let p: &[usize; 8] = first_offsets(offsets);
        let f = self.avx;
        let (a, b) = (join_rows(self, numbers, p[0], p[4]), join_rows(self, numbers, p[1], p[5]));
        let (c, d) = (join_rows(self, numbers, p[2], p[6]), join_rows(self, numbers, p[3], p[7]));
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
    fn transposed4_f64s(self, numbers: &[f64], offsets: &[usize]) -> [f64x4; 4] {
        let p: &[usize; 4] = first_offsets(offsets);
        let row =
            [load_four(numbers, p[0]), load_four(numbers, p[1]), load_four(numbers, p[2]), load_four(numbers, p[3])];
        transpose4(self, row[0], row[1], row[2], row[3])
    }

    #[inline(always)]
    fn widen_f32s(self, values: f32x8) -> [f64x4; 2] {
        let (f, values) = (self.avx, bytemuck::cast(values));
        [
            bytemuck::cast(f._mm256_cvtps_pd(f._mm256_castps256_ps128(values))),
            bytemuck::cast(f._mm256_cvtps_pd(f._mm256_extractf128_ps::<1>(values))),
        ]
    }

    #[inline(always)]
    fn load_widened_f32s(self, from: &[f32]) -> [f64x4; 2] {
        let halves: [__m128; 2] = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&from[..8]));
        let f = self.avx;
        [bytemuck::cast(f._mm256_cvtps_pd(halves[0])), bytemuck::cast(f._mm256_cvtps_pd(halves[1]))]
    }

    #[inline(always)]
    fn horizontal_add8(self, rows: [[f64x4; 2]; 8]) -> [f64x4; 2] {
        let f = self.avx;
        let mut sums = [self.splat_f64s(0.0); 2];
        for half in 0..2 {
            let rows = &rows[4 * half..];
            let (even, odd) =
                (horizontal_add8_of_two(self, rows[0], rows[2]), horizontal_add8_of_two(self, rows[1], rows[3]));
            let sum = f._mm256_add_pd(f._mm256_unpacklo_pd(even, odd), f._mm256_unpackhi_pd(even, odd));
            sums[half] = bytemuck::cast(sum);
        }
        sums
    }

    #[inline(always)]
    fn add_exact_products(self, sums: f64x4, weights: f64x4, values: f64x4) -> f64x4 {
        self.mul_add_f64s(weights, values, sums)
    }

    #[inline(always)]
    fn product_errors(self, weights: f64x4, values: f64x4, products: f64x4) -> f64x4 {
        self.mul_add_f64s(weights, values, self.neg_f64s(products))
    }
}

/// Horizontal sums of two rows of eight, but for the last addition of each pair of lanes.
#[inline(always)]
fn horizontal_add8_of_two(simd: V3, a: [f64x4; 2], b: [f64x4; 2]) -> __m256d {
    let f = simd.avx;
    let a: __m256d = bytemuck::cast(simd.add_f64s(a[0], a[1]));
    let b: __m256d = bytemuck::cast(simd.add_f64s(b[0], b[1]));
    f._mm256_add_pd(f._mm256_permute2f128_pd::<0x20>(a, b), f._mm256_permute2f128_pd::<0x31>(a, b))
}

/// Rows n, n + 4, n + 8 and n + 12 of four numbers, one in each 128-bit lane.
#[inline(always)]
fn four_rows(simd: V4, numbers: &[f32], offsets: &[usize; 16], n: usize) -> __m512 {
    let f = simd.avx512f;
    let rows = f._mm512_castps128_ps512(load_four(numbers, offsets[n]));
    let rows = f._mm512_insertf32x4::<1>(rows, load_four(numbers, offsets[n + 4]));
    let rows = f._mm512_insertf32x4::<2>(rows, load_four(numbers, offsets[n + 8]));
    f._mm512_insertf32x4::<3>(rows, load_four(numbers, offsets[n + 12]))
}

/// Four numbers in each half of a vector.
#[inline(always)]
fn two_rows(simd: V4, numbers: &[f64], low: usize, high: usize) -> __m512d {
    let low = simd.avx512f._mm512_castpd256_pd512(load_four(numbers, low));
    simd.avx512f._mm512_insertf64x4::<1>(low, load_four(numbers, high))
}

/// Four numbers in each half of a vector.
#[inline(always)]
fn join_rows(simd: V3, numbers: &[f32], low: usize, high: usize) -> __m256 {
    let low = simd.avx._mm256_castps128_ps256(load_four(numbers, low));
    simd.avx._mm256_insertf128_ps::<1>(low, load_four(numbers, high))
}

/// Columns 0 to 3 or 4 to 7 of two rows, one row in each half of a vector.
#[inline(always)]
fn join_half_rows(simd: V3, low: [__m128; 2], high: [__m128; 2], half: usize) -> __m256 {
    let low = simd.avx._mm256_castps128_ps256(low[half]);
    simd.avx._mm256_insertf128_ps::<1>(low, high[half])
}

#[inline(always)]
fn load_four_columns(simd: V3, pairs: &[[f32; 2]], offsets: &[usize; 8], half: usize) -> [f32x8; 4] {
    let f = simd.avx;
    let a = join_half_rows(simd, load_row(pairs, offsets[0]), load_row(pairs, offsets[4]), half);
    let b = join_half_rows(simd, load_row(pairs, offsets[1]), load_row(pairs, offsets[5]), half);
    let c = join_half_rows(simd, load_row(pairs, offsets[2]), load_row(pairs, offsets[6]), half);
    let d = join_half_rows(simd, load_row(pairs, offsets[3]), load_row(pairs, offsets[7]), half);
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
fn transpose4(simd: V3, a: __m256d, b: __m256d, c: __m256d, d: __m256d) -> [f64x4; 4] {
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
fn first_offsets<const N: usize>(offsets: &[usize]) -> &[usize; N] {
    offsets.first_chunk().expect("an offset for each lane")
}
