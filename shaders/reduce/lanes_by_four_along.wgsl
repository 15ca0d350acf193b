// provides: SPREAD, values, Block, index_of, load_values
// needs: Bits, parameters
// Four elements of a row in one load.
const SPREAD = false;
@group(0) @binding(1) var<storage, read> values: array<vec4<Bits>>;

// Four elements of each of four stretches.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn index_of(place: u32) -> u32 { return 4u * place; }
fn load_values(offsets: vec4<u32>, at: vec4<u32>, spread: u32) -> Block {
    let quad = (offsets + at + parameters.value_offset) / 4u;
    return Block(values[quad.x], values[quad.y], values[quad.z], values[quad.w]);
}
