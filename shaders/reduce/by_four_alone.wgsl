// What goes with a value is the same all along its line.
fn others_at(at: vec4<u32>, place: u32, of_lines: vec4<Bits>) -> Block {
    return Block(vec4<Bits>(of_lines.x), vec4<Bits>(of_lines.y), vec4<Bits>(of_lines.z), vec4<Bits>(of_lines.w));
}
