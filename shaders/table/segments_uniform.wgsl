// provides: CELLS, segments, key_at
// needs: UNIFORM_BYTES, BITS_WORDS, Bits
// The segments of small tables in a uniform buffer: on a software rasteriser a load costs a quarter of one from a
// storage buffer.
const CELLS: u32 = UNIFORM_BYTES / (16u * BITS_WORDS);
@group(1) @binding(0) var<uniform> segments: array<vec4<Bits>, CELLS>;

fn key_at(cell: u32) -> Bits { return segments[cell].x; }
