// provides: weights, aux_of_row, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, row_by_row, quads_at
// Four weights in one load: those of four indices, the same for four rows, or those of one index of four rows.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn load_aux(offsets: vec4<u32>, at: vec4<u32>, spread: u32, row_aux: vec4<Bits>) -> Block {
    if WEIGHTS_ALONG {
        let same = weights[(parameters.weight_offset + at.x) / 4u];
        return Block(same, same, same, same);
    }
    let quad = quads_at(offsets.x + parameters.weight_offset, at.x);
    return row_by_row(Block(weights[quad.x], weights[quad.y], weights[quad.z], weights[quad.w]));
}
