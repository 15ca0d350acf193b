// provides: leading_zeros
// needs: Bits
// Limbs of fixed-point sums of f32 are words.
fn leading_zeros(b: Bits) -> i32 { return i32(countLeadingZeros(b)); }
