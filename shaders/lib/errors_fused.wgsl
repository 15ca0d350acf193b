// provides: one, product_of, two_sum, two_product, sum_add_product
// needs: Real, Accumulator, opaque
// Rounding errors where `fma` rounds once: bit for bit those of errors_split.wgsl where no product is subnormal, in a
// third of the instructions.
//
// Fast-math compilers simplify the error terms to zero, and all may fuse a product with the sum that it goes into. A
// difference, or a product, that is computed by a fused multiply-add with a one, or a zero, that arrives at run time
// takes no instruction more than the plain one, and is what it says.
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

// As the sum of the product that was rounded, but for the last step: what of the exact product did not go in is the
// error of its rounding and that of the sum at once.
fn sum_add_product(a: Accumulator, weight: Real, value: Real) -> Accumulator {
    let product = product_of(weight, value);
    let sum = a.high + product;
    let part = fma(sum, one(), -a.high);
    return Accumulator(sum, a.low + ((a.high - (sum - part)) + fma(weight, value, -part)));
}
