// provides: main
// needs: WORKGROUP, work_item, parameters, partials, state_merge, state_finalize
// An invocation for each row: merges the partial states of its parts, in their order, and writes the output.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = work_item(group, groups, local);
    if row >= parameters.outputs { return; }
    var state = partials[row];
    for (var part = 1u; part < parameters.parts; part += 1u) {
        state = state_merge(state, partials[part * parameters.outputs + row]);
    }
    state_finalize(state, row);
}
