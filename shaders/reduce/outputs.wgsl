// provides: main
// needs: WORKGROUP, work_item, parameters, row_offset, aux_of_row, state_zero, partials, state_step, load_value
// needs: load_aux, state_finalize
// An invocation for each part of each row, neighbours side by side: for reductions along an axis that is not the last,
// where neighbouring rows lie side by side in memory, and for many short rows.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    if item >= parameters.outputs * parameters.parts { return; }
    let row = item % parameters.outputs;
    let first = (item / parameters.outputs) * parameters.part_len;
    let end = min(first + parameters.part_len, parameters.reduce_len);

    let start = row_offset(row);
    let row_aux = aux_of_row(row);
    var state = state_zero();
    if parameters.continue_partial != 0u { state = partials[item]; }
    for (var index = first; index < end; index += 1u) {
        let at = start + index * parameters.axis_stride;
        state = state_step(state, load_value(at), load_aux(at, index, row_aux), index);
    }
    if parameters.single_pass != 0u {
        state_finalize(state, row);
    } else {
        partials[item] = state;
    }
}
