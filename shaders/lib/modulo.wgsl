// x mod p with the sign of p, as NumPy has it, and exact where NumPy's is: by long division of the mantissas, one bit
// of the quotient a step (log2(x / p) of them). x - p * floor(x / p) in floats is wrong as soon as x is far from p.

// |a| mod b for finite a and b > 0, on bits without a sign.
fn modulo_of_magnitudes(a: Bits, b: Bits) -> Bits {
    if a < b { return a; }
    let implicit = Bits(1u) << MANTISSA_BITS;
    let fraction = implicit - Bits(1u);
    var exponent = u32(a >> MANTISSA_BITS);
    var rest = a & fraction;
    if exponent == 0u { exponent = 1u; } else { rest |= implicit; }
    var scale = u32(b >> MANTISSA_BITS);
    var divisor = b & fraction;
    if scale == 0u { scale = 1u; } else { divisor |= implicit; }

    rest = rest % divisor;
    while exponent > scale {
        rest = rest << 1u;
        if rest >= divisor { rest -= divisor; }
        exponent -= 1u;
    }
    if rest == Bits(0u) { return rest; }
    while rest < implicit && scale > 1u {
        rest = rest << 1u;
        scale -= 1u;
    }
    if rest < implicit { return rest; }
    return (Bits(scale) << MANTISSA_BITS) | (rest & fraction);
}

// x mod p for p > 0 or NaN, on bits; NaN where there is none. The period may be infinite.
fn modulo(x: Bits, period: Bits, nan: Bits) -> Bits {
    if is_nan(period) || !is_finite(x) { return nan; }
    let rest = modulo_of_magnitudes(magnitude(x), period);
    if (x & SIGN) == Bits(0u) || rest == Bits(0u) { return rest; }
    if is_infinite(period) { return period; }
    // Rounds up to the period itself for the smallest of negative x, as NumPy's does.
    return bits(real(period) - real(rest));
}
