// A reduction along one axis of an array seen as [outer, len, inner]. A line is what becomes one output: all places along
// `len` for one outer and one inner index. A dispatch covers a tile of the array: some lines, some of their length.

struct Parameters {
    lines: u32,        // of this tile
    inner: u32,        // of this tile
    places: u32,       // along `len`, of this tile
    parts: u32,        // into which the places are split
    part_places: u32,  // of one part
    row_stride: u32,   // elements from one outer index to the next
    place_stride: u32, // elements from one place to the next
    value_shift: u32,  // where the tile begins in its window
    weight_shift: u32,
    output_shift: u32, // where its lines begin in the windows of outputs
    mean_shift: u32,   // and in that of the means
    first_line: u32,   // of this tile, among all outputs
    first_place: u32,  // of this tile, along the line
    finish: u32,
    resume: u32,       // 1: go on from the partial sums of the tile before
    direct: u32,       // 1: this tile is the whole line, write the output
    weights_along: u32, // 1: a weight a place, 0: a weight an element
    has_sums: u32,     // 1: the sums of weights are wanted too
    skip_nan: u32,     // 1: as if values that are NaN were not there
    check: u32,        // which word of the checks
    zero: u32,         // zero, which only the host knows
    has_fill: u32,     // 1: `fill` stands where a sum of weights is zero, 0: that is noted in the checks
    nan: vec2<u32>,
    infinity: vec2<u32>,
    ddof: vec2<u32>,
    fill: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> partials: array<State>;

// Where a line begins, from the beginning of the tile.
fn beginning_of(line: u32) -> u32 {
    let outer = line / parameters.inner;
    return outer * parameters.row_stride + (line - outer * parameters.inner);
}

fn is_skipped(value: Bits) -> bool { return parameters.skip_nan != 0u && is_nan(value); }
