// Piecewise linear interpolation: one invocation a query.
//
// The rules are NumPy's, in NumPy's order: NaN, right of the table, left of it, the last knot, a hit (the value bit for
// bit), and the line through the segment. What is special is told from bits, and what is returned for it is bits too.

const FLAG_LEFT: u32 = 1u;
const FLAG_RIGHT: u32 = 2u;
const FLAG_PERIOD: u32 = 4u;
const FLAG_SHARED_QUERIES: u32 = 8u;
const FLAG_OWN_KNOTS: u32 = 16u;
const FLAG_OWN_VALUES: u32 = 32u;
const FLAG_EXTENDED_LEFT: u32 = 64u;
const FLAG_EXTENDED_RIGHT: u32 = 128u;

const METHOD_LINEAR: u32 = 0u;
const METHOD_NEAREST: u32 = 1u;
const METHOD_NEXT: u32 = 3u;

struct Parameters {
    rows: u32,          // of this dispatch
    columns: u32,       // queries a row in this dispatch
    first_row: u32,     // the table of the first row
    flags: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    query_shift: u32,   // where the queries begin in their window
    output_shift: u32,  // where the output begins in its window
    method: u32,
    left: vec2<u32>,
    right: vec2<u32>,
    period: vec2<u32>,
    nan: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Bits>;
@group(0) @binding(2) var<storage, read> keys: array<Bits>;
@group(0) @binding(3) var<storage, read> starts: array<u32>;
@group(0) @binding(4) var<storage, read> origins: array<Bits>;
@group(0) @binding(5) var<storage, read> segments: array<vec4<Bits>>;
@group(0) @binding(6) var<storage, read_write> result: array<Bits>;

fn has(flag: u32) -> bool { return (parameters.flags & flag) != 0u; }

fn left_of(first: u32) -> Bits {
    if has(FLAG_LEFT) { return bits_of_words(parameters.left); }
    return segments[first].y;
}

fn right_of(last: u32) -> Bits {
    if has(FLAG_RIGHT) { return bits_of_words(parameters.right); }
    return segments[last].y;
}

// slope * distance + y, and whether that is NaN by the rules of IEEE 754, told from the operands where an infinity or a
// NaN is among them.
struct Line { value: Bits, is_nan: bool }

fn line(slope: Bits, distance: Bits, y: Bits) -> Line {
    let product = bits(real(slope) * real(distance));
    let value = bits(real(product) + real(y));
    if is_finite(slope) && is_finite(distance) && is_finite(y) && is_finite(product) && is_finite(value) {
        return Line(value, false);
    }
    let undefined = is_nan(slope) || is_nan(distance) || is_nan(y)
        || (is_infinite(slope) && is_zero(distance)) || (is_zero(slope) && is_infinite(distance))
        || (is_infinite(product) && is_infinite(y) && product != y);
    return Line(value, undefined || is_nan(value));
}

fn nan_or(answer: Line) -> Bits {
    return select(answer.value, bits_of_words(parameters.nan), answer.is_nan);
}

// On the line of a segment, drawn through one of its knots, outside the table.
fn beyond(query: Bits, segment: u32, knot: u32) -> Bits {
    let through = segments[knot];
    if parameters.knots == 1u { return through.y; }
    return nan_or(line(segments[segment].z, bits(real(query) - real(through.x)), through.y));
}

// The value of one of the knots around the query.
fn by_knot(query: Bits, segment: vec4<Bits>, next_y: Bits) -> Bits {
    if parameters.method == METHOD_NEXT { return next_y; }
    if parameters.method == METHOD_NEAREST {
        let to_left = bits(real(query) - real(segment.x));
        let to_right = bits(real(segment.w) - real(query));
        if to_left > to_right { return next_y; }
    }
    return segment.y;
}

fn inside(query: Bits, first: u32, knot: u32) -> Bits {
    let segment = segments[first + knot];
    if parameters.method != METHOD_LINEAR { return by_knot(query, segment, segments[first + knot + 1u].y); }
    let from_here = line(segment.z, bits(real(query) - real(segment.x)), segment.y);
    if !from_here.is_nan { return from_here.value; }
    let next_y = segments[first + knot + 1u].y;
    let from_next = line(segment.z, bits(real(query) - real(segment.w)), next_y);
    if !from_next.is_nan { return from_next.value; }
    let same = next_y == segment.y || (is_zero(next_y) && is_zero(segment.y));
    if same && !is_nan(next_y) { return segment.y; }
    return bits_of_words(parameters.nan);
}

fn evaluate(asked: Bits, table: u32) -> Bits {
    var query = asked;
    if has(FLAG_PERIOD) {
        query = modulo(query, bits_of_words(parameters.period), bits_of_words(parameters.nan));
    }
    if is_nan(query) { return bits_of_words(parameters.nan); }
    let k = key(query);
    let key_table = select(0u, table, has(FLAG_OWN_KNOTS));
    let base = key_table * parameters.knots;
    let first = select(0u, table, has(FLAG_OWN_VALUES)) * parameters.knots;
    let last = parameters.knots - 1u;

    let lowest = keys[base];
    // A table of one NaN knot is neither left nor right of anything.
    if last == 0u && lowest == NAN_KEY { return segments[first].y; }
    if k > keys[base + last] {
        if has(FLAG_EXTENDED_RIGHT) { return beyond(query, first + max(last, 1u) - 1u, first + last); }
        return right_of(first + last);
    }
    if k < lowest {
        if has(FLAG_EXTENDED_LEFT) { return beyond(query, first, first); }
        return left_of(first);
    }

    let knot = min(max(upper_bound(k, query, key_table), 1u) - 1u, last);
    if knot == last || keys[base + knot] == k { return segments[first + knot].y; }
    return inside(query, first, knot);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    if index >= parameters.rows * parameters.columns { return; }
    var row = 0u;
    var column = index;
    if parameters.rows > 1u {
        row = index / parameters.columns;
        column = index % parameters.columns;
    }
    let place = select(index, column, has(FLAG_SHARED_QUERIES));
    result[parameters.output_shift + index] = evaluate(x[parameters.query_shift + place], parameters.first_row + row);
}
