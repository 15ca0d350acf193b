// provides: weights, aux_of_row, four_weights, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, FOUR_ROWS
// One weight a load: that of the index along the row, or that of the element.
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn four_weights(at: u32, apart: u32) -> vec4<Bits> {
    return vec4<Bits>(weights[at], weights[at + apart], weights[at + 2u * apart], weights[at + 3u * apart]);
}
fn load_aux(offsets: vec4<u32>, at: vec4<u32>, spread: u32, row_aux: vec4<Bits>) -> Block {
    var first = at + parameters.weight_offset;
    var apart = spread;
    if !WEIGHTS_ALONG {
        first = offsets + at * parameters.axis_stride + parameters.weight_offset;
        apart = spread * parameters.axis_stride;
    }
    let along = four_weights(first.x, apart);
    if WEIGHTS_ALONG && FOUR_ROWS { return Block(along, along, along, along); }
    return Block(along, four_weights(first.y, apart), four_weights(first.z, apart), four_weights(first.w, apart));
}
