// provides: evaluate_one
// needs: Bits, real, bits_of_key, bits, is_finite, right_fill, has, FLAG_RIGHT, parameters, left_fill, FLAG_LEFT, nan
// needs: NAN_KEY
// The rules of a linear table without extrapolation whose range is finite, so that no distance inside overflows.
//
// A segment with an infinity or a NaN gives the same value anywhere between its knots. build_segments.wgsl stored it in
// place of the slope, so no other special case is left.
fn evaluate_one(query: Bits, k: Bits, segment: vec4<Bits>, first: u32, at: u32) -> Bits {
    let distance = real(query) - real(bits_of_key(segment.x));
    let on_line = bits(real(segment.z) * distance + real(segment.y));
    var value = select(segment.z, on_line, is_finite(segment.z));
    value = select(value, select(segment.y, right_fill(), has(FLAG_RIGHT)), at + 1u == parameters.table.knots);
    value = select(value, segment.y, k == segment.x);
    value = select(value, select(segment.y, left_fill(), has(FLAG_LEFT)), k < segment.x);
    return select(value, nan(), k == NAN_KEY);
}
