// provides: OWN_KNOTS, starts, origins, bucket_start, search_start
// needs: Bits, real, Real, parameters, BUCKETS_LINEAR, bits_of_words
// The search index of all tables. A search starts at the last knot before the bucket that precedes the query's own: the
// bucket function may round differently here than it did on the host, by less than a bucket. DEPTH reaches past the
// bucket that follows, too.
override OWN_KNOTS: bool;
@group(1) @binding(1) var<storage, read> starts: array<u32>;
@group(1) @binding(2) var<storage, read> origins: array<Bits>;

fn bucket_start(query: Bits, k: Bits, origin: Bits, scale: Bits, first: u32) -> u32 {
    let linear = u32(max((real(query) - real(origin)) * real(scale), Real(0.0)));
    let by_key = u32(min((max(k, origin) - origin) >> u32(scale & Bits(63u)), Bits(0xffffffffu)));
    let is_linear = parameters.table.bucketing == BUCKETS_LINEAR;
    let bucket = min(select(by_key, linear, is_linear), parameters.table.buckets - 1u);
    return starts[first + max(bucket, 1u) - 1u];
}

fn search_start(query: vec4<Bits>, k: vec4<Bits>, table: u32) -> vec4<u32> {
    var origin = bits_of_words(parameters.table.origin);
    var scale = bits_of_words(parameters.table.scale);
    var first = 0u;
    if OWN_KNOTS {
        origin = origins[2u * table];
        scale = origins[2u * table + 1u];
        first = table * (parameters.table.buckets + 1u);
    }
    let start = vec4<u32>(
        bucket_start(query.x, k.x, origin, scale, first),
        bucket_start(query.y, k.y, origin, scale, first),
        bucket_start(query.z, k.z, origin, scale, first),
        bucket_start(query.w, k.w, origin, scale, first),
    );
    return max(start, vec4<u32>(1u)) - 1u;
}
