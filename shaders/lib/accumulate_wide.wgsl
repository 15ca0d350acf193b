// provides: Accumulator, sum_zero, sum_add, sum_add_product, sum_merge, sum_round, sum_ratio, sum_of_count
// provides: sum_is_zero
// needs: Real
// Sums of f32 in f64: exact enough that only the final rounding counts.
struct Accumulator { value: f64 }

fn sum_zero() -> Accumulator { return Accumulator(0.0lf); }
fn sum_add(a: Accumulator, value: Real) -> Accumulator { return Accumulator(a.value + f64(value)); }
fn sum_add_product(a: Accumulator, weight: Real, value: Real) -> Accumulator {
    return Accumulator(a.value + f64(weight) * f64(value));
}
fn sum_merge(a: Accumulator, b: Accumulator) -> Accumulator { return Accumulator(a.value + b.value); }
fn sum_round(a: Accumulator) -> Real { return Real(a.value); }
fn sum_ratio(a: Accumulator, divisor: Accumulator) -> Real { return Real(a.value / divisor.value); }
fn sum_of_count(count: u32) -> Accumulator { return Accumulator(f64(count)); }
fn sum_is_zero(a: Accumulator) -> bool { return a.value == 0.0lf; }
