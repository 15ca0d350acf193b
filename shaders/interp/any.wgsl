// provides: Line, line, by_knot, inside, beyond, evaluate_one
// needs: Bits, bits, real, is_finite, is_nan, is_infinite, is_zero, bits_of_key, parameters, METHOD_NEXT
// needs: METHOD_NEAREST, nan, has, FLAG_RAGGED, NAN_KEY, segments, METHOD_LINEAR, right_fill, FLAG_RIGHT
// needs: FLAG_EXTENDED_RIGHT, left_fill, FLAG_LEFT, FLAG_EXTENDED_LEFT
// All rules, NumPy's in NumPy's order: NaN, right of the table, left of it, the last knot, a hit (the value bit for
// bit), and the line through the segment, from its other end if that is undefined. Special values are recognised by
// their bits and returned as bits.

// slope * distance + y, and whether that is NaN by the rules of IEEE 754, decided by the operands if one of them is an
// infinity or NaN.
struct Line { value: Bits, undefined: bool }

fn line(slope: Bits, distance: Bits, y: Bits) -> Line {
    let product = bits(real(slope) * real(distance));
    let value = bits(real(product) + real(y));
    let is_ordinary = is_finite(slope) & is_finite(distance) & is_finite(y) & is_finite(product) & is_finite(value);
    let undefined = is_nan(slope) | is_nan(distance) | is_nan(y)
        | (is_infinite(slope) & is_zero(distance)) | (is_zero(slope) & is_infinite(distance))
        | (is_infinite(product) & is_infinite(y) & (product != y));
    return Line(value, !is_ordinary & (undefined | is_nan(value)));
}

// The value of one of the knots around the query.
fn by_knot(query: Bits, segment: vec4<Bits>, next_y: Bits) -> Bits {
    let to_left = bits(real(query) - real(bits_of_key(segment.x)));
    let to_right = bits(real(bits_of_key(segment.w)) - real(query));
    // No knot is nearer than NaN, which precedes an infinite period.
    let is_nearer = !is_nan(bits_of_key(segment.x)) & !is_nan(bits_of_key(segment.w)) & (to_left > to_right);
    let is_next = (parameters.method == METHOD_NEXT) | ((parameters.method == METHOD_NEAREST) & is_nearer);
    return select(segment.y, next_y, is_next);
}

fn inside(query: Bits, segment: vec4<Bits>, next_y: Bits) -> Bits {
    let from_here = line(segment.z, bits(real(query) - real(bits_of_key(segment.x))), segment.y);
    let from_next = line(segment.z, bits(real(query) - real(bits_of_key(segment.w))), next_y);
    let same = ((next_y == segment.y) | (is_zero(next_y) & is_zero(segment.y))) & !is_nan(next_y);
    var value = select(nan(), segment.y, same);
    value = select(from_next.value, value, from_next.undefined);
    return select(from_here.value, value, from_here.undefined);
}

// Outside the table, on the line of a segment drawn through one of its knots; a table of one knot has no line.
fn beyond(query: Bits, slope: Bits, knot: Bits, y: Bits, is_only: bool) -> Bits {
    let outside = line(slope, bits(real(query) - real(bits_of_key(knot))), y);
    return select(select(outside.value, nan(), outside.undefined), y, is_only);
}

fn evaluate_one(query: Bits, k: Bits, segment: vec4<Bits>, first: u32, at: u32) -> Bits {
    let last = parameters.table.knots - 1u;
    let is_ragged = has(FLAG_RAGGED);
    let is_last = (at == last) | (is_ragged & (segment.w == NAN_KEY));
    let is_only = is_last & (at == 0u);
    let next_y = segments[first + min(at + 1u, last)].y;
    var value = inside(query, segment, next_y);
    value = select(by_knot(query, segment, next_y), value, parameters.method == METHOD_LINEAR);

    var right = select(segment.y, right_fill(), has(FLAG_RIGHT));
    let slope_before = segments[first + max(at, 1u) - 1u].z;
    right = select(right, beyond(query, slope_before, segment.x, segment.y, is_only), has(FLAG_EXTENDED_RIGHT));
    value = select(value, right, is_last);
    value = select(value, segment.y, k == segment.x);

    var left = select(segment.y, left_fill(), has(FLAG_LEFT));
    left = select(left, beyond(query, segment.z, segment.x, segment.y, is_only), has(FLAG_EXTENDED_LEFT));
    // Nothing is left of a NaN knot. A table of a single NaN knot gives its value, a ragged one is empty.
    let starts_with_nan = segment.x == NAN_KEY;
    value = select(value, left, (k < segment.x) & !starts_with_nan);
    value = select(value, segment.y, (last == 0u) & starts_with_nan);
    return select(value, nan(), (k == NAN_KEY) | (is_ragged & starts_with_nan));
}
