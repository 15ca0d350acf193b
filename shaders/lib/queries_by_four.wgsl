// provides: x, load_queries
// needs: Bits, parameters
// Four queries in one load, where each row begins at a multiple of four. The last load may reach past the end of the
// row, and of the array, into padding that nobody uses.
@group(0) @binding(1) var<storage, read> x: array<vec4<Bits>>;

fn load_queries(index: u32) -> vec4<Bits> { return x[(parameters.query_offset + index) / 4u]; }
