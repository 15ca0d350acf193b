// provides: width_exponent, factor_of
// needs: Bits, difference, BITS, Scaled, WHOLE, scaled_one
// What a cotangent is multiplied by for either side, in widths of the segment rounded down to a power of two: below 2
// where the query is inside.

// So that widths are from 1 to 2.
fn width_exponent(x0: Bits, x1: Bits) -> i32 { return difference(x1, x0).exponent + BITS - 1; }

fn factor_of(kind: u32, from_x: Bits, to_x: Bits, exponent: i32) -> Scaled {
    if kind == WHOLE { return scaled_one(); }
    var factor = difference(to_x, from_x);
    factor.exponent -= exponent;
    return factor;
}
