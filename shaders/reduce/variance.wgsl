// provides: variance
// needs: Accumulator, Bits, bits, sum_round, is_nan, nan, is_infinite, bits_of_words, parameters, sum_of_count
// needs: sum_add, real, is_zero, SIGN, sum_add_product, sum_ratio, is_finite
// The variance, or its square root, from the sum of the deviations from a mean and the sum of their squares. The mean
// is rounded, so the deviations do not add up to zero; their sum corrects the sum of their squares.
fn variance(deviations: Accumulator, sum_of_squares: Accumulator, number: u32, root: bool) -> Bits {
    let total = bits(sum_round(sum_of_squares));
    if number == 0u || is_nan(total) { return nan(); }
    // The mean or the squares overflowed; there is nothing to correct.
    if is_infinite(total) { return bits_of_words(parameters.infinity); }
    let count = sum_of_count(number);
    let divisor = sum_add(count, -real(bits_of_words(parameters.ddof)));
    let divisor_bits = bits(sum_round(divisor));
    // 0 / 0, or a positive number / 0.
    if is_zero(divisor_bits) || (divisor_bits & SIGN) != Bits(0u) {
        return select(bits_of_words(parameters.infinity), nan(), is_zero(total));
    }
    let excess = sum_round(deviations);
    let corrected = sum_add_product(sum_of_squares, -excess, sum_ratio(deviations, count));
    let quotient = sum_ratio(corrected, divisor);
    if root && is_finite(bits(quotient)) { return bits(sqrt(quotient)); }
    return bits(quotient);
}
