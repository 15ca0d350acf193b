// provides: starts, main
// needs: keys, number_of, UNSET, INDEX_HEAD, parameters, WORKGROUP, work_item
// The index of knots that only the device has, last part: the starts of buckets far from any knot, each of which
// bisects the knots. One invocation a bucket, and one a table for the end.
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let buckets = parameters.buckets + 1u;
    if item >= parameters.tables * buckets { return; }
    let table = item / buckets;
    let bucket = item - table * buckets;
    let head = table * (buckets + INDEX_HEAD);
    if starts[head + INDEX_HEAD + bucket] != UNSET { return; }
    let is_linear = starts[head] <= starts[head + 1u];
    let function = 8u * table + select(2u, 0u, is_linear);
    let base = table * parameters.knots;
    var low = 0u;
    var high = starts[head + 2u];
    while low < high {
        let middle = low + (high - low) / 2u;
        if number_of(keys[base + middle], function, is_linear) < bucket { low = middle + 1u; } else { high = middle; }
    }
    starts[head + INDEX_HEAD + bucket] = low;
}
