// Four values a load, in blocks of four places of four lines.
@group(0) @binding(1) var<storage, read> values: array<vec4<Bits>>;

// Of each of four lines the same four places.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn values_at(at: vec4<u32>) -> Block {
    let quad = (at + parameters.value_shift) / 4u;
    return line_by_line(Block(values[quad.x], values[quad.y], values[quad.z], values[quad.w]));
}
