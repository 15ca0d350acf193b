//! What sums are kept in on the CPU engine, so that they are as exact as if computed in twice the precision and rounded
//! once: f32 in f64, f64 in a pair of f64 whose second half collects what the first loses to rounding (Knuth's two-sum).

/// A sum under way.
pub trait Accumulate<T>: Copy + Default + Send + Sync {
    /// Adds a value.
    fn add(&mut self, value: T);
    /// Adds a product.
    fn add_product(&mut self, weight: T, value: T);
    /// Adds another sum.
    fn merge(&mut self, other: Self);
    /// The sum, rounded.
    fn round(self) -> T;
    /// The quotient of two sums, rounded.
    fn ratio(self, divisor: Self) -> T;
    /// A count as a sum.
    fn of_count(count: usize) -> Self;
    /// Whether the sum is zero. NaN is not.
    fn is_zero(self) -> bool;
}

/// A sum of f32 in f64.
#[derive(Clone, Copy, Debug, Default)]
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

    fn round(self) -> f32 {
        self.0 as f32
    }

    fn ratio(self, divisor: Self) -> f32 {
        (self.0 / divisor.0) as f32
    }

    fn of_count(count: usize) -> Self {
        Self(count as f64)
    }

    fn is_zero(self) -> bool {
        self.0 == 0.0
    }
}

/// A sum of f64 with what was lost to rounding.
#[derive(Clone, Copy, Debug, Default)]
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
        self.add(weight * value);
    }

    #[inline(always)]
    fn merge(&mut self, other: Self) {
        self.add(other.high);
        self.low += other.low;
    }

    fn round(self) -> f64 {
        // Once the sum is infinite or NaN, what was lost is not a number.
        if self.high.is_finite() { self.high + self.low } else { self.high }
    }

    fn ratio(self, divisor: Self) -> f64 {
        self.round() / divisor.round()
    }

    fn of_count(count: usize) -> Self {
        Self { high: count as f64, low: 0.0 }
    }

    fn is_zero(self) -> bool {
        self.round() == 0.0
    }
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
    fn what_rounding_loses_is_kept() {
        assert_eq!(sum::<_, Compensated>(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum::<_, Wide>(&[1e9_f32, 1.0, -1e9]), 1.0);
        assert_eq!(sum::<_, Compensated>(&[f64::INFINITY, 1.0, 1.0]), f64::INFINITY);
        assert!(sum::<_, Compensated>(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    }
}
