// Finds a key among the sorted keys of a table: how many are less than or equal to it.
//
// Needs: keys, starts, origins (storage), and parameters with knots, buckets and bucketing.
// The bucket function is evaluated here and on the host, maybe with other roundings, so what a bucket says is a guess:
// it is verified, and where it fails the whole table is bisected.

// How the buckets are made: not at all, linear in the value, or (the third, 2) linear in the key.
const BUCKETS_NONE: u32 = 0u;
const BUCKETS_LINEAR: u32 = 1u;

fn bucket(k: Bits, query: Bits, table: u32) -> u32 {
    let origin = origins[2u * table];
    let scale = origins[2u * table + 1u];
    if parameters.bucketing == BUCKETS_LINEAR {
        return min(u32((real(query) - real(origin)) * real(scale)), parameters.buckets - 1u);
    }
    return min(u32((k - origin) >> u32(scale)), parameters.buckets - 1u);
}

// The first place in low..high whose key is above k.
fn bisect(k: Bits, base: u32, from_place: u32, to_place: u32) -> u32 {
    var low = from_place;
    var high = to_place;
    while low < high {
        let middle = low + (high - low) / 2u;
        if keys[base + middle] <= k { low = middle + 1u; } else { high = middle; }
    }
    return low;
}

fn upper_bound(k: Bits, query: Bits, table: u32) -> u32 {
    let knots = parameters.knots;
    let base = table * knots;
    if parameters.bucketing == BUCKETS_NONE { return bisect(k, base, 0u, knots); }
    let start = table * (parameters.buckets + 1u) + bucket(k, query, table);
    let place = bisect(k, base, starts[start], min(starts[start + 1u], knots));
    let is_after = place == 0u || keys[base + place - 1u] <= k;
    let is_before = place >= knots || keys[base + place] > k;
    if is_after && is_before { return place; }
    return bisect(k, base, 0u, knots);
}
