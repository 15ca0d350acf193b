// provides: IN_TURNS, WHOLE, values, Block, index_of, cursor_of, cursor_step, four_values, load_values
// needs: Bits, parameters
// One element a load, wherever rows begin: the lanes that share a row take turns, so that neighbours read side by side.
const IN_TURNS = true;
const WHOLE = false;
@group(0) @binding(1) var<storage, read> values: array<Bits>;

// Four elements of each of four stretches.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn index_of(place: u32) -> u32 { return place; }
fn four_values(at: u32, apart: u32) -> vec4<Bits> {
    return vec4<Bits>(values[at], values[at + apart], values[at + 2u * apart], values[at + 3u * apart]);
}
fn cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> {
    return offsets + at * parameters.axis_stride + parameters.value_offset;
}
fn cursor_step(turn: u32) -> u32 { return turn * parameters.axis_stride; }
fn load_values(cursor: vec4<u32>, stride: u32) -> Block {
    let apart = stride * parameters.axis_stride;
    return Block(
        four_values(cursor.x, apart), four_values(cursor.y, apart), four_values(cursor.z, apart),
        four_values(cursor.w, apart),
    );
}
