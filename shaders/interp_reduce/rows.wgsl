// A workgroup for each part of each row: its invocations walk along the row side by side and merge what they have in a
// tree.
var<workgroup> shared_states: array<State, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Uniform in the workgroup, so that everybody reaches the barriers; a group past the end walks along nothing.
    let index = group.y * groups.x + group.x;
    let is_real = index < parameters.lines * parameters.parts;
    let row = index % parameters.lines;
    let part = index / parameters.lines;
    let first = part * parameters.part_places;
    let end = select(0u, min(first + parameters.part_places, parameters.places), is_real);
    var state = state_zero();
    for (var place = first + 4u * local; place < end; place += 4u * WORKGROUP) {
        state = take_four(state, row, place, end);
    }
    shared_states[local] = state;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_states[local] = state_merge(shared_states[local], shared_states[local + half]);
        }
    }
    if local == 0u && is_real { leave(shared_states[0], row, part); }
}
