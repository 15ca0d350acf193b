// provides: values, means, scales, output, main
// needs: Bits, WORKGROUP, work_item, parameters, real, bits, bits_of_words, is_zero
// (a - mean) / std: one invocation an element.

@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read> means: array<Bits>;
@group(0) @binding(3) var<storage, read> scales: array<Bits>;
@group(0) @binding(4) var<storage, read_write> output: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let row = index / (parameters.len * parameters.inner) * parameters.inner + index % parameters.inner;
    let at = parameters.statistics_offset + row;
    let scale = scales[at];
    let value = real(values[parameters.value_offset + index]);
    let scaled = bits((value - real(means[at])) / real(scale));
    // A constant row has no scale: 0 would be indistinguishable from an element equal to its mean.
    output[parameters.output_offset + index] = select(scaled, bits_of_words(parameters.nan), is_zero(scale));
}
