// provides: from_keys, from_order, to_keys, to_order, rank, main
// needs: Bits, NAN_KEY, parameters, WORKGROUP, work_item
// A pass of a merge sort: two neighbouring runs of `width` knots in order become one of twice as many. One invocation a
// knot of a table: it counts those of the other run that go before it, by bisection. Equal knots stay in order: those
// of the run in front go before those of the run behind.
@group(0) @binding(1) var<storage, read> from_keys: array<Bits>;
@group(0) @binding(2) var<storage, read> from_order: array<u32>;
@group(0) @binding(3) var<storage, read_write> to_keys: array<Bits>;
@group(0) @binding(4) var<storage, read_write> to_order: array<u32>;

// By what knots are sorted: their keys, or whether they are missing.
fn rank(k: Bits) -> Bits {
    return select(k, select(Bits(0u), Bits(1u), k == NAN_KEY), parameters.partitions != 0u);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let cell = work_item(group, groups, local);
    if cell >= parameters.total { return; }
    let knot = cell % parameters.knots;
    let base = cell - knot;
    let run = knot / parameters.width;
    let is_in_front = run % 2u == 0u;
    let front = (run - run % 2u) * parameters.width;
    // The last run may be short, and have none beside it.
    let other = min(select(front, front + parameters.width, is_in_front), parameters.knots);
    let k = from_keys[cell];
    let own = rank(k);
    var low = other;
    var high = min(other + parameters.width, parameters.knots);
    while low < high {
        let middle = low + (high - low) / 2u;
        let theirs = rank(from_keys[base + middle]);
        if select(theirs <= own, theirs < own, is_in_front) { low = middle + 1u; } else { high = middle; }
    }
    let start = run * parameters.width;
    let next = base + front + (knot - start) + (low - other);
    to_keys[next] = k;
    to_order[next] = from_order[cell];
}
