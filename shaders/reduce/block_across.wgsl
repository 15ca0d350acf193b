// Neighbouring lines lie side by side: a load brings one place of four lines.
// Neighbours read side by side already: a part is a stretch of places.
const SIDE_BY_SIDE = false;

fn quads_at(beginnings: vec4<u32>, place: u32) -> vec4<u32> {
    return beginnings.x + (place + vec4<u32>(0u, 1u, 2u, 3u)) * parameters.place_stride;
}
fn line_by_line(loaded: Block) -> Block {
    return Block(
        vec4<Bits>(loaded.a.x, loaded.b.x, loaded.c.x, loaded.d.x),
        vec4<Bits>(loaded.a.y, loaded.b.y, loaded.c.y, loaded.d.y),
        vec4<Bits>(loaded.a.z, loaded.b.z, loaded.c.z, loaded.d.z),
        vec4<Bits>(loaded.a.w, loaded.b.w, loaded.c.w, loaded.d.w),
    );
}
