// The segments of small tables in 64 KiB of constants.
const CELLS: u32 = 4096u / BITS_WORDS;
@group(0) @binding(7) var<uniform> segments: array<vec4<Bits>, CELLS>;
