// [outer, a, b, inner] -> [outer, b, a, inner]: one invocation an element of the output. Elements are moved as words
// and never looked at.

struct Parameters {
    total: u32,
    a: u32,
    b: u32,
    inner: u32,
    source_shift: u32,
    target_shift: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<Word>;
@group(0) @binding(2) var<storage, read_write> target_: array<Word>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let inner = index % parameters.inner;
    let rest = index / parameters.inner;
    let a = rest % parameters.a;
    let b = (rest / parameters.a) % parameters.b;
    let outer = rest / parameters.a / parameters.b;
    let from_place = ((outer * parameters.a + a) * parameters.b + b) * parameters.inner + inner;
    target_[parameters.target_shift + index] = source[parameters.source_shift + from_place];
}
