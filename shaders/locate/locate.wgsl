// provides: Output, main
// needs: Bits, WORKGROUP, work_item, parameters, locate, store_results, store_wrapped, NAN_KEY
// The segments of queries: one invocation takes four queries of one row. NaN lies in the first segment.
alias Output = u32;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let quads = (parameters.columns + 3u) / 4u;
    let row = item / quads;
    let column = (item - row * quads) * 4u;
    if row >= parameters.rows || column >= parameters.columns { return; }
    let index = row * parameters.columns + column;
    let at = locate(index, column, parameters.first_row + row);
    store_results(index, parameters.columns - column, select(at.segment, vec4<u32>(0u), at.key == vec4<Bits>(NAN_KEY)));
    store_wrapped(row, index, parameters.columns - column, at.query);
}
