// provides: load_aux
// needs: Bits, Block
// The auxiliary operand of a value is the same all along its row.
fn load_aux(at: vec4<u32>, index: u32, row_aux: vec4<Bits>) -> Block {
    return Block(vec4<Bits>(row_aux.x), vec4<Bits>(row_aux.y), vec4<Bits>(row_aux.z), vec4<Bits>(row_aux.w));
}
