// provides: BITS, ALL, Scaled, Fixed, fixed_zero, is_negative, negate, fixed_add, decode, scaled_one, difference
// provides: multiply, Product, slice, fixed_product, bias
// needs: Bits, BITS_WORDS, SIGN, INFINITY, MANTISSA_BITS, magnitude, leading_zeros
// Arithmetic in integers, the same on every device: products of a float and a difference of floats, as numbers in
// fixed point. A difference keeps 31 bits (63 of f64), everything else all. Float arithmetic would round, and be fused,
// flushed and reordered as each driver likes.
const BITS: i32 = i32(32u * BITS_WORDS);
const ALL: Bits = ~Bits(0u);

// sign * mantissa * 2^exponent; the highest bit of the mantissa is set, or it is zero.
struct Scaled { mantissa: Bits, exponent: i32, negative: bool }

// Three limbs in two's complement: a multiple of a unit that is a power of two.
struct Fixed { low: Bits, middle: Bits, high: Bits }

fn fixed_zero() -> Fixed { return Fixed(Bits(0u), Bits(0u), Bits(0u)); }

fn is_negative(a: Fixed) -> bool { return (a.high & SIGN) != Bits(0u); }

fn fixed_add(a: Fixed, b: Fixed) -> Fixed {
    let low = a.low + b.low;
    let carry = select(Bits(0u), Bits(1u), low < a.low);
    let sum = a.middle + b.middle;
    let middle = sum + carry;
    let overflows = (sum < a.middle) | (middle < sum);
    return Fixed(low, middle, a.high + b.high + select(Bits(0u), Bits(1u), overflows));
}

fn negate(a: Fixed) -> Fixed {
    return fixed_add(Fixed(~a.low, ~a.middle, ~a.high), Fixed(Bits(1u), Bits(0u), Bits(0u)));
}

// The exponent of 1 as floats store it.
fn bias() -> i32 { return i32(INFINITY >> MANTISSA_BITS) >> 1u; }

// A finite float: the mantissa is not shifted up.
fn decode(b: Bits) -> Scaled {
    let stored = i32(magnitude(b) >> MANTISSA_BITS);
    let fraction = b & ((Bits(1u) << MANTISSA_BITS) - Bits(1u));
    let mantissa = select(fraction, fraction | (Bits(1u) << MANTISSA_BITS), stored > 0);
    return Scaled(mantissa, max(stored, 1) - bias() - i32(MANTISSA_BITS), (b & SIGN) != Bits(0u));
}

fn scaled_one() -> Scaled { return Scaled(SIGN, 1 - BITS, false); }

// a - b of finite floats: exact, unless one is so much larger that the other lies below the last bit.
fn difference(a: Bits, b: Bits) -> Scaled {
    var upper = decode(a);
    var lower = decode(b ^ SIGN);
    if upper.exponent < lower.exponent {
        let other = upper;
        upper = lower;
        lower = other;
    }
    // Room for a carry.
    let room = u32(BITS - 2) - MANTISSA_BITS;
    let large = upper.mantissa << room;
    let small = (lower.mantissa << room) >> u32(min(upper.exponent - lower.exponent, BITS - 1));
    var value = large + small;
    var negative = upper.negative;
    if upper.negative != lower.negative {
        value = large - small;
        if small > large {
            value = small - large;
            negative = lower.negative;
        }
    }
    let zeros = leading_zeros(value);
    if value == Bits(0u) { return Scaled(value, 0, false); }
    return Scaled(value << u32(zeros), upper.exponent - i32(room) - zeros, negative);
}

struct Product { low: Bits, high: Bits }

// By halves of a limb.
fn multiply(a: Bits, b: Bits) -> Product {
    let half = u32(BITS) / 2u;
    let mask = ALL >> half;
    let low_low = (a & mask) * (b & mask);
    let low_high = (a & mask) * (b >> half);
    let high_low = (a >> half) * (b & mask);
    let middle = (low_low >> half) + (low_high & mask) + (high_low & mask);
    let high = (a >> half) * (b >> half) + (low_high >> half) + (high_low >> half) + (middle >> half);
    return Product((low_low & mask) | (middle << half), high);
}

// A limb of a number of two, from a bit on; zeros around it.
fn slice(low: Bits, high: Bits, from_bit: i32) -> Bits {
    if from_bit <= -BITS || from_bit >= 2 * BITS { return Bits(0u); }
    if from_bit < 0 { return low << u32(-from_bit); }
    if from_bit == 0 { return low; }
    if from_bit < BITS { return (low >> u32(from_bit)) | (high << u32(BITS - from_bit)); }
    return high >> u32(from_bit - BITS);
}

// value * factor in units of 2^unit, its bits below the unit cut off; the value is finite.
fn fixed_product(value: Bits, factor: Scaled, unit: i32) -> Fixed {
    let number = decode(value);
    let product = multiply(number.mantissa, factor.mantissa);
    let shift = unit - (number.exponent + factor.exponent);
    let result = Fixed(
        slice(product.low, product.high, shift),
        slice(product.low, product.high, shift + BITS),
        slice(product.low, product.high, shift + 2 * BITS),
    );
    if number.negative != factor.negative { return negate(result); }
    return result;
}
