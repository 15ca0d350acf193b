// provides: output, store_results
// needs: Output, parameters
// Four results one by one, as many as remain in the row.
@group(0) @binding(3) var<storage, read_write> output: array<Output>;

fn store_results(index: u32, remaining: u32, results: vec4<Output>) {
    let at = parameters.output_offset + index;
    output[at] = results.x;
    if remaining > 1u { output[at + 1u] = results.y; }
    if remaining > 2u { output[at + 2u] = results.z; }
    if remaining > 3u { output[at + 3u] = results.w; }
}
