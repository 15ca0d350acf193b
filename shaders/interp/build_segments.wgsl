// provides: keys, fp, order, segments, value_at, between, main
// needs: Bits, parameters, is_nan, bits_of_words, is_infinite, WORKGROUP, work_item, bits, real, bits_of_key
// Builds the segments of tables. A cell holds what a query needs: for each knot the key of its x, its y, the slope to
// the next knot, and the key of the next x.
//
// For tables of interp/finite.wgsl and interp/seldom.wgsl a slope that is not finite is replaced by the value of the
// segment between its knots, which then is the same everywhere: an infinity or NaN.
//
// One invocation a knot of a table. Values may come in another order than the knots (a sorted table, or one padded for
// a period): `order` maps a knot to its value.

@group(0) @binding(1) var<storage, read> keys: array<Bits>;
@group(0) @binding(2) var<storage, read> fp: array<Bits>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> segments: array<vec4<Bits>>;

fn value_at(table: u32, knot: u32) -> Bits {
    var index = knot;
    if parameters.has_order != 0u {
        index = order[table * parameters.own_knots * parameters.knots + knot];
    }
    return fp[table * parameters.values + index];
}

// The slope, or the value of a segment without one. The line is drawn from its other end where that helps, so an
// infinity on either side wins, unless the one on the other side is its opposite or infinitely far away.
fn between(y: Bits, next_y: Bits, slope: Bits, is_endless: bool) -> Bits {
    if is_nan(y) || is_nan(next_y) { return bits_of_words(parameters.nan); }
    if is_infinite(y) && next_y == y { return y; }
    if (is_infinite(y) || is_infinite(next_y)) && is_endless { return bits_of_words(parameters.nan); }
    if is_infinite(y) && is_infinite(next_y) { return bits_of_words(parameters.nan); }
    if is_infinite(y) { return y; }
    if is_infinite(next_y) { return next_y; }
    return slope;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let cell = work_item(group, groups, local);
    if cell >= parameters.total { return; }
    let table = cell / parameters.knots;
    let knot = cell % parameters.knots;
    let base = table * parameters.own_knots * parameters.knots;

    let this_x = keys[base + knot];
    let y = value_at(table, knot);
    var slope = Bits(0u);
    var next_x = this_x;
    if knot + 1u < parameters.knots {
        next_x = keys[base + knot + 1u];
        let next_y = value_at(table, knot + 1u);
        let length = real(bits_of_key(next_x)) - real(bits_of_key(this_x));
        slope = bits((real(next_y) - real(y)) / length);
        if is_nan(bits_of_key(this_x)) || is_nan(bits_of_key(next_x)) { slope = bits_of_words(parameters.nan); }
        if parameters.finite != 0u { slope = between(y, next_y, slope, is_infinite(bits(length))); }
    }
    segments[cell] = vec4<Bits>(this_x, y, slope, next_x);
}
