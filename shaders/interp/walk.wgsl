// provides: Position, OWN_KNOTS, EVEN, STEPS, starts, origins, start_of, find, locate
// needs: Bits, Real, real, key, wrap, segments, parameters, first_cell, bits_of_words, BUCKETS_LINEAR, NAN_KEY
// needs: load_queries, has, FLAG_SHARED_QUERIES
// Finding for hardware: four queries go to the last knot before their bucket, or where evenly spaced knots would have
// them, and from there from segment to segment until they are inside. A segment is one load and tells where it ends, so
// most queries take one load for the start and one or two for segments, which then need not be loaded to be evaluated;
// bisecting takes a load a step. The loads of four queries do not wait for one another.
//
// The device may round otherwise than the host did, so a walk goes either way. It ends: for knots in no order, and NaN,
// after as many steps as the knots of three neighbouring buckets take.
override OWN_KNOTS: bool;
override EVEN: bool;
override STEPS: u32;
@group(1) @binding(1) var<storage, read> starts: array<u32>;
@group(1) @binding(2) var<storage, read> origins: array<Bits>;

// Where four queries of one row lie in its table, and the segments there.
struct Position {
    query: vec4<Bits>,    // taken into the period
    key: vec4<Bits>,      // of that query
    segment: vec4<u32>,   // the number of its segment within the table
    a: vec4<Bits>,
    b: vec4<Bits>,
    c: vec4<Bits>,
    d: vec4<Bits>,
}

// The last knot before the query's bucket, or the knot at its place among evenly spaced ones.
fn start_of(query: Bits, k: Bits, origin: Bits, scale: Bits, first: u32) -> u32 {
    let last = parameters.table.buckets - 1u;
    let linear = u32(max((real(query) - real(origin)) * real(scale), Real(0.0)));
    if EVEN { return min(linear, last); }
    let by_key = u32(min((max(k, origin) - origin) >> u32(scale & Bits(63u)), Bits(0xffffffffu)));
    let bucket = min(select(by_key, linear, parameters.table.bucketing == BUCKETS_LINEAR), last);
    return max(starts[first + bucket], 1u) - 1u;
}

fn find(asked: vec4<Bits>, table: u32) -> Position {
    let query = vec4<Bits>(wrap(asked.x), wrap(asked.y), wrap(asked.z), wrap(asked.w));
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w));
    var origin = bits_of_words(parameters.table.origin);
    var scale = bits_of_words(parameters.table.scale);
    var index = 0u;
    if OWN_KNOTS {
        origin = origins[2u * table];
        scale = origins[2u * table + 1u];
        index = table * (parameters.table.buckets + 1u);
    }
    var at = vec4<u32>(
        start_of(query.x, k.x, origin, scale, index),
        start_of(query.y, k.y, origin, scale, index),
        start_of(query.z, k.z, origin, scale, index),
        start_of(query.w, k.w, origin, scale, index),
    );
    let first = first_cell(table);
    var a = segments[first + at.x];
    var b = segments[first + at.y];
    var c = segments[first + at.z];
    var d = segments[first + at.w];
    // NaN has the largest key, and goes nowhere.
    let last = select(vec4<u32>(parameters.table.knots - 1u), vec4<u32>(0u), k == vec4<Bits>(NAN_KEY));
    for (var step = 0u; step < STEPS; step += 1u) {
        let on_right = (vec4<Bits>(a.w, b.w, c.w, d.w) <= k) & (at < last);
        let on_left = (vec4<Bits>(a.x, b.x, c.x, d.x) > k) & (at > vec4<u32>(0u));
        let on = on_right | on_left;
        if !any(on) { break; }
        at = select(select(at, at + 1u, on_right), at - 1u, on_left);
        if on.x { a = segments[first + at.x]; }
        if on.y { b = segments[first + at.y]; }
        if on.z { c = segments[first + at.z]; }
        if on.w { d = segments[first + at.w]; }
    }
    return Position(query, k, at, a, b, c, d);
}

// Of four results, and their place in the row.
fn locate(index: u32, column: u32, table: u32) -> Position {
    return find(load_queries(select(index, column, has(FLAG_SHARED_QUERIES))), table);
}
