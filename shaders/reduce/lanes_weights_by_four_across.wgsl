// provides: weights, aux_of_row, aux_cursor_of, aux_cursor_step, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, row_by_row, cursor_at, quads_at
// Four weights in one load: those of four indices, the same for four rows, or those of one index of four rows.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn aux_cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> {
    if WEIGHTS_ALONG { return (at + parameters.weight_offset) / 4u; }
    return vec4<u32>(cursor_at(offsets.x + parameters.weight_offset, at.x));
}
fn aux_cursor_step(turn: u32) -> u32 { return turn * select(parameters.axis_stride, 1u, WEIGHTS_ALONG) / 4u; }
fn load_aux(cursor: vec4<u32>, stride: u32, row_aux: vec4<Bits>) -> Block {
    if WEIGHTS_ALONG {
        let same = weights[cursor.x];
        return Block(same, same, same, same);
    }
    let quad = quads_at(cursor.x);
    return row_by_row(Block(weights[quad.x], weights[quad.y], weights[quad.z], weights[quad.w]));
}
