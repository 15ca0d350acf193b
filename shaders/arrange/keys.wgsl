// provides: xp, fp, keys, order, main
// needs: Bits, NAN_KEY, bits_of_words, key, is_nan, modulo, parameters, WORKGROUP, work_item
// The first part of arranging knots: their keys, taken modulo the period if there is one, and the index of each. A knot
// whose value is missing is missing, too. Descending knots are reversed. One invocation a knot of a table.
@group(0) @binding(1) var<storage, read> xp: array<Bits>;
@group(0) @binding(2) var<storage, read> fp: array<Bits>;
@group(0) @binding(3) var<storage, read_write> keys: array<Bits>;
@group(0) @binding(4) var<storage, read_write> order: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let knot = index % parameters.knots;
    // All tables may share the knots of one.
    var number = xp[index % parameters.xp_len];
    if parameters.has_period != 0u { number = modulo(number, bits_of_words(parameters.period)); }
    var k = key(number);
    if parameters.has_values != 0u {
        if is_nan(fp[index]) { k = NAN_KEY; }
    }
    var cell = index;
    if parameters.descends != 0u { cell = index - knot + (parameters.knots - 1u - knot); }
    keys[cell] = k;
    order[cell] = knot;
}
