// provides: load_aux
// needs: Bits, Block
// The auxiliary operand of a value is the same all along its row.
fn load_aux(offsets: vec4<u32>, at: vec4<u32>, spread: u32, row_aux: vec4<Bits>) -> Block {
    return Block(vec4<Bits>(row_aux.x), vec4<Bits>(row_aux.y), vec4<Bits>(row_aux.z), vec4<Bits>(row_aux.w));
}
