// provides: sharing, between, place_of, side_by_side, rows_of_block, blocks, rows_of, offsets_of
// needs: LANES, FOUR_ROWS, parameters
// Rows lie one after another. Neighbouring lanes share a row, and read side by side; the next of them have the next
// row, so that short rows are read side by side as well.
fn sharing() -> u32 { return 1u << parameters.lane_bits; }
fn between() -> u32 { return 1u; }
fn place_of(local: u32) -> u32 { return local & (sharing() - 1u); }

fn side_by_side() -> u32 { return LANES >> parameters.lane_bits; }
fn rows_of_block() -> u32 { return select(1u, 4u, FOUR_ROWS) * side_by_side(); }
fn blocks() -> u32 { return (parameters.outputs + rows_of_block() - 1u) / rows_of_block(); }
fn rows_of(block: u32, local: u32) -> vec4<u32> {
    let first = vec4<u32>(block * rows_of_block() + (local >> parameters.lane_bits));
    return select(first, first + vec4<u32>(0u, 1u, 2u, 3u) * side_by_side(), FOUR_ROWS);
}
fn offsets_of(rows: vec4<u32>) -> vec4<u32> { return rows * parameters.row_stride; }
