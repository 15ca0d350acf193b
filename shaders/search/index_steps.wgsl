// provides: starts, widen, main
// needs: keys, number_of, UNUSABLE, UNSET, INDEX_HEAD, parameters, WORKGROUP, work_item
// The index of knots that only the device has, second part: how many steps the widest window takes, by either bucket
// function. One invocation a knot; and, as there are at most twice as many buckets as knots, it clears two starts.
//
// A window is three buckets and the knot before them. It holds more than 2^steps knots if there are two knots, 2^steps
// - 1 apart, whose buckets are at most two apart.
@group(0) @binding(2) var<storage, read_write> starts: array<atomic<u32>>;

// Raises the steps in a word to those of a window that begins at this knot. Most find that others came as far: they
// compare one pair, and do not meet at the word.
fn widen(word: u32, cell: u32, following: u32, function: u32, is_linear: bool) {
    let known = atomicLoad(&starts[word]);
    var steps = max(known, 1u);
    let widest = number_of(keys[cell], function, is_linear) + 2u;
    while (1u << steps) <= following {
        if number_of(keys[cell + (1u << steps) - 1u], function, is_linear) > widest { break; }
        steps += 1u;
    }
    if steps > known { atomicMax(&starts[word], steps); }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let cell = work_item(group, groups, local);
    if cell >= parameters.tables * parameters.knots { return; }
    let table = cell / parameters.knots;
    let head = table * (parameters.buckets + 1u + INDEX_HEAD);
    let knot = cell - table * parameters.knots;
    for (var bucket = 2u * knot; bucket < min(2u * knot + 2u, parameters.buckets + 1u); bucket += 1u) {
        atomicStore(&starts[head + INDEX_HEAD + bucket], UNSET);
    }
    let used = atomicLoad(&starts[head + 2u]);
    if knot >= used { return; }
    if atomicLoad(&starts[head]) != UNUSABLE { widen(head, cell, used - knot, 8u * table, true); }
    widen(head + 1u, cell, used - knot, 8u * table + 2u, false);
}
