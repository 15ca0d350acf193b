// provides: Share, NOTHING, WHOLE, PART, outside, has_width, on_line, share_of
// needs: Bits, parameters, segments, real, bits, is_nan, is_finite, magnitude, bits_of_key, NAN_KEY, has, FLAG_RAGGED
// needs: FLAG_LEFT, FLAG_RIGHT, FLAG_EXTENDED_LEFT, FLAG_EXTENDED_RIGHT, METHOD_LINEAR, METHOD_NEAREST, METHOD_NEXT
// needs: OUTSIDE_FIRST_KNOT, OUTSIDE_LAST_KNOT, OUTSIDE_LEFT_FILL, OUTSIDE_RIGHT_FILL, OUTSIDE_NOWHERE
// How a query shares its cotangent out, by the rules of evaluation: the slot of its table, and what each of the two
// sums there gets. A slot for each knot is followed by those of what lies outside.
const NOTHING: u32 = 0u;  // no share
const WHOLE: u32 = 1u;    // the cotangent as it is
const PART: u32 = 2u;     // times the way from the other end of the segment

struct Share { slot: u32, left: u32, right: u32, x0: Bits, x1: Bits }

fn outside(place: u32) -> Share {
    let left = select(WHOLE, NOTHING, place == OUTSIDE_NOWHERE);
    return Share(parameters.table.knots + place, left, NOTHING, Bits(0u), Bits(0u));
}

// Whether a segment is a line through two points.
fn has_width(x0: Bits, x1: Bits) -> bool {
    let differs = (x0 != x1) & !((magnitude(x0) == Bits(0u)) & (magnitude(x1) == Bits(0u)));
    return differs & is_finite(x0) & is_finite(x1) & is_finite(bits(real(x1) - real(x0)));
}

// On the line of a segment, drawn through its right end or its left. If that is infinitely far away, on the value of
// the other. Infinitely far out on a line a result depends on no value any more: it is infinite.
fn on_line(query: Bits, segment: vec4<Bits>, at: u32, from_right: bool) -> Share {
    let x0 = bits_of_key(segment.x);
    let x1 = bits_of_key(segment.w);
    if has_width(x0, x1) && is_finite(query) { return Share(at, PART, PART, x0, x1); }
    if is_nan(x0) || is_nan(x1) || segment.x == segment.w || has_width(x0, x1) { return outside(OUTSIDE_NOWHERE); }
    let near_left = is_finite(x0) & is_finite(query) & is_finite(bits(real(query) - real(x0)));
    let near_right = is_finite(x1) & is_finite(query) & is_finite(bits(real(query) - real(x1)));
    if near_left && !(from_right && near_right) { return Share(at, WHOLE, NOTHING, x0, x1); }
    if near_right { return Share(at, NOTHING, WHOLE, x0, x1); }
    return outside(OUTSIDE_NOWHERE);
}

fn share_of(query: Bits, k: Bits, first: u32, at: u32) -> Share {
    let segment = segments[first + at];
    let last = parameters.table.knots - 1u;
    let is_ragged = has(FLAG_RAGGED);
    let is_last = (at == last) | (is_ragged & (segment.w == NAN_KEY));
    let is_only = is_last & (at == 0u);
    let starts_with_nan = segment.x == NAN_KEY;
    if k == NAN_KEY || (is_ragged && starts_with_nan) { return outside(OUTSIDE_NOWHERE); }
    if k < segment.x && !starts_with_nan {
        if has(FLAG_EXTENDED_LEFT) && !is_only { return on_line(query, segment, at, false); }
        return outside(select(OUTSIDE_FIRST_KNOT, OUTSIDE_LEFT_FILL, has(FLAG_LEFT)));
    }
    if is_last && k > segment.x {
        if has(FLAG_EXTENDED_RIGHT) && !is_only { return on_line(query, segments[first + at - 1u], at - 1u, true); }
        return outside(select(OUTSIDE_LAST_KNOT, OUTSIDE_RIGHT_FILL, has(FLAG_RIGHT)));
    }
    let x0 = bits_of_key(segment.x);
    let x1 = bits_of_key(segment.w);
    let whole = Share(at, WHOLE, NOTHING, x0, x1);
    if is_last { return whole; }
    if parameters.method == METHOD_LINEAR {
        if k == segment.x && !has_width(x0, x1) { return whole; }
        return on_line(query, segment, at, false);
    }
    if k == segment.x { return whole; }
    let to_left = bits(real(query) - real(x0));
    let to_right = bits(real(x1) - real(query));
    // No knot is nearer than NaN, which precedes an infinite period.
    let is_nearer = !is_nan(x0) & !is_nan(x1) & (to_left > to_right);
    let is_next = (parameters.method == METHOD_NEXT) | ((parameters.method == METHOD_NEAREST) & is_nearer);
    if is_next { return Share(at, NOTHING, WHOLE, x0, x1); }
    return whole;
}
