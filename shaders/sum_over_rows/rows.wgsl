// provides: shared_sums, main
// needs: Accumulator, WORKGROUP, parameters, partials, sum_zero, add_rows, sum_merge
// A workgroup for each part of the rows at each index along the axis: its invocations take neighbouring rows and merge
// their sums in a tree.
var<workgroup> shared_sums: array<Accumulator, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Uniform in the workgroup, so that all invocations reach the barriers; a group past the end reads nothing.
    let item = group.y * groups.x + group.x;
    let is_real = item < parameters.columns * parameters.parts;
    let part = item / parameters.columns;
    let column = item - part * parameters.columns;
    let first = part * parameters.part_rows;
    let end = select(0u, min(first + parameters.part_rows, parameters.rows), is_real);

    shared_sums[local] = add_rows(sum_zero(), column, first + local, end, WORKGROUP);
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half { shared_sums[local] = sum_merge(shared_sums[local], shared_sums[local + half]); }
    }
    if local == 0u && is_real {
        let at = part * parameters.part_stride + parameters.first_column + column;
        var sum = shared_sums[0];
        if parameters.continue_partial != 0u { sum = sum_merge(partials[at], sum); }
        partials[at] = sum;
    }
}
