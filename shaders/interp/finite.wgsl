// The rules of a linear table that does not go on outside and whose range is finite, so that no distance inside overflows.
//
// What a segment with an infinity or a NaN gives is the same anywhere between its knots, and was put in the place of the
// slope when the table was built (segments.wgsl): nothing else has to be looked at.
fn answer(query: Bits, k: Bits, segment: vec4<Bits>, first: u32, at: u32) -> Bits {
    let distance = real(query) - real(bits_of_key(segment.x));
    let on_line = bits(real(segment.z) * distance + real(segment.y));
    var result = select(segment.z, on_line, is_finite(segment.z));
    result = select(result, select(segment.y, bits_of_words(parameters.right), has(FLAG_RIGHT)), at + 1u == parameters.knots);
    result = select(result, segment.y, k == segment.x);
    result = select(result, select(segment.y, bits_of_words(parameters.left), has(FLAG_LEFT)), k < segment.x);
    return select(result, bits_of_words(parameters.nan), k == NAN_KEY);
}
