// provides: cells, load_cells
// needs: parameters
// The segments of four queries in one load. Where they begin takes the place of the number of buckets: who knows
// segments has no use for buckets.
@group(0) @binding(7) var<storage, read> cells: array<vec4<u32>>;

fn load_cells(index: u32) -> vec4<u32> { return cells[(parameters.table.buckets + index) / 4u]; }
