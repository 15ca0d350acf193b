// provides: weights, aux_of_row, four_weights, weight_stride, aux_cursor_of, aux_cursor_step, load_aux
// needs: Bits, Block, parameters, WEIGHTS_ALONG, FOUR_ROWS
// One weight a load: that of the index along the row, or that of the element.
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }
fn four_weights(at: u32, apart: u32) -> vec4<Bits> {
    return vec4<Bits>(weights[at], weights[at + apart], weights[at + 2u * apart], weights[at + 3u * apart]);
}
fn weight_stride() -> u32 { return select(parameters.axis_stride, 1u, WEIGHTS_ALONG); }
fn aux_cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> {
    return select(offsets, vec4<u32>(0u), WEIGHTS_ALONG) + at * weight_stride() + parameters.weight_offset;
}
fn aux_cursor_step(turn: u32) -> u32 { return turn * weight_stride(); }
fn load_aux(cursor: vec4<u32>, stride: u32, row_aux: vec4<Bits>) -> Block {
    let apart = stride * weight_stride();
    let along = four_weights(cursor.x, apart);
    if WEIGHTS_ALONG && FOUR_ROWS { return Block(along, along, along, along); }
    return Block(along, four_weights(cursor.y, apart), four_weights(cursor.z, apart), four_weights(cursor.w, apart));
}
