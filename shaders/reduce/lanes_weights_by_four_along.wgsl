// provides: weights, aux_of_row, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, FOUR_ROWS
// Four weights in one load: those of the indices along the row, the same for four rows, or one for each element.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn load_aux(offsets: vec4<u32>, at: vec4<u32>, spread: u32, row_aux: vec4<Bits>) -> Block {
    let quad = (select(offsets, vec4<u32>(0u), WEIGHTS_ALONG) + at + parameters.weight_offset) / 4u;
    let first = weights[quad.x];
    if WEIGHTS_ALONG && FOUR_ROWS { return Block(first, first, first, first); }
    return Block(first, weights[quad.y], weights[quad.z], weights[quad.w]);
}
