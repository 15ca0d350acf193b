// provides: words, main
// needs: WORKGROUP, work_item, parameters
// Zeros: one invocation four words.
@group(0) @binding(1) var<storage, read_write> words: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first = work_item(group, groups, local) * 4u;
    for (var index = first; index < min(first + 4u, parameters.total); index += 1u) {
        words[parameters.offset + index] = 0u;
    }
}
