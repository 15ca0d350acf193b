// Four queries one by one: wherever a row begins. What is read past its end is not used.
@group(0) @binding(1) var<storage, read> x: array<Bits>;

fn load_queries(place: u32) -> vec4<Bits> {
    let at = parameters.query_shift + place;
    return vec4<Bits>(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
}
