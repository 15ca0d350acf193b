// provides: SIDE_BY_SIDE, quads_at, row_by_row
// needs: parameters, Block, Bits
// Neighbouring rows lie side by side: a load brings one element of each of four rows. Neighbouring invocations read
// side by side already, so a part is a contiguous range of indices.
const SIDE_BY_SIDE = false;

fn quads_at(row_offsets: vec4<u32>, index: u32) -> vec4<u32> {
    return row_offsets.x + (index + vec4<u32>(0u, 1u, 2u, 3u)) * parameters.axis_stride;
}
fn row_by_row(loaded: Block) -> Block {
    return Block(
        vec4<Bits>(loaded.a.x, loaded.b.x, loaded.c.x, loaded.d.x),
        vec4<Bits>(loaded.a.y, loaded.b.y, loaded.c.y, loaded.d.y),
        vec4<Bits>(loaded.a.z, loaded.b.z, loaded.c.z, loaded.d.z),
        vec4<Bits>(loaded.a.w, loaded.b.w, loaded.c.w, loaded.d.w),
    );
}
