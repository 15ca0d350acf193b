// provides: output, main
// needs: Bits, WORKGROUP, work_item, parameters, partials, sum_zero, sum_merge, bits, sum_round
// An invocation for each index along the axis: merges the sums of its parts, in their order.
@group(0) @binding(5) var<storage, read_write> output: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let column = work_item(group, groups, local);
    if column >= parameters.columns { return; }
    var sum = sum_zero();
    for (var part = 0u; part < parameters.parts; part += 1u) {
        sum = sum_merge(sum, partials[part * parameters.part_stride + column]);
    }
    output[parameters.output_offset + column] = bits(sum_round(sum));
}
