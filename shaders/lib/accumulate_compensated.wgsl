// Sums kept in two numbers, the second of which collects what the first loses to rounding, products included: about as
// exact as computing with twice as many bits, where there are no wider floats.
//
// Compilers that take float arithmetic for real arithmetic fold the corrections to zero. What they must not see through
// passes through integers: `keep` flips no bit, but only the host knows that. (A bare bitcast there and back is not enough.)
struct Accumulator { high: Real, low: Real }

fn keep(value: Real) -> Real { return real(bits(value) ^ Bits(parameters.zero)); }

// D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
fn two_sum(a: Real, b: Real) -> Accumulator {
    let sum = keep(a + b);
    let part = keep(sum - a);
    return Accumulator(sum, (a - keep(sum - part)) + (b - part));
}

// T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971), with halves
// cut off by masking, which cannot overflow. Does not rely on a fused multiply-add, which is not always fused.
fn two_product(a: Real, b: Real) -> Accumulator {
    let product = keep(a * b);
    let a_high = real(bits(a) & HIGH_HALF);
    let b_high = real(bits(b) & HIGH_HALF);
    let a_low = a - a_high;
    let b_low = b - b_high;
    return Accumulator(product, (keep(a_high * b_high) - product) + a_high * b_low + a_low * b_high + a_low * b_low);
}

fn sum_zero() -> Accumulator { return Accumulator(Real(0.0), Real(0.0)); }

fn sum_add(a: Accumulator, value: Real) -> Accumulator {
    let sum = two_sum(a.high, value);
    return Accumulator(sum.high, a.low + sum.low);
}

fn sum_add_product(a: Accumulator, weight: Real, value: Real) -> Accumulator {
    let product = two_product(weight, value);
    let sum = two_sum(a.high, product.high);
    return Accumulator(sum.high, a.low + (sum.low + product.low));
}

fn sum_merge(a: Accumulator, b: Accumulator) -> Accumulator {
    let sum = two_sum(a.high, b.high);
    return Accumulator(sum.high, a.low + b.low + sum.low);
}

// Once a sum is infinite or NaN, what was lost is not a number.
fn sum_round(a: Accumulator) -> Real {
    if !is_finite(bits(a.high)) { return a.high; }
    return a.high + a.low;
}

fn sum_ratio(a: Accumulator, divisor: Accumulator) -> Real {
    let numerator = sum_round(a);
    let denominator = sum_round(divisor);
    let quotient = keep(numerator / denominator);
    let back = two_product(quotient, denominator);
    if !is_finite(bits(back.high)) || !is_finite(bits(back.low)) || !is_finite(bits(numerator)) { return quotient; }
    // One step of long division: what is left over, with what both sums keep beside their rounded values.
    let a_rest = two_sum(a.high, a.low).low;
    let divisor_rest = two_sum(divisor.high, divisor.low).low;
    let rest = ((numerator - back.high) - back.low) + (a_rest - quotient * divisor_rest);
    return quotient + rest / denominator;
}

fn sum_of_count(count: u32) -> Accumulator {
    return Accumulator(Real(count & 0xffff0000u), Real(count & 0xffffu));
}

fn sum_is_zero(a: Accumulator) -> bool { return is_zero(bits(sum_round(a))); }
