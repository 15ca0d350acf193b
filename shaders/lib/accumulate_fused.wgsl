// provides: Accumulator, opaque, one, product_of, two_sum, two_product, sum_zero, sum_add, sum_add_product, sum_merge
// provides: sum_round, sum_ratio, sum_of_count, sum_is_zero
// needs: Real, real, bits, Bits, parameters, is_finite, is_zero
// Compensated sums where `fma` rounds once: the sums of accumulate_compensated.wgsl, bit for bit where no product is
// subnormal, in two thirds of the instructions.
//
// Fast-math compilers simplify the error terms to zero, and all may fuse a product with the sum that it goes into. A
// difference, or a product, that is computed by a fused multiply-add with a one, or a zero, that arrives at run time
// takes no instruction more than the plain one, and is what it says.
struct Accumulator { high: Real, low: Real }

fn opaque(value: Real) -> Real { return real(bits(value) ^ Bits(parameters.opaque_zero)); }
fn one() -> Real { return opaque(Real(1.0)); }
fn product_of(a: Real, b: Real) -> Real { return fma(a, b, opaque(Real(0.0))); }

// D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
fn two_sum(a: Real, b: Real) -> Accumulator {
    let sum = a + b;
    let part = fma(sum, one(), -a);
    return Accumulator(sum, (a - (sum - part)) + (b - part));
}

// The rounding error of a product is a float, and a fused multiply-add finds it: P. Markstein, IBM Journal of Research
// and Development 34 (1990).
fn two_product(a: Real, b: Real) -> Accumulator {
    let product = product_of(a, b);
    return Accumulator(product, fma(a, b, -product));
}

fn sum_zero() -> Accumulator { return Accumulator(Real(0.0), Real(0.0)); }

fn sum_add(a: Accumulator, value: Real) -> Accumulator {
    let sum = two_sum(a.high, value);
    return Accumulator(sum.high, a.low + sum.low);
}

// As the sum of the product that was rounded, but for the last step: what of the exact product did not go in is the
// error of its rounding and that of the sum at once.
fn sum_add_product(a: Accumulator, weight: Real, value: Real) -> Accumulator {
    let product = product_of(weight, value);
    let sum = a.high + product;
    let part = fma(sum, one(), -a.high);
    return Accumulator(sum, a.low + ((a.high - (sum - part)) + fma(weight, value, -part)));
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
    let quotient = numerator / denominator;
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
