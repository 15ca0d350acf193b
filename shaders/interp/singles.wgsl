// Four queries and four results one by one: wherever a row begins. What is read past its end is not used.
@group(0) @binding(1) var<storage, read> x: array<Bits>;
@group(0) @binding(2) var<storage, read_write> result: array<Bits>;

fn load_queries(place: u32) -> vec4<Bits> {
    let at = parameters.query_shift + place;
    return vec4<Bits>(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
}

fn store_results(place: u32, left: u32, results: vec4<Bits>) {
    let at = parameters.output_shift + place;
    result[at] = results.x;
    if left > 1u { result[at + 1u] = results.y; }
    if left > 2u { result[at + 2u] = results.z; }
    if left > 3u { result[at + 3u] = results.w; }
}
