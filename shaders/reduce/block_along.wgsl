// Lines are contiguous: a load brings four places of one line.
// Neighbouring parts of a line take turns, so that they read side by side: fewer pages are in use at a time.
const SIDE_BY_SIDE = true;

fn quads_at(beginnings: vec4<u32>, place: u32) -> vec4<u32> { return beginnings + place; }
fn line_by_line(loaded: Block) -> Block { return loaded; }
