// provides: output, factors, main
// needs: Bits, WORKGROUP, work_item, parameters, product
// A factor for each row, times something for each element of [outer, len, inner]: one invocation an element.

@group(0) @binding(1) var<storage, read_write> output: array<Bits>;
@group(0) @binding(2) var<storage, read> factors: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    // Remainders by way of quotients: a division takes longest.
    let number = index / parameters.inner;
    let outer = number / parameters.len;
    let row = outer * parameters.inner + (index - number * parameters.inner);
    let factor = factors[parameters.row_offset + row];
    output[parameters.element_offset + index] = product(factor, index, number - outer * parameters.len, row);
}
