//! Accumulators of the CPU engine, as exact as if sums were computed in twice the precision and rounded once: f64 for
//! f32, and for f64 a pair of f64, the sum and its rounding errors (Knuth's two-sum).

use bytemuck::{Pod, Zeroable};

/// A running sum. Its memory is one f64 or several; zeros are a sum of nothing.
pub trait Accumulate<T>: Copy + Default + Pod + Send + Sync {
    /// Adds a value.
    fn add(&mut self, value: T);
    /// Adds a product.
    fn add_product(&mut self, weight: T, value: T);
    /// Adds another running sum.
    fn merge(&mut self, other: Self);
    /// The rounded sum.
    fn round(self) -> T;
    /// The rounded quotient of two sums.
    fn ratio(self, divisor: Self) -> T;
    /// A count as a sum.
    fn from_count(count: usize) -> Self;
    /// Whether the sum is zero. NaN is not.
    fn is_zero(self) -> bool;
    /// A sum and its rounding errors, for an accumulator that keeps them.
    fn from_parts(high: f64, low: f64) -> Self;
    /// Adds `value * (a - b)`, both exact, scaled by a power of two; nothing if `a` and `b` are equal, whatever the
    /// value.
    fn add_times_difference(&mut self, value: T, a: T, b: T, scale: T);
    /// Divides by `(a - b)`, scaled.
    fn divide_by_difference(self, a: T, b: T, scale: T) -> Self;
    /// A power of two that brings a positive width to about 1, so that products with it neither overflow nor vanish.
    fn scale_of(width: T) -> T;
    /// The same the other way round.
    fn into_parts(self) -> (f64, f64);
}

/// A sum of f32 in f64.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(transparent)]
pub struct Wide(f64);

impl Accumulate<f32> for Wide {
    #[inline(always)]
    fn add(&mut self, value: f32) {
        self.0 += f64::from(value);
    }

    #[inline(always)]
    fn add_product(&mut self, weight: f32, value: f32) {
        self.0 += f64::from(weight) * f64::from(value);
    }

    #[inline(always)]
    fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    #[inline(always)]
    fn round(self) -> f32 {
        self.0 as f32
    }

    #[inline(always)]
    fn ratio(self, divisor: Self) -> f32 {
        (self.0 / divisor.0) as f32
    }

    fn from_count(count: usize) -> Self {
        Self(count as f64)
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    #[inline(always)]
    fn from_parts(high: f64, _: f64) -> Self {
        Self(high)
    }

    #[inline(always)]
    fn into_parts(self) -> (f64, f64) {
        (self.0, 0.0)
    }

    #[inline(always)]
    fn add_times_difference(&mut self, value: f32, a: f32, b: f32, _: f32) {
        let product = f64::from(value) * (f64::from(a) - f64::from(b));
        self.0 += if a == b { 0.0 } else { product };
    }

    #[inline(always)]
    fn divide_by_difference(self, a: f32, b: f32, _: f32) -> Self {
        Self(self.0 / (f64::from(a) - f64::from(b)))
    }

    #[inline(always)]
    fn scale_of(_: f32) -> f32 {
        // An f64 has the range of products of f32.
        1.0
    }
}

/// A sum of f64 and its rounding errors.
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
#[repr(C)]
pub struct Compensated {
    high: f64,
    low: f64,
}

impl Accumulate<f64> for Compensated {
    #[inline(always)]
    fn add(&mut self, value: f64) {
        // D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
        let sum = self.high + value;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (value - part);
        self.high = sum;
    }

    #[inline(always)]
    fn add_product(&mut self, weight: f64, value: f64) {
        let product = weight * value;
        self.add(product);
        self.low += lost_by_product(weight, value, product);
    }

    #[inline(always)]
    fn merge(&mut self, other: Self) {
        self.add(other.high);
        self.low += other.low;
    }

    #[inline(always)]
    fn round(self) -> f64 {
        // The rounding errors of an infinite sum are NaN.
        if self.high.is_finite() { self.high + self.low } else { self.high }
    }

