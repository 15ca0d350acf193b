// provides: output, store_results
// needs: Output, parameters
// Four results in one store, where each row begins at a multiple of four.
@group(0) @binding(3) var<storage, read_write> output: array<vec4<Output>>;

fn store_results(index: u32, remaining: u32, results: vec4<Output>) {
    output[(parameters.output_offset + index) / 4u] = results;
}
