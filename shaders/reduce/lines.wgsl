// An invocation for each part of each line, neighbours side by side: for reductions along an axis that is not the last,
// where neighbouring lines lie side by side in memory, and for many short rows.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.lines * parameters.parts { return; }
    let line = index % parameters.lines;
    let first = (index / parameters.lines) * parameters.part_places;
    let end = min(first + parameters.part_places, parameters.places);

    let beginning = beginning_of(line);
    let of_line = other_of_line(line);
    var state = state_zero();
    if parameters.resume != 0u { state = partials[index]; }
    for (var place = first; place < end; place += 1u) {
        let at = beginning + place * parameters.place_stride;
        state = state_step(state, value_at(at), other_at(at, place, of_line), place);
    }
    if parameters.direct != 0u {
        state_finish(state, line);
    } else {
        partials[index] = state;
    }
}
