// Piecewise linear interpolation: one invocation takes four queries of one row.
//
// Swapped in: how queries come and results go (by four, by one), and what looks them up (search).

struct Parameters {
    rows: u32,          // of this dispatch
    columns: u32,       // queries a row in this dispatch
    first_row: u32,     // the table of the first row
    flags: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    method: u32,
    query_shift: u32,   // where the queries begin in their window
    output_shift: u32,  // where the output begins in its window
    left: vec2<u32>,
    right: vec2<u32>,
    period: vec2<u32>,
    nan: vec2<u32>,
    origin: vec2<u32>,  // of the bucket function, where all queries go to one table
    scale: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    var row = 0u;
    var column = item * 4u;
    if TABLES {
        let quads = (parameters.columns + 3u) / 4u;
        row = item / quads;
        column = (item - row * quads) * 4u;
    }
    if row >= parameters.rows || column >= parameters.columns { return; }
    let place = row * parameters.columns + column;
    let queries = load_queries(select(place, column, has(FLAG_SHARED_QUERIES)));
    store_results(place, parameters.columns - column, evaluate(queries, parameters.first_row + row));
}
