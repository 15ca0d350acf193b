// An invocation for each line: merges what its parts left, in their order, and writes the output.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let line = work_item(group, groups, local);
    if line >= parameters.lines { return; }
    var state = partials[line];
    for (var part = 1u; part < parameters.parts; part += 1u) {
        state = state_merge(state, partials[part * parameters.lines + line]);
    }
    state_finish(state, line);
}
