// Prepares knots that were computed on the device: their keys, and whether they are in order.
//
// One invocation a knot. The first knot that is NaN or smaller than the one before it leaves the complement of its index
// in the check's word, so that the largest word is that of the smallest index, and zero says that all is well.

struct Parameters {
    knots: u32, // of one table
    total: u32, // of all tables
    check: u32, // which word
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> xp: array<Bits>;
@group(0) @binding(2) var<storage, read_write> keys: array<Bits>;
@group(0) @binding(3) var<storage, read_write> checks: array<atomic<u32>>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let here = key(xp[index]);
    keys[index] = here;
    var wrong = here == NAN_KEY;
    if index % parameters.knots != 0u {
        wrong = wrong || key(xp[index - 1u]) > here;
    }
    if wrong { atomicMax(&checks[parameters.check], ~index); }
}
