// provides: magnitude, is_nan, is_infinite, is_finite, is_zero, key, bits_of_key
// needs: Bits, SIGN, INFINITY, NAN_KEY
// NaN, infinities and the order of floats, read from the bits: a shader compiler may assume that NaN and infinities
// never occur, may fold x != x to false, and may flush subnormals in comparisons. Integer operations leave it no such
// choice.

fn magnitude(b: Bits) -> Bits { return b & ~SIGN; }
fn is_nan(b: Bits) -> bool { return magnitude(b) > INFINITY; }
fn is_infinite(b: Bits) -> bool { return magnitude(b) == INFINITY; }
fn is_finite(b: Bits) -> bool { return magnitude(b) < INFINITY; }
fn is_zero(b: Bits) -> bool { return magnitude(b) == Bits(0u); }

// An integer in the order of the floats: both zeros alike, every NaN above everything else.
fn key(b: Bits) -> Bits {
    if is_nan(b) { return NAN_KEY; }
    if is_zero(b) { return SIGN; }
    return select(b ^ SIGN, ~b, (b & SIGN) != Bits(0u));
}

// The bits of a float with this key.
fn bits_of_key(k: Bits) -> Bits {
    return select(~k, k ^ SIGN, (k & SIGN) != Bits(0u));
}
