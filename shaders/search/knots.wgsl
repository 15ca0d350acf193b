// provides: xp, keys, checks, order, main
// needs: Bits, WORKGROUP, work_item, parameters, key, NAN_KEY
// Prepares knots that were computed on the device: computes their keys and checks their order.
//
// One invocation a knot. The first knot that is NaN or less than its predecessor leaves the complement of its index in
// the check's word, so that the largest word is that of the smallest index, and zero means that all knots are in order.
//
// Descending knots, of which none may be greater than its predecessor, are put in reverse, and `order` says whose value
// belongs to a knot.

@group(0) @binding(1) var<storage, read> xp: array<Bits>;
@group(0) @binding(2) var<storage, read_write> keys: array<Bits>;
@group(0) @binding(3) var<storage, read_write> checks: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> order: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let here = key(xp[index]);
    let knot = index % parameters.knots;
    let descends = parameters.descends != 0u;
    var cell = index;
    if descends {
        cell = index - knot + (parameters.knots - 1u - knot);
        order[cell] = knot;
    }
    keys[cell] = here;
    if parameters.is_checked == 0u { return; }
    var wrong = here == NAN_KEY;
    if knot != 0u {
        let before = key(xp[index - 1u]);
        wrong = wrong || select(before > here, before < here, descends);
    }
    if wrong { atomicMax(&checks[parameters.check], ~index); }
}
