// provides: shared_states, main
// needs: State, WORKGROUP, parameters, state_zero, accumulate4, state_merge, store_partial
// A workgroup for each part of each row: its invocations step along the row side by side and merge their states in a
// tree.
var<workgroup> shared_states: array<State, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Uniform in the workgroup, so that all invocations reach the barriers; a group past the end reads nothing.
    let item = group.y * groups.x + group.x;
    let is_real = item < parameters.outputs * parameters.parts;
    let row = item % parameters.outputs;
    let part = item / parameters.outputs;
    let first = part * parameters.part_len;
    let end = select(0u, min(first + parameters.part_len, parameters.reduce_len), is_real);
    var state = state_zero();
    for (var index = first + 4u * local; index < end; index += 4u * WORKGROUP) {
        state = accumulate4(state, row, index, end);
    }
    shared_states[local] = state;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_states[local] = state_merge(shared_states[local], shared_states[local + half]);
        }
    }
    if local == 0u && is_real { store_partial(shared_states[0], row, part); }
}
