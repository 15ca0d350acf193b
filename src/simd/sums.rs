//! [`Vector`] for every instruction set: arithmetic is pulp's, sums are kept in twice the precision of their values.
//!
//! Sums of f32 are vectors of f64, two for each vector of values. Sums of f64 are a vector of rounded values and one of
//! their rounding errors, see [`accumulator`](crate::float::accumulator).

use pulp::Simd;

use crate::simd::{Vector, Weights8};

/// What [`Vector`] needs of an instruction set beyond pulp's arithmetic.
///
/// Vectors of f64 come in pairs here: a pair has as many lanes as a vector of f32.
pub trait InstructionSet: Simd {
    /// Sixteen sums of f32: `[[f64s; 2]; 16 / lanes]`.
    type SumBlockF32: Repeat<[Self::f64s; 2]>;
    /// Sixteen sums of f64.
    type SumBlockF64: Repeat<[Self::f64s; 2]>;
    /// [`Vector::load_transposed`] of f32.
    fn transposed_f32s(self, pairs: &[[f32; 2]], offsets: &[usize]) -> [Self::f32s; 8];
    /// [`Vector::load_transposed`] of f64.
    fn transposed_f64s(self, pairs: &[[f64; 2]], offsets: &[usize]) -> [Self::f64s; 8];
    /// [`Vector::load_transposed4`] of f32.
    fn transposed4_f32s(self, numbers: &[f32], offsets: &[usize]) -> [Self::f32s; 4];
    /// [`Vector::load_transposed4`] of f64.
    fn transposed4_f64s(self, numbers: &[f64], offsets: &[usize]) -> [Self::f64s; 4];
    /// Splits a vector into halves and widens them.
    fn widen_f32s(self, values: Self::f32s) -> [Self::f64s; 2];
    /// The same, straight from memory.
    fn load_widened_f32s(self, from: &[f32]) -> [Self::f64s; 2];
    /// The sums of as many consecutive rows of eight as a pair has lanes. Every instruction set adds in this order:
    /// `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`.
    fn horizontal_add8(self, rows: [[Self::f64s; 2]; 8]) -> [Self::f64s; 2];
    /// `sums + weights * values` of products that are exact in f64, so that it rounds once, fused or not.
    fn add_exact_products(self, sums: Self::f64s, weights: Self::f64s, values: Self::f64s) -> Self::f64s;
    /// The rounding errors of products.
    fn product_errors(self, weights: Self::f64s, values: Self::f64s, products: Self::f64s) -> Self::f64s;
}

/// An array that can be filled with one value, whatever its length.
pub trait Repeat<T>: Copy + AsRef<[T]> + AsMut<[T]> {
    fn repeat(value: T) -> Self;
}

impl<T: Copy, const N: usize> Repeat<T> for [T; N] {
    #[inline(always)]
    fn repeat(value: T) -> Self {
        [value; N]
    }
}

/// Loads four consecutive pairs, bit for bit.
#[inline(always)]
pub fn load_row<T: bytemuck::Pod, R: bytemuck::AnyBitPattern>(pairs: &[[T; 2]], offset: usize) -> R {
    // Clamped, which is a comparison and a select, where slicing takes bounds checks. No caller has an offset beyond.
    // That there are four is checked once for all lanes, and saves checking it for each.
    let last = pairs.len().checked_sub(4).expect("four pairs at least");
    let offset = offset.min(last);
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&pairs[offset..offset + 4]))
}

/// Loads four consecutive numbers, bit for bit.
#[inline(always)]
pub fn load_four<T: bytemuck::Pod, R: bytemuck::AnyBitPattern>(numbers: &[T], offset: usize) -> R {
    let last = numbers.len().checked_sub(4).expect("four numbers at least");
    let offset = offset.min(last);
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&numbers[offset..offset + 4]))
}

/// Methods that are one of pulp's under another name.
macro_rules! delegate {
    ($($name:ident($($arg:ident: $type:ident),+) -> $result:ident = $pulp:ident;)+) => {
        $(
            #[inline(always)]
            fn $name(self, $($arg: Self::$type),+) -> Self::$result {
                Simd::$pulp(self, $($arg),+)
            }
        )+
    };
}

