// provides: from_next, evaluate_one
// needs: Bits, real, bits, bits_of_key, is_finite, is_zero, segments, parameters, nan, has, FLAG_RIGHT, right_fill
// needs: FLAG_LEFT, left_fill, NAN_KEY
// The rules of a linear table without extrapolation of whose knots nobody knows whether their distances overflow: those
// of finite.wgsl, and what is left for a query infinitely far from the knot before it. build_segments.wgsl has seen to
// infinite and missing values.

// The line from its other end.
fn from_next(query: Bits, segment: vec4<Bits>, next: u32) -> Bits {
    let next_y = segments[next].y;
    let distance = real(query) - real(bits_of_key(segment.w));
    let same = (next_y == segment.y) | (is_zero(next_y) & is_zero(segment.y));
    let on_line = bits(real(segment.z) * distance + real(next_y));
    return select(select(nan(), segment.y, same), on_line, is_finite(bits(distance)));
}

fn evaluate_one(query: Bits, k: Bits, segment: vec4<Bits>, first: u32, at: u32) -> Bits {
    let distance = real(query) - real(bits_of_key(segment.x));
    let on_line = bits(real(segment.z) * distance + real(segment.y));
    var value = select(segment.z, on_line, is_finite(segment.z));
    if is_finite(segment.z) & !is_finite(bits(distance)) { value = from_next(query, segment, first + at + 1u); }
    value = select(value, select(segment.y, right_fill(), has(FLAG_RIGHT)), at + 1u == parameters.table.knots);
    value = select(value, segment.y, k == segment.x);
    value = select(value, select(segment.y, left_fill(), has(FLAG_LEFT)), k < segment.x);
    return select(value, nan(), k == NAN_KEY);
}
