// A search begins at the last knot before the bucket that comes before the query's own. The bucket function may be rounded
// otherwise here than it was on the host, by less than a bucket: DEPTH reaches past the bucket that comes after, too.
const BUCKETS_LINEAR: u32 = 1u;

fn start_of_bucket(query: Bits, k: Bits, origin: Bits, scale: Bits, first: u32) -> u32 {
    let linear = u32(max((real(query) - real(origin)) * real(scale), Real(0.0)));
    let by_key = u32(min((max(k, origin) - origin) >> u32(scale & Bits(63u)), Bits(0xffffffffu)));
    let bucket = min(select(by_key, linear, parameters.bucketing == BUCKETS_LINEAR), parameters.buckets - 1u);
    return starts[first + max(bucket, 1u) - 1u];
}

fn first_place(query: vec4<Bits>, k: vec4<Bits>, row: u32) -> vec4<u32> {
    var origin = bits_of_words(parameters.origin);
    var scale = bits_of_words(parameters.scale);
    var first = 0u;
    if OWN_KNOTS {
        origin = origins[2u * row];
        scale = origins[2u * row + 1u];
        first = row * (parameters.buckets + 1u);
    }
    let start = vec4<u32>(
        start_of_bucket(query.x, k.x, origin, scale, first),
        start_of_bucket(query.y, k.y, origin, scale, first),
        start_of_bucket(query.z, k.z, origin, scale, first),
        start_of_bucket(query.w, k.w, origin, scale, first),
    );
    return max(start, vec4<u32>(1u)) - 1u;
}