/// The operations that differ between f32 and f64 in the names of pulp's methods alone.
macro_rules! lanes {
    ($float:ty, $vector:ident, $mask:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $ge:ident,
     $lt:ident, $eq:ident, $and:ident, $or:ident, $not:ident, $first:ident, $select:ident, $transposed:ident,
     $transposed4:ident) => {
        type V = S::$vector;
        type M = S::$mask;
        const LANES: usize = size_of::<Self::V>() / size_of::<$float>();
        const REGISTERS: usize = S::REGISTER_COUNT;

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

        delegate! {
            add(a: V, b: V) -> V = $add;
            sub(a: V, b: V) -> V = $sub;
            mul(a: V, b: V) -> V = $mul;
            div(a: V, b: V) -> V = $div;
            ge(a: V, b: V) -> M = $ge;
            lt(a: V, b: V) -> M = $lt;
            eq(a: V, b: V) -> M = $eq;
            and(a: M, b: M) -> M = $and;
            or(a: M, b: M) -> M = $or;
            not(mask: M) -> M = $not;
            select(mask: M, a: V, b: V) -> V = $select;
        }

        #[inline(always)]
        fn all(self, mask: Self::M) -> bool {
            Simd::$first(self, Simd::$not(self, mask)) >= <Self as Vector<$float>>::LANES
        }

        #[inline(always)]
        fn load_transposed(self, pairs: &[[$float; 2]], offsets: &[usize]) -> [Self::V; 8] {
            self.$transposed(pairs, offsets)
        }

        #[inline(always)]
        fn load_transposed4(self, numbers: &[$float], offsets: &[usize]) -> [Self::V; 4] {
            self.$transposed4(numbers, offsets)
        }
    };
}

impl<S: InstructionSet> Vector<f32> for S {
    lanes!(
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
        transposed_f32s,
        transposed4_f32s
    );

    type Wide = [S::f64s; 2];
    type Sums = [S::f64s; 2];
    type SumBlock = S::SumBlockF32;

    #[inline(always)]
    fn load_wide(self, from: &[f32]) -> Self::Wide {
        self.load_widened_f32s(from)
    }

    #[inline(always)]
    fn load_wide_partial(self, from: &[f32]) -> Self::Wide {
        self.widen_f32s(self.partial_load_f32s(from))
    }

    #[inline(always)]
    fn splat_wide(self, value: f32) -> Self::Wide {
        [self.splat_f64s(value.into()); 2]
    }

    #[inline(always)]
    fn splat_wide_halves(self, lower: f32, upper: f32) -> Self::Wide {
        [self.splat_f64s(lower.into()), self.splat_f64s(upper.into())]
    }

    #[inline(always)]
    fn zero_sums(self) -> Self::Sums {
        [self.splat_f64s(0.0); 2]
    }

    #[inline(always)]
    fn zero_block(self) -> Self::SumBlock {
        Repeat::repeat([self.splat_f64s(0.0); 2])
    }

    #[inline(always)]
    fn accumulate(self, sums: Self::Sums, values: Self::Wide) -> Self::Sums {
        [self.add_f64s(sums[0], values[0]), self.add_f64s(sums[1], values[1])]
    }

    #[inline(always)]
    fn accumulate_product(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums {
        [
            self.add_exact_products(sums[0], weights[0], values[0]),
            self.add_exact_products(sums[1], weights[1], values[1]),
        ]
    }

    #[inline(always)]
    fn load_sums(self, high: &[f64], _: &[f64]) -> Self::Sums {
        if size_of::<[S::f64s; 2]>() == 8 * <Self as Vector<f32>>::LANES {
            return bytemuck::pod_read_unaligned(bytemuck::cast_slice(&high[..<Self as Vector<f32>>::LANES]));
        }
        // One lane: the other half is unused.
        let mut sums = <Self as Vector<f32>>::zero_sums(self);
        bytemuck::cast_slice_mut::<_, f64>(&mut sums)[0] = high[0];
        sums
    }

    #[inline(always)]
    fn store_sums(self, sums: Self::Sums, high: &mut [f64], _: &mut [f64]) {
        let sums = bytemuck::cast_slice::<_, f64>(&sums);
        high[..<Self as Vector<f32>>::LANES].copy_from_slice(&sums[..<Self as Vector<f32>>::LANES]);
    }

    // Loaded as they lie and added horizontally, in whichever order that is fastest: reordering f64 sums of f32 changes
    // them far below the precision of an f32.
    #[inline(always)]
    fn sum_rows8(self, values: &[f32], weights: Weights8<'_, f32>) -> [Self::Sums; 2] {
        let lanes = <Self as Vector<f32>>::LANES;
        let mut products = [<Self as Vector<f32>>::zero_sums(self); 8];
        let mut sums_of_weights = products;
        for part in 0..8 {
            let values = self.load_widened_f32s(&values[part * lanes..]);
            let weights = match weights {
                Weights8::None => {
                    products[part] = values;
                    continue;
                }
                Weights8::Shared(weights) => self.load_widened_f32s(&weights[part * lanes % 16..]),
                Weights8::PerElement(weights) => self.load_widened_f32s(&weights[part * lanes..]),
            };
            sums_of_weights[part] = weights;
            products[part] = <Self as Vector<f32>>::accumulate_product(self, products[part], weights, values);
        }
        let products = self.horizontal_add8(products);
        if let Weights8::PerElement(_) = weights {
            return [products, self.horizontal_add8(sums_of_weights)];
        }
        [products; 2]
    }
}

impl<S: InstructionSet> Vector<f64> for S {
    lanes!(
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
        transposed_f64s,
        transposed4_f64s
    );

