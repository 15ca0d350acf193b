// A workgroup for each part of each row: its invocations walk along the row side by side and merge what they have in a
// tree. For rows long enough to keep a workgroup busy.
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
    let line = index % parameters.lines;
    let first = (index / parameters.lines) * parameters.part_places;
    let end = select(0u, min(first + parameters.part_places, parameters.places), is_real);

    let beginning = beginning_of(line);
    let of_line = other_of_line(line);
    var state = state_zero();
    for (var place = first + local; place < end; place += WORKGROUP) {
        let at = beginning + place * parameters.place_stride;
        state = state_step(state, value_at(at), other_at(at, place, of_line), place);
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
        if parameters.resume != 0u { state = state_merge(partials[index], state); }
        if parameters.direct != 0u {
            state_finish(state, line);
        } else {
            partials[index] = state;
        }
    }
}
