// provides: starts, steps_from, main
// needs: keys, number_of, UNUSABLE, INDEX_HEAD, parameters, WORKGROUP, work_item
// The index of knots that only the device has, second part: how many steps the widest window takes, by either bucket
// function. One invocation a knot.
//
// A window is three buckets and the knot before them. It holds more than 2^steps knots if there are two knots, 2^steps
// - 1 apart, whose buckets are at most two apart.
@group(0) @binding(2) var<storage, read_write> starts: array<atomic<u32>>;

// How many steps a window takes that begins at this knot.
fn steps_from(cell: u32, following: u32, function: u32, is_linear: bool) -> u32 {
    let widest = number_of(keys[cell], function, is_linear) + 2u;
    var steps = 1u;
    while (1u << steps) <= following {
        if number_of(keys[cell + (1u << steps) - 1u], function, is_linear) > widest { break; }
        steps += 1u;
    }
    return steps;
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
    let used = atomicLoad(&starts[head + 2u]);
    if knot >= used { return; }
    let following = used - knot;
    // Most find that others have found as much: fewer of them meet at one word.
    if atomicLoad(&starts[head]) != UNUSABLE {
        let steps = steps_from(cell, following, 4u * table, true);
        if steps > atomicLoad(&starts[head]) { atomicMax(&starts[head], steps); }
    }
    let steps = steps_from(cell, following, 4u * table + 2u, false);
    if steps > atomicLoad(&starts[head + 1u]) { atomicMax(&starts[head + 1u], steps); }
}
