// provides: main
// needs: LANES, sharing, place_of, rows_of, parameters, partials, state_zero, state_merge, state_finalize, merged
// Merges the partial states of parts, many lanes a row where there are many parts, and writes the output.
@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = rows_of(group.y * groups.x + group.x, local).x;
    let place = place_of(local);
    let is_real = row < parameters.outputs;
    var state = state_zero();
    for (var part = place; part < select(0u, parameters.parts, is_real); part += sharing()) {
        state = state_merge(state, partials[part * parameters.outputs + row]);
    }
    state = merged(state, local, place, sharing());
    if is_real && place == 0u { state_finalize(state, row); }
}
