// provides: segments, key_at
// needs: Bits
// The segments of all tables in a storage buffer.
@group(1) @binding(0) var<storage, read> segments: array<vec4<Bits>>;

fn key_at(cell: u32) -> Bits { return segments[cell].x; }
