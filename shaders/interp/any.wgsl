// All rules, NumPy's in NumPy's order: NaN, right of the table, left of it, the last knot, a hit (the value bit for bit),
// and the line through the segment, from its other end if that is undefined. What is special is told from bits, and what
// is returned for it is bits too.

const METHOD_LINEAR: u32 = 0u;
const METHOD_NEAREST: u32 = 1u;
const METHOD_NEXT: u32 = 3u;

// slope * distance + y, and whether that is NaN by the rules of IEEE 754, told from the operands where an infinity or a
// NaN is among them.
struct Line { value: Bits, is_nan: bool }

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
    // Nothing is nearer than NaN, which is in front of an infinite period.
    let is_nearer = !is_nan(bits_of_key(segment.x)) & !is_nan(bits_of_key(segment.w)) & (to_left > to_right);
    let is_next = (parameters.method == METHOD_NEXT) | ((parameters.method == METHOD_NEAREST) & is_nearer);
    return select(segment.y, next_y, is_next);
}

fn inside(query: Bits, segment: vec4<Bits>, next_y: Bits) -> Bits {
    let from_here = line(segment.z, bits(real(query) - real(bits_of_key(segment.x))), segment.y);
    let from_next = line(segment.z, bits(real(query) - real(bits_of_key(segment.w))), next_y);
    let same = ((next_y == segment.y) | (is_zero(next_y) & is_zero(segment.y))) & !is_nan(next_y);
    var result = select(bits_of_words(parameters.nan), segment.y, same);
    result = select(from_next.value, result, from_next.is_nan);
    return select(from_here.value, result, from_here.is_nan);
}

// On the line of a segment, drawn through one of its knots, outside the table; a table of one knot has no line.
fn beyond(query: Bits, slope: Bits, x: Bits, y: Bits, is_only: bool) -> Bits {
    let outside = line(slope, bits(real(query) - real(bits_of_key(x))), y);
    return select(select(outside.value, bits_of_words(parameters.nan), outside.is_nan), y, is_only);
}

fn answer(query: Bits, k: Bits, segment: vec4<Bits>, first: u32, at: u32) -> Bits {
    let last = parameters.knots - 1u;
    let is_ragged = has(FLAG_RAGGED);
    let is_last = (at == last) | (is_ragged & (segment.w == NAN_KEY));
    let is_only = is_last & (at == 0u);
    let next_y = segments[first + min(at + 1u, last)].y;
    var result = inside(query, segment, next_y);
    result = select(by_knot(query, segment, next_y), result, parameters.method == METHOD_LINEAR);

    var right = select(segment.y, bits_of_words(parameters.right), has(FLAG_RIGHT));
    let slope_before = segments[first + max(at, 1u) - 1u].z;
    right = select(right, beyond(query, slope_before, segment.x, segment.y, is_only), has(FLAG_EXTENDED_RIGHT));
    result = select(result, right, is_last);
    result = select(result, segment.y, k == segment.x);

    var left = select(segment.y, bits_of_words(parameters.left), has(FLAG_LEFT));
    left = select(left, beyond(query, segment.z, segment.x, segment.y, is_only), has(FLAG_EXTENDED_LEFT));
    // Nothing is left of a NaN knot. A table of that alone gives its value, or has no knot at all.
    let starts_with_nan = segment.x == NAN_KEY;
    result = select(result, left, (k < segment.x) & !starts_with_nan);
    result = select(result, segment.y, (last == 0u) & starts_with_nan);
    return select(result, bits_of_words(parameters.nan), (k == NAN_KEY) | (is_ragged & starts_with_nan));
}
