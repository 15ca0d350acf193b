// provides: x, load_queries
// needs: Bits, parameters
// Four queries one by one, wherever a row begins. Those read past its end are not used.
@group(0) @binding(1) var<storage, read> x: array<Bits>;

fn load_queries(index: u32) -> vec4<Bits> {
    let at = parameters.query_offset + index;
    return vec4<Bits>(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
}
