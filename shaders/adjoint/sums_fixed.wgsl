// provides: sums, Sum, is_zero_sum, shifted_down, bits_from, add_sums, load_limb, load_sum, divide, divided, rounded
// provides: has_bits_below, low_bits, is_nothing
// needs: Fixed, Bits, is_negative, negate, BITS, fixed_add, BITS_WORDS, fixed_zero, unit_of, exponent_at, parameters
// needs: sum_at, SIGN, METHOD_LINEAR, segments, bits_of_key, has_width, difference, FLAG_INFINITY
// needs: FLAG_MINUS_INFINITY, FLAG_NAN, nan, INFINITY, leading_zeros, bias, MANTISSA_BITS, slice
// Sums in fixed point.
@group(0) @binding(1) var<storage, read> sums: array<u32>;

// In units of 2^unit.
struct Sum { value: Fixed, unit: i32, flags: u32 }

fn is_zero_sum(a: Fixed) -> bool { return (a.low | a.middle | a.high) == Bits(0u); }

// In units that are 2^count times as large, towards zero.
fn shifted_down(a: Fixed, count: i32) -> Fixed {
    if count == 0 { return a; }
    var size = a;
    if is_negative(a) { size = negate(a); }
    let result = Fixed(bits_from(size, count), bits_from(size, count + BITS), bits_from(size, count + 2 * BITS));
    if is_negative(a) { return negate(result); }
    return result;
}

// In the larger of both units, below which a digit of the other is of no account.
fn add_sums(a: Sum, b: Sum) -> Sum {
    let flags = a.flags | b.flags;
    if is_zero_sum(a.value) { return Sum(b.value, b.unit, flags); }
    if is_zero_sum(b.value) { return Sum(a.value, a.unit, flags); }
    let unit = max(a.unit, b.unit);
    return Sum(fixed_add(shifted_down(a.value, unit - a.unit), shifted_down(b.value, unit - b.unit)), unit, flags);
}

fn load_limb(at: u32) -> Bits {
    var limb = Bits(sums[at]);
    if BITS_WORDS == 2u { limb |= Bits(sums[at + BITS_WORDS - 1u]) << (u32(BITS) - 32u); }
    return limb;
}

// Over all copies.
fn load_sum(field: u32, slot: u32, side: u32) -> Sum {
    var total = Sum(fixed_zero(), unit_of(sums[exponent_at(field, 0u, slot, side)]), 0u);
    for (var copy = 0u; copy < parameters.copies; copy += 1u) {
        let at = sum_at(field, copy, slot, side);
        let value = Fixed(load_limb(at), load_limb(at + BITS_WORDS), load_limb(at + 2u * BITS_WORDS));
        total.value = fixed_add(total.value, value);
        total.flags |= sums[at + 3u * BITS_WORDS];
    }
    return total;
}

// By a mantissa from 1 to 2, towards zero: long division, a bit a step.
fn divide(value: Fixed, mantissa: Bits) -> Fixed {
    if mantissa == SIGN { return value; }
    var rest = value;
    if is_negative(value) { rest = negate(value); }
    if is_zero_sum(rest) { return rest; }
    var quotient = fixed_zero();
    var remainder = Bits(0u);
    for (var step = 0; step < 4 * BITS - 1; step += 1) {
        let is_large = (remainder & SIGN) != Bits(0u);
        remainder = (remainder << 1u) | (rest.high >> u32(BITS - 1));
        rest = fixed_add(rest, rest);
        quotient = fixed_add(quotient, quotient);
        if is_large || remainder >= mantissa {
            remainder -= mantissa;
            quotient.low |= Bits(1u);
        }
    }
    if is_negative(value) { return negate(quotient); }
    return quotient;
}

// A sum of a slot in whole cotangents.
fn divided(field: u32, first: u32, slot: u32, side: u32) -> Sum {
    let sum = load_sum(field, slot, side);
    if slot + 1u >= parameters.table.knots || parameters.method != METHOD_LINEAR { return sum; }
    let segment = segments[first + slot];
    let x0 = bits_of_key(segment.x);
    let x1 = bits_of_key(segment.w);
    if !has_width(x0, x1) { return sum; }
    return Sum(divide(sum.value, difference(x1, x0).mantissa), sum.unit, sum.flags);
}

// The nearest float, of two the even one.
fn rounded(sum: Sum) -> Bits {
    let both = FLAG_INFINITY | FLAG_MINUS_INFINITY;
    if (sum.flags & FLAG_NAN) != 0u || (sum.flags & both) == both { return nan(); }
    if sum.flags != 0u { return INFINITY | select(Bits(0u), SIGN, (sum.flags & FLAG_MINUS_INFINITY) != 0u); }
    let sign = select(Bits(0u), SIGN, is_negative(sum.value));
    var size = sum.value;
    if is_negative(size) { size = negate(size); }
    var top = -1;
    if size.low != Bits(0u) { top = BITS - 1 - leading_zeros(size.low); }
    if size.middle != Bits(0u) { top = 2 * BITS - 1 - leading_zeros(size.middle); }
    if size.high != Bits(0u) { top = 3 * BITS - 1 - leading_zeros(size.high); }
    if top < 0 { return Bits(0u); }
    let unit = sum.unit;
    // The exponent of the last bit that is kept: of a normal number, or of the smallest there is.
    let smallest = 1 - bias() - i32(MANTISSA_BITS);
    let dropped = max(top - i32(MANTISSA_BITS), smallest - unit);
    var mantissa: Bits;
    if dropped <= 0 {
        mantissa = size.low << u32(-dropped);
    } else {
        mantissa = bits_from(size, dropped);
        let half = bits_from(size, dropped - 1) & Bits(1u);
        let rest = has_bits_below(size, dropped - 1);
        if half == Bits(1u) && (rest || (mantissa & Bits(1u)) == Bits(1u)) { mantissa += Bits(1u); }
    }
    let stored = dropped + unit + i32(MANTISSA_BITS) + bias();
    if stored >= i32(INFINITY >> MANTISSA_BITS) { return INFINITY | sign; }
    return min((Bits(u32(stored - 1)) << MANTISSA_BITS) + mantissa, INFINITY) | sign;
}

// A limb from a bit on.
fn bits_from(value: Fixed, from_bit: i32) -> Bits {
    if from_bit < BITS { return slice(value.low, value.middle, from_bit); }
    return slice(value.middle, value.high, from_bit - BITS);
}

fn has_bits_below(value: Fixed, bit: i32) -> bool {
    var below = value.low & low_bits(bit);
    below |= value.middle & low_bits(bit - BITS);
    below |= value.high & low_bits(bit - 2 * BITS);
    return below != Bits(0u);
}

fn low_bits(count: i32) -> Bits {
    if count <= 0 { return Bits(0u); }
    if count >= BITS { return ~Bits(0u); }
    return (Bits(1u) << u32(count)) - Bits(1u);
}

fn is_nothing(sum: Sum) -> bool { return is_zero_sum(sum.value) && sum.flags == 0u; }
