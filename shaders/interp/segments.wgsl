// Puts what a query needs side by side: for each knot the key of its x, its y, the slope to the next knot, and the key of
// the next x.
//
// For the tables of interp/finite.wgsl a slope that is not finite gives way to what the segment gives between its knots,
// which then is the same everywhere: an infinity or NaN.
//
// One invocation a knot of a table. Values may come in another order than the knots (a table that was sorted, or one
// padded for a period): `order` says which value belongs to which knot.

struct Parameters {
    knots: u32,     // of one table, padding included
    values: u32,    // of one table, as the caller gave them
    total: u32,     // knots of all tables
    has_order: u32,
    own_knots: u32, // 1: each table has its own knots, 0: they share those of one
    finite: u32,    // 1: for interp/finite.wgsl
    unused: u32,
    nan: vec2<u32>,
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

// The slope, or what a segment gives instead where there is none. The line is drawn from its other end where that helps: so
// an infinity on either side wins, unless the one on the other side is its opposite.
fn between(y: Bits, next_y: Bits, slope: Bits) -> Bits {
    if is_nan(y) || is_nan(next_y) { return bits_of_words(parameters.nan); }
    if is_infinite(y) {
        if is_infinite(next_y) && next_y != y { return bits_of_words(parameters.nan); }
        return y;
    }
    if is_infinite(next_y) { return next_y; }
    return slope;
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

    let x = keys[base + knot];
    let y = value(table, knot);
    var slope = Bits(0u);
    var next_x = x;
    if knot + 1u < parameters.knots {
        next_x = keys[base + knot + 1u];
        let next_y = value(table, knot + 1u);
        slope = bits((real(next_y) - real(y)) / (real(bits_of_key(next_x)) - real(bits_of_key(x))));
        if is_nan(bits_of_key(x)) || is_nan(bits_of_key(next_x)) { slope = bits_of_words(parameters.nan); }
        if parameters.finite != 0u { slope = between(y, next_y, slope); }
    }
    segments[index] = vec4<Bits>(x, y, slope, next_x);
}
