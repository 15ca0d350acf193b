// (a - mean) / std: one invocation an element.

struct Parameters {
    total: u32, // of this tile
    len: u32,   // of this tile
    inner: u32, // of this tile
    value_shift: u32,
    output_shift: u32,
    line_shift: u32, // where the statistics of its lines begin in their windows
    nan: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read> means: array<Bits>;
@group(0) @binding(3) var<storage, read> deviations: array<Bits>;
@group(0) @binding(4) var<storage, read_write> result: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let line = index / (parameters.len * parameters.inner) * parameters.inner + index % parameters.inner;
    let at = parameters.line_shift + line;
    let deviation = deviations[at];
    let value = real(values[parameters.value_shift + index]);
    let answer = bits((value - real(means[at])) / real(deviation));
    // Where all values are the same there is no scale to measure them by.
    result[parameters.output_shift + index] = select(answer, bits_of_words(parameters.nan), is_zero(deviation));
}
