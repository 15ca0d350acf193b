// provides: aux_cursor_of, aux_cursor_step, load_aux
// needs: Bits, Block
// The auxiliary operand of a value is the same all along its row.
fn aux_cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> { return at; }
fn aux_cursor_step(turn: u32) -> u32 { return turn; }
fn load_aux(cursor: vec4<u32>, stride: u32, row_aux: vec4<Bits>) -> Block {
    return Block(vec4<Bits>(row_aux.x), vec4<Bits>(row_aux.y), vec4<Bits>(row_aux.z), vec4<Bits>(row_aux.w));
}
