// provides: HAS_FACTOR, HAS_SHIFT, HAS_BASE, Output, factors, shifts, bases, undefined_slope, slope_at, has_numbers
// provides: combined, main
// needs: Bits, is_infinite, is_finite, bits_of_key, SIGN, nan, is_nan, first_cell, parameters, segments, has
// needs: FLAG_RAGGED, NAN_KEY, METHOD_LINEAR, FLAG_EXTENDED_LEFT, FLAG_EXTENDED_RIGHT, real, bits, WORKGROUP
// needs: work_item, locate, store_results
// Slopes at queries, and with operands base + slope * (factor - shift): one invocation takes four queries of one row.
//
// The slope of a knot is that of the segment to its right, of the last knot that of the last segment; outside it is
// zero, unless the line goes on there.
override HAS_FACTOR: bool;
override HAS_SHIFT: bool;
override HAS_BASE: bool;
alias Output = Bits;
@group(0) @binding(4) var<storage, read> factors: array<Bits>;
@group(0) @binding(5) var<storage, read> shifts: array<Bits>;
@group(0) @binding(6) var<storage, read> bases: array<Bits>;

// Of a segment without a finite slope: by the rules of IEEE 754, decided from the values at its ends.
fn undefined_slope(segment: vec4<Bits>, next_y: Bits) -> Bits {
    let opposite = is_infinite(segment.y) & is_infinite(next_y) & (segment.y == next_y);
    let is_endless = !is_finite(bits_of_key(segment.x)) | !is_finite(bits_of_key(segment.w));
    var value = segment.z;
    value = select(value, segment.y ^ SIGN, is_infinite(segment.y));
    value = select(value, next_y, is_infinite(next_y));
    return select(value, nan(), opposite | is_endless | is_nan(segment.y) | is_nan(next_y));
}

fn slope_at(k: Bits, table: u32, at: u32) -> Bits {
    let first = first_cell(table);
    let last = parameters.table.knots - 1u;
    let here = segments[first + at];
    let is_ragged = has(FLAG_RAGGED);
    let is_last = (at == last) | (is_ragged & (here.w == NAN_KEY));
    let is_only = is_last & (at == 0u);
    let whose = select(at, max(at, 1u) - 1u, is_last);
    let segment = segments[first + whose];
    let next_y = segments[first + min(whose + 1u, last)].y;
    var slope = select(undefined_slope(segment, next_y), segment.z, is_finite(segment.z));
    // A step has no slope, and neither has a table of one knot.
    slope = select(slope, Bits(0u), (segment.x == segment.w) | is_only | (parameters.method != METHOD_LINEAR));
    let starts_with_nan = here.x == NAN_KEY;
    let is_left = (k < here.x) & !starts_with_nan;
    let is_right = is_last & (k > here.x);
    slope = select(slope, Bits(0u), (is_left & !has(FLAG_EXTENDED_LEFT)) | (is_right & !has(FLAG_EXTENDED_RIGHT)));
    return select(slope, nan(), (k == NAN_KEY) | (is_ragged & starts_with_nan & (at == 0u) & !has_numbers(first)));
}

// Whether a ragged table has any knot. The first may be NaN for itself, that before an infinite period.
fn has_numbers(first: u32) -> bool {
    return parameters.table.knots > 1u && segments[first].w != NAN_KEY;
}

fn combined(slope: Bits, index: u32) -> Bits {
    if !HAS_FACTOR && !HAS_SHIFT && !HAS_BASE { return slope; }
    var factor = real(Bits(0u));
    if HAS_FACTOR { factor = real(factors[parameters.operand_offset + index]); }
    if HAS_SHIFT { factor = factor - real(shifts[parameters.operand_offset + index]); }
    var value = bits(real(slope) * factor);
    if HAS_BASE { value = bits(real(bases[parameters.operand_offset + index]) + real(value)); }
    return select(value, nan(), is_nan(slope));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let quads = (parameters.columns + 3u) / 4u;
    let row = item / quads;
    let column = (item - row * quads) * 4u;
    if row >= parameters.rows || column >= parameters.columns { return; }
    let index = row * parameters.columns + column;
    let table = parameters.first_row + row;
    let at = locate(index, column, table);
    store_results(index, parameters.columns - column, vec4<Bits>(
        combined(slope_at(at.key.x, table, at.segment.x), index),
        combined(slope_at(at.key.y, table, at.segment.y), index + 1u),
        combined(slope_at(at.key.z, table, at.segment.z), index + 2u),
        combined(slope_at(at.key.w, table, at.segment.w), index + 3u),
    ));
}
