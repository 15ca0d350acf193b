// provides: weights, aux_of_row, aux_cursor_of, aux_cursor_step, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, FOUR_ROWS
// Four weights in one load: those of the indices along the row, the same for four rows, or one for each element.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn aux_cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> {
    return (select(offsets, vec4<u32>(0u), WEIGHTS_ALONG) + at + parameters.weight_offset) / 4u;
}
fn aux_cursor_step(turn: u32) -> u32 { return turn / 4u; }
fn load_aux(cursor: vec4<u32>, stride: u32, row_aux: vec4<Bits>) -> Block {
    let first = weights[cursor.x];
    if WEIGHTS_ALONG && FOUR_ROWS { return Block(first, first, first, first); }
    return Block(first, weights[cursor.y], weights[cursor.z], weights[cursor.w]);
}