    type Wide = S::f64s;
    /// The rounded sums, and their rounding errors.
    type Sums = [S::f64s; 2];
    type SumBlock = S::SumBlockF64;

    #[inline(always)]
    fn load_wide(self, from: &[f64]) -> Self::Wide {
        <Self as Vector<f64>>::load(self, from)
    }

    #[inline(always)]
    fn load_wide_partial(self, from: &[f64]) -> Self::Wide {
        self.partial_load_f64s(from)
    }

    #[inline(always)]
    fn splat_wide(self, value: f64) -> Self::Wide {
        self.splat_f64s(value)
    }

    #[inline(always)]
    fn splat_wide_halves(self, lower: f64, _: f64) -> Self::Wide {
        // No vector of f64 has sixteen lanes.
        self.splat_f64s(lower)
    }

    #[inline(always)]
    fn zero_sums(self) -> Self::Sums {
        [self.splat_f64s(0.0); 2]
    }

    #[inline(always)]
    fn zero_block(self) -> Self::SumBlock {
        Repeat::repeat([self.splat_f64s(0.0); 2])
    }

    // Knuth's two-sum, as in `Compensated`.
    #[inline(always)]
    fn accumulate(self, [high, low]: Self::Sums, values: Self::Wide) -> Self::Sums {
        let sum = self.add_f64s(high, values);
        let part = self.sub_f64s(sum, high);
        let of_sum = self.sub_f64s(high, self.sub_f64s(sum, part));
        let error = self.add_f64s(of_sum, self.sub_f64s(values, part));
        [sum, self.add_f64s(low, error)]
    }

    #[inline(always)]
    fn accumulate_product(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums {
        let products = self.mul_f64s(weights, values);
        let [high, low] = <Self as Vector<f64>>::accumulate(self, sums, products);
        [high, self.add_f64s(low, self.product_errors(weights, values, products))]
    }

    #[inline(always)]
    fn load_sums(self, high: &[f64], low: &[f64]) -> Self::Sums {
        [<Self as Vector<f64>>::load(self, high), <Self as Vector<f64>>::load(self, low)]
    }

    #[inline(always)]
    fn store_sums(self, sums: Self::Sums, high: &mut [f64], low: &mut [f64]) {
        <Self as Vector<f64>>::store(self, high, sums[0]);
        <Self as Vector<f64>>::store(self, low, sums[1]);
    }

    // Transposed, so that each row is a lane and is added in its own order.
    #[inline(always)]
    fn sum_rows8(self, values: &[f64], weights: Weights8<'_, f64>) -> [Self::Sums; 2] {
        let mut offsets = [0; 16];
        for (lane, offset) in offsets.iter_mut().enumerate() {
            *offset = 4 * lane;
        }
        let offsets = &offsets[..<Self as Vector<f64>>::LANES];
        let mut products = <Self as Vector<f64>>::zero_sums(self);
        let mut sums_of_weights = products;
        let columns = self.transposed_f64s(values.as_chunks::<2>().0, offsets);
        match weights {
            Weights8::None => {
                for column in columns {
                    products = <Self as Vector<f64>>::accumulate(self, products, column);
                }
            }
            Weights8::Shared(weights) => {
                for (column, &weight) in columns.into_iter().zip(weights) {
                    let weights = self.splat_f64s(weight);
                    products = <Self as Vector<f64>>::accumulate_product(self, products, weights, column);
                }
            }
            Weights8::PerElement(weights) => {
                let weights = self.transposed_f64s(weights.as_chunks::<2>().0, offsets);
                for (column, weights) in columns.into_iter().zip(weights) {
                    products = <Self as Vector<f64>>::accumulate_product(self, products, weights, column);
                    sums_of_weights = <Self as Vector<f64>>::accumulate(self, sums_of_weights, weights);
                }
            }
        }
        [products, sums_of_weights]
    }
}
