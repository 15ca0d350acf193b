// provides: values, Block, load_values
// needs: Bits, parameters, row_by_row
// Four values a load, in blocks of four elements of four rows.
@group(0) @binding(1) var<storage, read> values: array<vec4<Bits>>;

// The same four indices of each of four rows.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn load_values(at: vec4<u32>) -> Block {
    let quad = (at + parameters.value_offset) / 4u;
    return row_by_row(Block(values[quad.x], values[quad.y], values[quad.z], values[quad.w]));
}
