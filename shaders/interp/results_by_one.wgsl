// Four results one by one.
@group(0) @binding(2) var<storage, read_write> result: array<Bits>;

fn store_results(place: u32, left: u32, results: vec4<Bits>) {
    let at = parameters.output_shift + place;
    result[at] = results.x;
    if left > 1u { result[at + 1u] = results.y; }
    if left > 2u { result[at + 2u] = results.z; }
    if left > 3u { result[at + 3u] = results.w; }
}
