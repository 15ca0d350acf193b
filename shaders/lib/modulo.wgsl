// provides: modulo_of_magnitudes, modulo
// needs: Bits, MANTISSA_BITS, is_nan, is_finite, nan, magnitude, SIGN, is_infinite, bits, real
// x mod p with the sign of p, as in NumPy, and exact where NumPy's is: long division of the mantissas, one bit of the
// quotient a step, log2(x / p) steps. x - p * floor(x / p) in floats is wrong as soon as x is far from p.

// |a| mod b for finite a and b > 0, on bits without a sign.
fn modulo_of_magnitudes(a: Bits, b: Bits) -> Bits {
    if a < b { return a; }
    let implicit = Bits(1u) << MANTISSA_BITS;
    let fraction = implicit - Bits(1u);
    var exponent = u32(a >> MANTISSA_BITS);
    var remainder = a & fraction;
    if exponent == 0u { exponent = 1u; } else { remainder |= implicit; }
    var scale = u32(b >> MANTISSA_BITS);
    var divisor = b & fraction;
    if scale == 0u { scale = 1u; } else { divisor |= implicit; }

    remainder = remainder % divisor;
    while exponent > scale {
        remainder = remainder << 1u;
        if remainder >= divisor { remainder -= divisor; }
        exponent -= 1u;
    }
    if remainder == Bits(0u) { return remainder; }
    while remainder < implicit && scale > 1u {
        remainder = remainder << 1u;
        scale -= 1u;
    }
    if remainder < implicit { return remainder; }
    return (Bits(scale) << MANTISSA_BITS) | (remainder & fraction);
}

// value mod period for a period > 0 or NaN, on bits; NaN where it is undefined. The period may be infinite.
fn modulo(value: Bits, period: Bits) -> Bits {
    if is_nan(period) || !is_finite(value) { return nan(); }
    let remainder = modulo_of_magnitudes(magnitude(value), period);
    if (value & SIGN) == Bits(0u) || remainder == Bits(0u) { return remainder; }
    if is_infinite(period) { return period; }
    // Rounds up to the period itself for tiny negative values, as NumPy's does.
    return bits(real(period) - real(remainder));
}
