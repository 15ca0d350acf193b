// provides: main
// needs: WORKGROUP, work_item, parameters, partials, sum_zero, add_rows
// An invocation for each part of the rows at each index along the axis, neighbouring indices side by side.
@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    if item >= parameters.columns * parameters.parts { return; }
    let part = item / parameters.columns;
    let column = item - part * parameters.columns;
    let first = part * parameters.part_rows;
    let end = min(first + parameters.part_rows, parameters.rows);
    let at = part * parameters.part_stride + parameters.first_column + column;

    var sum = sum_zero();
    if parameters.continue_partial != 0u { sum = partials[at]; }
    partials[at] = add_rows(sum, column, first, end, 1u);
}
