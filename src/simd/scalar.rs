//! One lane: the instruction set of processors without a file of their own.

use pulp::Scalar;

use crate::float::accumulator::lost_by_product;
use crate::simd::sums::{InstructionSet, load_four, load_row};

impl InstructionSet for Scalar {
    // Of the second half of each pair nothing is used.
    type SumBlockF32 = [[f64; 2]; 16];
    type SumBlockF64 = [[f64; 2]; 16];

    #[inline(always)]
    fn transposed_f32s(self, pairs: &[[f32; 2]], offsets: &[usize]) -> [f32; 8] {
        load_row(pairs, offsets[0])
    }

    #[inline(always)]
    fn transposed_f64s(self, pairs: &[[f64; 2]], offsets: &[usize]) -> [f64; 8] {
        load_row(pairs, offsets[0])
    }

    #[inline(always)]
    fn transposed4_f32s(self, numbers: &[f32], offsets: &[usize]) -> [f32; 4] {
        load_four(numbers, offsets[0])
    }

    #[inline(always)]
    fn transposed4_f64s(self, numbers: &[f64], offsets: &[usize]) -> [f64; 4] {
        load_four(numbers, offsets[0])
    }

    #[inline(always)]
    fn widen_f32s(self, value: f32) -> [f64; 2] {
        [value.into(), 0.0]
    }

    #[inline(always)]
    fn load_widened_f32s(self, from: &[f32]) -> [f64; 2] {
        self.widen_f32s(from[0])
    }

    #[inline(always)]
    fn horizontal_add8(self, row: [[f64; 2]; 8]) -> [f64; 2] {
        let [[a, _], [b, _], [c, _], [d, _], [e, _], [f, _], [g, _], [h, _]] = row;
        [((a + e) + (c + g)) + ((b + f) + (d + h)), 0.0]
    }

    // Not fused: without an instruction for it, a fused multiply-add is a call.
    #[inline(always)]
    fn add_exact_products(self, sum: f64, weight: f64, value: f64) -> f64 {
        sum + weight * value
    }

    #[inline(always)]
    fn product_errors(self, weight: f64, value: f64, product: f64) -> f64 {
        lost_by_product(weight, value, product)
    }
}
