// provides: two_sum, two_product, sum_add_product
// needs: Real, real, bits, Accumulator, opaque, HIGH_HALF
// Rounding errors by plain operations.

// D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.
fn two_sum(a: Real, b: Real) -> Accumulator {
    let sum = opaque(a + b);
    let part = opaque(sum - a);
    return Accumulator(sum, (a - opaque(sum - part)) + (b - part));
}

// T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18 (1971), with halves
// split off by masking, which cannot overflow. Uses no fused multiply-add: the built-in is not fused everywhere.
fn two_product(a: Real, b: Real) -> Accumulator {
    let product = opaque(a * b);
    let a_high = real(bits(a) & HIGH_HALF);
    let b_high = real(bits(b) & HIGH_HALF);
    let a_low = a - a_high;
    let b_low = b - b_high;
    return Accumulator(product, (opaque(a_high * b_high) - product) + a_high * b_low + a_low * b_high + a_low * b_low);
}

fn sum_add_product(a: Accumulator, weight: Real, value: Real) -> Accumulator {
    let product = two_product(weight, value);
    let sum = two_sum(a.high, product.high);
    return Accumulator(sum.high, a.low + (sum.low + product.low));
}
