// provides: cells, load_cells
// needs: parameters
// The segments of four queries one by one. Where they begin takes the place of the number of buckets: who knows
// segments has no use for buckets.
@group(0) @binding(7) var<storage, read> cells: array<u32>;

fn load_cells(index: u32) -> vec4<u32> {
    let at = parameters.table.buckets + index;
    return vec4<u32>(cells[at], cells[at + 1u], cells[at + 2u], cells[at + 3u]);
}
