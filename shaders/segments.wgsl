// Puts what a query needs side by side: for each knot its x, its y, the slope to the next knot, and the next x.
//
// One invocation a knot of a table. Values may come in another order than the knots (a table that was sorted, or one
// padded for a period): `order` says which value belongs to which knot.

struct Parameters {
    knots: u32,     // of one table, padding included
    values: u32,    // of one table, as the caller gave them
    total: u32,     // knots of all tables
    has_order: u32,
    own_knots: u32, // 1: each table has its own knots, 0: they share those of one
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> keys: array<Bits>;
@group(0) @binding(2) var<storage, read> fp: array<Bits>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> segments: array<vec4<Bits>>;

fn value(table: u32, knot: u32) -> Bits {
    var place = knot;
    if parameters.has_order != 0u {
        place = order[table * parameters.own_knots * parameters.knots + knot];
    }
    return fp[table * parameters.values + place];
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.total { return; }
    let table = index / parameters.knots;
    let knot = index % parameters.knots;
    let base = table * parameters.own_knots * parameters.knots;

    let x = bits_of_key(keys[base + knot]);
    let y = value(table, knot);
    var slope = Bits(0u);
    var next_x = x;
    if knot + 1u < parameters.knots {
        next_x = bits_of_key(keys[base + knot + 1u]);
        slope = bits((real(value(table, knot + 1u)) - real(y)) / (real(next_x) - real(x)));
    }
    segments[index] = vec4<Bits>(x, y, slope, next_x);
}
