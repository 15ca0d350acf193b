// An invocation for each part of each row.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.lines * parameters.parts { return; }
    let row = index % parameters.lines;
    let part = index / parameters.lines;
    let first = part * parameters.part_places;
    let end = min(first + parameters.part_places, parameters.places);
    var state = state_zero();
    for (var place = first; place < end; place += 4u) {
        state = take_four(state, row, place, end);
    }
    leave(state, row, part);
}
