// provides: Output, safe_start, upper_bound, main
// needs: Bits, parameters, SIGN, INFINITY, BUCKETS_LINEAR, search_start, descend, key_at, WORKGROUP, work_item
// needs: load_queries, key, store_results
// Where values belong among sorted knots: one invocation takes four queries.
alias Output = u32;

// Where the search starts. The linear bucket function is for finite numbers only. Where it is used all knots are
// finite, so a search for anything else starts at an end.
fn safe_start(query: vec4<Bits>, k: vec4<Bits>) -> vec4<u32> {
    let end = select(vec4<u32>(0u), vec4<u32>(parameters.table.knots - 1u), k > vec4<Bits>(SIGN));
    let is_special = (query & vec4<Bits>(~SIGN)) >= vec4<Bits>(INFINITY);
    let is_linear = parameters.table.bucketing == BUCKETS_LINEAR;
    return select(search_start(query, k, 0u), end, is_special & vec4<bool>(is_linear));
}

// How many of the knots are not above each key: the last such knot and all before it.
fn upper_bound(query: vec4<Bits>, k: vec4<Bits>) -> vec4<u32> {
    let at = descend(safe_start(query, k), k, 0u);
    let found = vec4<Bits>(key_at(at.x), key_at(at.y), key_at(at.z), key_at(at.w));
    return select(at, at + 1u, (at < vec4<u32>(parameters.table.knots)) & (found <= k));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local) * 4u;
    if index >= parameters.total { return; }
    let query = load_queries(index);
    // Less than a key is at most the key before it: keys are integers, and the least of them is above zero.
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w)) - Bits(parameters.left);
    var count = upper_bound(query, k);
    if parameters.flip != 0u { count = parameters.table.knots - count; }
    store_results(index, parameters.total - index, count);
}
