// Where a value belongs among sorted knots: one invocation a query.

struct Parameters {
    total: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    left: u32,     // 1: how many knots are less than the query, 0: less than or equal to it
    flip: u32,     // 1: count from the other end (knots that decrease were reversed)
    query_shift: u32,
    output_shift: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Bits>;
@group(0) @binding(2) var<storage, read> keys: array<Bits>;
@group(0) @binding(3) var<storage, read> starts: array<u32>;
@group(0) @binding(4) var<storage, read> origins: array<Bits>;
@group(0) @binding(5) var<storage, read_write> result: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let query = x[parameters.query_shift + index];
    // Less than a key is at most the key before it: keys are integers, and the least of them is above zero.
    var place = upper_bound(key(query) - Bits(parameters.left), query, 0u);
    if parameters.flip != 0u { place = parameters.knots - place; }
    result[parameters.output_shift + index] = place;
}
