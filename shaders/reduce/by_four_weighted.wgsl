// A weight goes with each value: that of its place, the same for four lines, or its own.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn other_of_line(line: u32) -> Bits { return Bits(0u); }
fn others_at(at: vec4<u32>, place: u32, of_lines: vec4<Bits>) -> Block {
    if WEIGHTS_ALONG {
        let same = weights[(parameters.weight_shift + place) / 4u];
        return Block(same, same, same, same);
    }
    let quad = (at + parameters.weight_shift) / 4u;
    return line_by_line(Block(weights[quad.x], weights[quad.y], weights[quad.z], weights[quad.w]));
}
