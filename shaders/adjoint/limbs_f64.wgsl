// provides: leading_zeros
// needs: Bits
// Limbs of fixed-point sums of f64 are pairs of words.
fn leading_zeros(b: Bits) -> i32 {
    let high = u32(b >> 32u);
    let low = u32(b & Bits(0xffffffffu));
    return i32(select(countLeadingZeros(high), 32u + countLeadingZeros(low), high == 0u));
}
