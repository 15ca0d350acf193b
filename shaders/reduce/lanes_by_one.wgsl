// provides: SPREAD, values, Block, index_of, four_values, load_values
// needs: Bits, parameters
// One element a load, wherever rows begin: the lanes that share a row take turns, so that neighbours read side by side.
const SPREAD = true;
@group(0) @binding(1) var<storage, read> values: array<Bits>;

// Four elements of each of four stretches.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn index_of(place: u32) -> u32 { return place; }
fn four_values(at: u32, apart: u32) -> vec4<Bits> {
    return vec4<Bits>(values[at], values[at + apart], values[at + 2u * apart], values[at + 3u * apart]);
}
fn load_values(offsets: vec4<u32>, at: vec4<u32>, spread: u32) -> Block {
    let first = offsets + at * parameters.axis_stride + parameters.value_offset;
    let apart = spread * parameters.axis_stride;
    return Block(
        four_values(first.x, apart), four_values(first.y, apart), four_values(first.z, apart), four_values(first.w, apart),
    );
}
