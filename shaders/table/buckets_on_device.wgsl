// provides: OWN_KNOTS, starts, functions, bucket_start, search_start
// needs: Bits, parameters, linear_bucket, key_bucket, INDEX_HEAD, narrow, DEPTH, first_cell
// The search index that the device made of its own knots: shaders/search/index_*.wgsl.
//
// What the host does not know is read from the index: which bucket function a table has, and how many steps its widest
// window takes. Those beyond DEPTH are a loop, which knots that are spread about evenly never enter. A search starts at
// the last knot before the bucket that precedes the query's own, as in buckets.wgsl.
override OWN_KNOTS: bool;
@group(1) @binding(1) var<storage, read> starts: array<u32>;
@group(1) @binding(2) var<storage, read> functions: array<vec4<Bits>>;

fn bucket_start(query: Bits, k: Bits, function: vec4<Bits>, first: u32) -> u32 {
    let last = parameters.table.buckets - 1u;
    let linear = linear_bucket(query, function.x, function.y, last);
    let by_key = key_bucket(k, function.x, u32(function.y & Bits(63u)), last);
    return starts[first + max(select(by_key, linear, function.w != Bits(0u)), 1u) - 1u];
}

fn search_start(query: vec4<Bits>, k: vec4<Bits>, table: u32) -> vec4<u32> {
    var number = 0u;
    if OWN_KNOTS { number = table; }
    let function = functions[2u * number + 1u];
    let first = number * (parameters.table.buckets + 1u + INDEX_HEAD) + INDEX_HEAD;
    var at = vec4<u32>(
        bucket_start(query.x, k.x, function, first),
        bucket_start(query.y, k.y, function, first),
        bucket_start(query.z, k.z, function, first),
        bucket_start(query.w, k.w, function, first),
    );
    at = max(at, vec4<u32>(1u)) - 1u;
    for (var steps = u32(function.z); steps > DEPTH; steps -= 1u) {
        at = narrow(at, 1u << (steps - 1u), k, first_cell(table));
    }
    return at;
}
