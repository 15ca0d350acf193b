// provides: sharing, between, place_of, rows_of_lane, blocks, rows_of, offsets_of
// needs: LANES, FOUR_ROWS, parameters, row_offset
// Neighbouring rows lie side by side. Neighbouring lanes have neighbouring rows; lanes that share rows take different
// indices of them.
fn sharing() -> u32 { return LANES >> parameters.lane_bits; }
fn between() -> u32 { return 1u << parameters.lane_bits; }
fn place_of(local: u32) -> u32 { return local >> parameters.lane_bits; }

fn rows_of_lane() -> u32 { return select(1u, 4u, FOUR_ROWS); }
fn blocks() -> u32 {
    let rows = rows_of_lane() * between();
    return (parameters.outputs + rows - 1u) / rows;
}
fn rows_of(block: u32, local: u32) -> vec4<u32> {
    let first = vec4<u32>((block * between() + (local & (between() - 1u))) * rows_of_lane());
    return select(first, first + vec4<u32>(0u, 1u, 2u, 3u), FOUR_ROWS);
}
// Where there are four rows, they lie in one load.
fn offsets_of(rows: vec4<u32>) -> vec4<u32> { return vec4<u32>(row_offset(rows.x)); }
