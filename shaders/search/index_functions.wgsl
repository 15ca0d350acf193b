// provides: keys, starts, functions, main
// needs: Bits, Real, real, bits, bits_of_key, magnitude, INFINITY, MANTISSA_BITS, NAN_KEY, UNUSABLE, INDEX_HEAD
// needs: parameters, WORKGROUP, work_item
// The index of knots that only the device has, first part: the two bucket functions of each table, and the head of its
// index. One invocation a table.
//
// The linear function is for knots whose distances do not overflow, and that are not so close together that a device
// which flushes subnormals would mistake a bucket; all of that is read from exponents. The function by key is for any
// knots. Behind the last knot there may be NaN in place of others, which no bucket holds.
@group(0) @binding(1) var<storage, read> keys: array<Bits>;
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> functions: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let table = work_item(group, groups, local);
    if table >= parameters.tables { return; }
    let base = table * parameters.knots;
    var used = 0u;
    var end = parameters.knots;
    while used < end {
        let middle = used + (end - used) / 2u;
        if keys[base + middle] < NAN_KEY { used = middle + 1u; } else { end = middle; }
    }
    let first = keys[base];
    // Knots that nobody has put in order have no range.
    let last = max(keys[base + max(used, 1u) - 1u], first);

    let origin = bits_of_key(first);
    let far = bits_of_key(last);
    let scale = bits(Real(parameters.buckets) / (real(far) - real(origin)));
    let one = Bits(1u) << MANTISSA_BITS;
    let fits = max(magnitude(origin), magnitude(far)) < INFINITY - one;
    let is_usable = fits && first < last && scale >= one && scale <= INFINITY - (one << 1u);

    var shift = 0u;
    while shift + 1u < 32u * parameters.words && ((last - first) >> shift) >= Bits(parameters.buckets) {
        shift += 1u;
    }
    functions[8u * table] = origin;
    functions[8u * table + 1u] = scale;
    functions[8u * table + 2u] = first;
    functions[8u * table + 3u] = Bits(shift);
    let head = table * (parameters.buckets + 1u + INDEX_HEAD);
    starts[head] = select(UNUSABLE, 0u, is_usable);
    starts[head + 1u] = 0u;
    starts[head + 2u] = used;
}
