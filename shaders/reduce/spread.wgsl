// The variance, or its square root, from the sums of so many deviations from a mean and of their squares. The mean is
// rounded, so the deviations do not add up to zero; what they add up to corrects the sum of their squares.
fn spread(deviations: Accumulator, sum_of_squares: Accumulator, values: u32, root: bool) -> Bits {
    let nan = bits_of_words(parameters.nan);
    let total = bits(sum_round(sum_of_squares));
    if values == 0u || is_nan(total) { return nan; }
    // The mean, or the squares, left the range of the type; there is nothing to correct.
    if is_infinite(total) { return bits_of_words(parameters.infinity); }
    let count = sum_of_count(values);
    let divisor = sum_add(count, -real(bits_of_words(parameters.ddof)));
    let divisor_bits = bits(sum_round(divisor));
    // Nothing over nothing, or something over nothing.
    if is_zero(divisor_bits) || (divisor_bits & SIGN) != Bits(0u) {
        return select(bits_of_words(parameters.infinity), nan, is_zero(total));
    }
    let rest = sum_round(deviations);
    let squares = sum_add_product(sum_of_squares, -rest, sum_ratio(deviations, count));
    let variance = sum_ratio(squares, divisor);
    if root && is_finite(bits(variance)) { return bits(sqrt(variance)); }
    return bits(variance);
}
