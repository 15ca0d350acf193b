// provides: starts, main
// needs: keys, functions, Bits, number_of, NEAR, INDEX_HEAD, parameters, WORKGROUP, work_item
// The index of knots that only the device has, third part: the bucket function with fewer steps is taken, and knots say
// where buckets start. One invocation a knot, and one a table for the end: those after the bucket of the knot before
// it, up to its own. Where those are many, which happens to few knots, they are left to the last part: no invocation
// has much more to do than others, however the knots are spread.
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    if item >= parameters.tables * (parameters.knots + 1u) { return; }
    let table = item / (parameters.knots + 1u);
    let knot = item - table * (parameters.knots + 1u);
    let head = table * (parameters.buckets + 1u + INDEX_HEAD);
    let used = starts[head + 2u];
    if knot > used { return; }
    let is_linear = starts[head] <= starts[head + 1u];
    let function = 8u * table + select(2u, 0u, is_linear);
    let base = table * parameters.knots;
    var first = 0u;
    if knot > 0u { first = number_of(keys[base + knot - 1u], function, is_linear) + 1u; }
    var end = parameters.buckets + 1u;
    if knot < used { end = number_of(keys[base + knot], function, is_linear) + 1u; }
    // Knots in no order may have fewer.
    if end <= first + NEAR {
        for (var bucket = first; bucket < end; bucket += 1u) { starts[head + INDEX_HEAD + bucket] = knot; }
    }
    if knot == 0u {
        functions[8u * table + 4u] = functions[function];
        functions[8u * table + 5u] = functions[function + 1u];
        functions[8u * table + 6u] = Bits(min(starts[head], starts[head + 1u]));
        functions[8u * table + 7u] = Bits(u32(is_linear));
    }
}
