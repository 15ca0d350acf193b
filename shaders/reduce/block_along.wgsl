// provides: SIDE_BY_SIDE, quads_at, row_by_row
// needs: Block
// Rows are contiguous: a load brings four elements of one row. Neighbouring parts of a row take turns, so that they
// read side by side: fewer pages are in use at a time.
const SIDE_BY_SIDE = true;

fn quads_at(row_offsets: vec4<u32>, index: u32) -> vec4<u32> { return row_offsets + index; }
fn row_by_row(loaded: Block) -> Block { return loaded; }
