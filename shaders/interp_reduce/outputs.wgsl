// provides: main
// needs: WORKGROUP, work_item, parameters, state_zero, accumulate4, store_partial
// An invocation for each part of each row.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    if item >= parameters.outputs * parameters.parts { return; }
    let row = item % parameters.outputs;
    let part = item / parameters.outputs;
    let first = part * parameters.part_len;
    let end = min(first + parameters.part_len, parameters.reduce_len);
    var state = state_zero();
    for (var index = first; index < end; index += 4u) {
        state = accumulate4(state, row, index, end);
    }
    store_partial(state, row, part);
}
