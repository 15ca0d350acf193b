// provides: IN_TURNS, WHOLE, values, Block, index_of, cursor_of, cursor_step, load_values
// needs: Bits, parameters
// Four elements of a row in one load.
const IN_TURNS = false;
const WHOLE = true;
@group(0) @binding(1) var<storage, read> values: array<vec4<Bits>>;

// Four elements of each of four stretches.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn index_of(place: u32) -> u32 { return 4u * place; }
fn cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> { return (offsets + at + parameters.value_offset) / 4u; }
fn cursor_step(turn: u32) -> u32 { return turn / 4u; }
fn load_values(cursor: vec4<u32>, stride: u32) -> Block {
    return Block(values[cursor.x], values[cursor.y], values[cursor.z], values[cursor.w]);
}