    #[inline(always)]
    fn ratio(self, divisor: Self) -> f64 {
        let (quotient, rest) = self.divide(divisor);
        // A select, not a branch, so that quotients can be vectorized.
        rest.map_or(quotient, |rest| quotient + rest)
    }

    fn from_count(count: usize) -> Self {
        Self { high: count as f64, low: 0.0 }
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.round() == 0.0
    }

    #[inline(always)]
    fn from_parts(high: f64, low: f64) -> Self {
        Self { high, low }
    }

    #[inline(always)]
    fn into_parts(self) -> (f64, f64) {
        (self.high, self.low)
    }

    #[inline(always)]
    fn add_times_difference(&mut self, value: f64, a: f64, b: f64, scale: f64) {
        let Self { high, low } = Self::difference(a, b, scale);
        if a == b {
            return;
        }
        self.add_product(value, high);
        self.low += value * low;
    }

    #[inline(always)]
    fn divide_by_difference(self, a: f64, b: f64, scale: f64) -> Self {
        let (high, low) = self.divide(Self::difference(a, b, scale));
        Self { high, low: low.unwrap_or_default() }
    }

    #[inline(always)]
    fn scale_of(width: f64) -> f64 {
        let exponent = (width.to_bits() >> 52) & 0x7ff;
        f64::from_bits(2045_u64.saturating_sub(exponent).max(1) << 52)
    }
}

impl Compensated {
    /// `(a - b) * scale` with what it loses.
    #[inline(always)]
    fn difference(a: f64, b: f64, scale: f64) -> Self {
        let high = a - b;
        let part = high - a;
        let low = (a - (high - part)) - (b + part);
        Self { high: high * scale, low: low * scale }
    }

    /// The quotient and, where everything is finite, what it lacks.
    #[inline(always)]
    fn divide(self, divisor: Self) -> (f64, Option<f64>) {
        let (numerator, denominator) = (self.round(), divisor.round());
        let quotient = numerator / denominator;
        let product = quotient * denominator;
        let lost = lost_by_product(quotient, denominator, product);
        let is_usual = numerator.is_finite() & product.is_finite() & lost.is_finite();
        // One step of long division: the remainder, with what both sums hold beyond their rounded values.
        let kept = (self.high - numerator) + self.low;
        let divisor_kept = (divisor.high - denominator) + divisor.low;
        let rest = ((numerator - product) - lost) + (kept - quotient * divisor_kept);
        (quotient, is_usual.then_some(rest / denominator))
    }
}

/// The rounding error of a product (T. J. Dekker, Numer. Math. 18, 1971), with factors split by masking, which cannot
/// overflow. A fused multiply-add computes it in one step, but not every processor has one, and emulating it is slow.
#[inline(always)]
pub(crate) fn lost_by_product(a: f64, b: f64, product: f64) -> f64 {
    let (a_high, b_high) = (high_half(a), high_half(b));
    let (a_low, b_low) = (a - a_high, b - b_high);
    ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
}

#[inline(always)]
fn high_half(value: f64) -> f64 {
    f64::from_bits(value.to_bits() & 0xffff_ffff_f800_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum<T: Copy, A: Accumulate<T>>(values: &[T]) -> T {
        let mut sum = A::default();
        values.iter().for_each(|&value| sum.add(value));
        sum.round()
    }

    #[test]
    fn rounding_errors_are_kept() {
        assert_eq!(sum::<_, Compensated>(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum::<_, Wide>(&[1e9_f32, 1.0, -1e9]), 1.0);
        let (mut products, e) = (Compensated::default(), f64::EPSILON);
        products.add_product(1.0 + e, 1.0 + e);
        products.add(-(1.0 + 2.0 * e));
        assert_eq!(products.round(), e * e);
        assert_eq!(sum::<_, Compensated>(&[f64::INFINITY, 1.0, 1.0]), f64::INFINITY);
        assert!(sum::<_, Compensated>(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }
}
