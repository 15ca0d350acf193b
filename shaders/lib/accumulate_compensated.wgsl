// provides: Accumulator, opaque, sum_zero, sum_add, sum_merge, sum_round, sum_ratio, sum_of_count, sum_is_zero
// needs: Real, real, bits, Bits, parameters, is_finite, is_zero, two_sum, two_product
// Compensated sums: a second number collects the rounding errors of the first, those of products included. About as
// exact as twice as many bits, where there are no wider floats. The errors come from errors_split.wgsl or
// errors_fused.wgsl.
struct Accumulator { high: Real, low: Real }

// Fast-math compilers simplify error terms to zero. This XORs the bits with a zero passed at run time, which the
// compiler cannot fold. (A bitcast to integers and back is not enough.)
fn opaque(value: Real) -> Real { return real(bits(value) ^ Bits(parameters.opaque_zero)); }

fn sum_zero() -> Accumulator { return Accumulator(Real(0.0), Real(0.0)); }

fn sum_add(a: Accumulator, value: Real) -> Accumulator {
    let sum = two_sum(a.high, value);
    return Accumulator(sum.high, a.low + sum.low);
}

fn sum_merge(a: Accumulator, b: Accumulator) -> Accumulator {
    let sum = two_sum(a.high, b.high);
    return Accumulator(sum.high, a.low + b.low + sum.low);
}

// Once a sum is infinite or NaN, its error term is NaN.
fn sum_round(a: Accumulator) -> Real {
    if !is_finite(bits(a.high)) { return a.high; }
    return a.high + a.low;
}

fn sum_ratio(a: Accumulator, divisor: Accumulator) -> Real {
    let numerator = sum_round(a);
    let denominator = sum_round(divisor);
    let quotient = opaque(numerator / denominator);
    let back = two_product(quotient, denominator);
    if !is_finite(bits(back.high)) || !is_finite(bits(back.low)) || !is_finite(bits(numerator)) { return quotient; }
    // One step of long division: the remainder, with the error terms of both sums.
    let a_error = two_sum(a.high, a.low).low;
    let divisor_error = two_sum(divisor.high, divisor.low).low;
    let remainder = ((numerator - back.high) - back.low) + (a_error - quotient * divisor_error);
    return quotient + remainder / denominator;
}

fn sum_of_count(count: u32) -> Accumulator {
    return Accumulator(Real(count & 0xffff0000u), Real(count & 0xffffu));
}

fn sum_is_zero(a: Accumulator) -> bool { return is_zero(bits(sum_round(a))); }
