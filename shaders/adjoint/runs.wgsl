// provides: RUN, sums, main
// needs: WORKGROUP, work_item, parameters, start, locate, load_cotangents, take, finish
// Visits cotangents and where their queries lie: one invocation takes a run of queries of one row, four at a time.
override RUN: u32;
@group(0) @binding(2) var<storage, read_write> sums: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let runs = (parameters.columns + RUN - 1u) / RUN;
    let row = item / runs;
    let first = (item - row * runs) * RUN;
    if row >= parameters.rows || first >= parameters.columns { return; }
    let table = parameters.first_row + row;
    let field = select(table - parameters.first_set, 0u, parameters.one_set != 0u);
    let end = min(first + RUN, parameters.columns);
    var state = start(field, group.x % parameters.copies);
    for (var column = first; column < end; column += 4u) {
        let index = row * parameters.columns + column;
        let at = locate(index, column, table);
        let g = load_cotangents(index);
        state = take(state, table, at.query.x, at.key.x, at.segment.x, g.x);
        if column + 1u < end { state = take(state, table, at.query.y, at.key.y, at.segment.y, g.y); }
        if column + 2u < end { state = take(state, table, at.query.z, at.key.z, at.segment.z, g.z); }
        if column + 3u < end { state = take(state, table, at.query.w, at.key.w, at.segment.w, g.w); }
    }
    finish(state);
}
