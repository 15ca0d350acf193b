// provides: WEIGHTS_ALONG, weights, aux_of_row, load_aux
// needs: Bits, Block, parameters, row_by_row
// Four weights a load: those of the indices along the row, the same for four rows, or one for each element.
override WEIGHTS_ALONG: bool;
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn load_aux(at: vec4<u32>, index: u32, row_aux: vec4<Bits>) -> Block {
    if WEIGHTS_ALONG {
        let same = weights[(parameters.weight_offset + index) / 4u];
        return Block(same, same, same, same);
    }
    let quad = (at + parameters.weight_offset) / 4u;
    return row_by_row(Block(weights[quad.x], weights[quad.y], weights[quad.z], weights[quad.w]));
}
