// provides: IN_TURNS, WHOLE, values, Block, index_of, row_by_row, cursor_at, cursor_of, cursor_step
// provides: quads_at, load_values
// needs: Bits, parameters
// The same element of four rows in one load.
const IN_TURNS = false;
const WHOLE = false;
@group(0) @binding(1) var<storage, read> values: array<vec4<Bits>>;

// Four elements of each of four rows.
struct Block { a: vec4<Bits>, b: vec4<Bits>, c: vec4<Bits>, d: vec4<Bits> }

fn index_of(place: u32) -> u32 { return 4u * place; }
fn row_by_row(loaded: Block) -> Block {
    return Block(
        vec4<Bits>(loaded.a.x, loaded.b.x, loaded.c.x, loaded.d.x),
        vec4<Bits>(loaded.a.y, loaded.b.y, loaded.c.y, loaded.d.y),
        vec4<Bits>(loaded.a.z, loaded.b.z, loaded.c.z, loaded.d.z),
        vec4<Bits>(loaded.a.w, loaded.b.w, loaded.c.w, loaded.d.w),
    );
}
fn cursor_at(offset: u32, index: u32) -> u32 { return (offset + index * parameters.axis_stride) / 4u; }
fn cursor_of(offsets: vec4<u32>, at: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(cursor_at(offsets.x + parameters.value_offset, at.x));
}
fn cursor_step(turn: u32) -> u32 { return turn * parameters.axis_stride / 4u; }
fn quads_at(cursor: u32) -> vec4<u32> { return cursor + vec4<u32>(0u, 1u, 2u, 3u) * (parameters.axis_stride / 4u); }
fn load_values(cursor: vec4<u32>, stride: u32) -> Block {
    let quad = quads_at(cursor.x);
    return row_by_row(Block(values[quad.x], values[quad.y], values[quad.z], values[quad.w]));
}
