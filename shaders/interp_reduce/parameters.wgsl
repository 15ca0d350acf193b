// Sums, means and weighted averages of rows that are looked up when they are needed: what a table gives never goes to memory.
//
// The rules of lookup are those of shaders/interp, the states and what is made of them those of shaders/reduce.

struct Parameters {
    lines: u32,        // rows of this dispatch
    places: u32,       // queries a row
    parts: u32,        // into which a row is split
    part_places: u32,  // of one part, a multiple of four
    query_shift: u32,  // where the queries begin in their window
    weight_shift: u32,
    output_shift: u32,
    first_line: u32,   // of this dispatch, among all outputs
    finish: u32,
    check: u32,        // which word of the checks
    zero: u32,         // zero, which only the host knows
    has_sums: u32,     // 1: the sums of weights are wanted too
    flags: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    method: u32,
    has_fill: u32,     // 1: `fill` stands where a sum of weights is zero, 0: that is noted in the checks
    left: vec2<u32>,
    right: vec2<u32>,
    period: vec2<u32>,
    nan: vec2<u32>,
    origin: vec2<u32>, // of the bucket function, where all queries go to one table
    scale: vec2<u32>,
    fill: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> partials: array<State>;

// The constant SKIP_NAN says whether values that are NaN are as if they were not there.
fn is_skipped(value: Bits) -> bool { return SKIP_NAN && is_nan(value); }
