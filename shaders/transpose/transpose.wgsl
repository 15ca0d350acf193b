// provides: source, target_, main
// needs: Word, WORKGROUP, work_item, parameters
// [outer, a, b, inner] -> [outer, b, a, inner]: one invocation an element of the output. Elements are copied as words,
// never computed with.

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
    let outer_ab = index / parameters.inner;
    let a = outer_ab % parameters.a;
    let b = (outer_ab / parameters.a) % parameters.b;
    let outer = outer_ab / parameters.a / parameters.b;
    let position = ((outer * parameters.a + a) * parameters.b + b) * parameters.inner + inner;
    target_[parameters.target_offset + index] = source[parameters.source_offset + position];
}
