// The segments of small tables in 64 KiB of constants: on a software rasteriser a load from there costs a quarter of one
// from a storage buffer.
const CELLS: u32 = 4096u / BITS_WORDS;
@group(0) @binding(3) var<uniform> segments: array<vec4<Bits>, CELLS>;
