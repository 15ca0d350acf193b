// provides: shared_states, main
// needs: State, WORKGROUP, parameters, row_offset, aux_of_row, state_zero, state_step, load_value, load_aux
// needs: state_merge, partials, state_finalize
// A workgroup for each part of each row: its invocations step along the row side by side and merge their states in a
// tree. For rows long enough to keep a workgroup busy.
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
    let first = (item / parameters.outputs) * parameters.part_len;
    let end = select(0u, min(first + parameters.part_len, parameters.reduce_len), is_real);

    let start = row_offset(row);
    let row_aux = aux_of_row(row);
    var state = state_zero();
    for (var index = first + local; index < end; index += WORKGROUP) {
        let at = start + index * parameters.axis_stride;
        state = state_step(state, load_value(at), load_aux(at, index, row_aux), index);
    }
    shared_states[local] = state;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            shared_states[local] = state_merge(shared_states[local], shared_states[local + half]);
        }
    }
    if local == 0u && is_real {
        state = shared_states[0];
        if parameters.continue_partial != 0u { state = state_merge(partials[item], state); }
        if parameters.single_pass != 0u {
            state_finalize(state, row);
        } else {
            partials[item] = state;
        }
    }
}
