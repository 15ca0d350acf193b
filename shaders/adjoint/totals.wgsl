// provides: order, output, of_value, by_slope, of_knot, value_of, main
// needs: Bits, Sum, divided, add_sums, load_sum, parameters, OUTSIDE_FIRST_KNOT, OUTSIDE_LAST_KNOT, segments
// needs: bits_of_key, is_nothing, has_width, bits, real, rounded, METHOD_LINEAR, TOTALS_OF_VALUES, WORKGROUP
// needs: work_item, TOTALS_OF_LEFT, OUTSIDE_RIGHT_FILL, OUTSIDE_LEFT_FILL, first_cell, last_knot, has, FLAG_RAGGED
// needs: NAN_KEY
// What the sums of slots mean for the values, the knots or a fill: one invocation a knot of a table. How they are kept
// say sums_fixed.wgsl and sums_wide.wgsl; they are divided by the width of their segment, added, and rounded once.
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<Bits>;

fn of_value(field: u32, first: u32, knot: u32, last: u32) -> Sum {
    var total = divided(field, first, knot, 0u);
    if knot > 0u {
        total = add_sums(total, divided(field, first, knot - 1u, 1u));
    } else {
        total = add_sums(total, load_sum(field, parameters.table.knots + OUTSIDE_FIRST_KNOT, 0u));
    }
    if knot == last { total = add_sums(total, load_sum(field, parameters.table.knots + OUTSIDE_LAST_KNOT, 0u)); }
    return total;
}

// What the sums of a segment mean for one of its knots: where that moves to the right, results fall by the slope.
fn by_slope(first: u32, segment: u32, sum: Sum) -> Bits {
    let here = segments[first + segment];
    let x0 = bits_of_key(here.x);
    let x1 = bits_of_key(here.w);
    if is_nothing(sum) || !has_width(x0, x1) { return Bits(0u); }
    let rise = bits(real(here.y) - real(segments[first + segment + 1u].y));
    return bits(real(bits(real(rise) / real(bits(real(x1) - real(x0))))) * real(rounded(sum)));
}

fn of_knot(field: u32, first: u32, knot: u32, last: u32) -> Bits {
    if parameters.method != METHOD_LINEAR { return Bits(0u); }
    var total = Bits(0u);
    if knot < last { total = by_slope(first, knot, divided(field, first, knot, 0u)); }
    if knot > 0u {
        var sum = divided(field, first, knot - 1u, 1u);
        // A query on the last knot is on the line of the last segment.
        if knot == last { sum = add_sums(sum, divided(field, first, knot, 0u)); }
        total = bits(real(total) + real(by_slope(first, knot - 1u, sum)));
    }
    return total;
}

// Of one knot and those that copy it to close a period.
fn value_of(field: u32, first: u32, knot: u32, last: u32, copies: vec2<bool>) -> Bits {
    if parameters.totals == TOTALS_OF_VALUES {
        var total = of_value(field, first, knot, last);
        if copies.x { total = add_sums(total, of_value(field, first, 0u, last)); }
        if copies.y { total = add_sums(total, of_value(field, first, last, last)); }
        return rounded(total);
    }
    var total = of_knot(field, first, knot, last);
    if copies.x { total = bits(real(total) + real(of_knot(field, first, 0u, last))); }
    if copies.y { total = bits(real(total) + real(of_knot(field, first, last, last))); }
    return total;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    if parameters.totals >= TOTALS_OF_LEFT {
        if item > 0u { return; }
        let place = select(OUTSIDE_RIGHT_FILL, OUTSIDE_LEFT_FILL, parameters.totals == TOTALS_OF_LEFT);
        output[parameters.output_offset] = rounded(load_sum(0u, parameters.table.knots + place, 0u));
        return;
    }
    let field = item / parameters.table.knots;
    let knot = item - field * parameters.table.knots;
    if field >= parameters.rows { return; }
    let table = parameters.first_set + field;
    let first = first_cell(table);
    let last = last_knot(first);
    let is_empty = has(FLAG_RAGGED) && last == 0u && segments[first].x == NAN_KEY;
    if knot > last || is_empty { return; }
    var place = knot;
    var copies = vec2<bool>(false);
    if parameters.has_order != 0u {
        let of_table = parameters.own_knots * table * parameters.table.knots;
        place = order[of_table + knot];
        if parameters.closed != 0u {
            if knot == 0u || knot == last { return; }
            copies = vec2<bool>(order[of_table] == place, order[of_table + last] == place);
        }
    }
    let index = parameters.output_offset + field * parameters.given_knots + place;
    output[index] = value_of(field, first, knot, last, copies);
}
