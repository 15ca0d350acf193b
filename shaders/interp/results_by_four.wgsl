// Four results in one store: where a row begins at a multiple of four.
@group(0) @binding(2) var<storage, read_write> result: array<vec4<Bits>>;

fn store_results(place: u32, left: u32, results: vec4<Bits>) {
    result[(parameters.output_shift + place) / 4u] = results;
}
