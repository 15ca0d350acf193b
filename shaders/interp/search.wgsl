// Four queries of one row are looked up in its table.
//
// Nothing here branches on data. A software rasteriser runs both sides of every branch, whole vectors at a time, and pays
// for a loop several times what a step of it costs; on a GPU neighbours would diverge. So the search is a fixed number of
// steps (DEPTH, known to the host), written out, and what is special is selected, not jumped to.
//
// Swapped in: the period, where the segments lie, where a search begins (buckets, bisection), and the rules (finite, any).
// The constants TABLES, OWN_KNOTS and DEPTH come before this.

const FLAG_LEFT: u32 = 1u;
const FLAG_RIGHT: u32 = 2u;
const FLAG_SHARED_QUERIES: u32 = 4u;
const FLAG_EXTENDED_LEFT: u32 = 8u;
const FLAG_EXTENDED_RIGHT: u32 = 16u;
// The knots of a table end before the first NaN behind them, if there is one.
const FLAG_RAGGED: u32 = 32u;

fn has(flag: u32) -> bool { return (parameters.flags & flag) != 0u; }

// Step down to the last knot that is not above the query: `first` is the table's first cell. What is read beyond its end
// does not count.
fn narrow(at: vec4<u32>, step: u32, k: vec4<Bits>, first: u32) -> vec4<u32> {
    let next = at + step;
    let cell = next + first;
    let found = vec4<Bits>(
        segments[cell.x].x,
        segments[cell.y].x,
        segments[cell.z].x,
        segments[cell.w].x,
    );
    return select(at, next, (next < vec4<u32>(parameters.knots)) & (found <= k));
}

// The last of the knots from_place .. from_place + 2^DEPTH that is not above the query, or from_place.
fn descend(from_place: vec4<u32>, k: vec4<Bits>, first: u32) -> vec4<u32> {
    var at = from_place;
    if DEPTH > 27u { at = narrow(at, 1u << 27u, k, first); }
    if DEPTH > 26u { at = narrow(at, 1u << 26u, k, first); }
    if DEPTH > 25u { at = narrow(at, 1u << 25u, k, first); }
    if DEPTH > 24u { at = narrow(at, 1u << 24u, k, first); }
    if DEPTH > 23u { at = narrow(at, 1u << 23u, k, first); }
    if DEPTH > 22u { at = narrow(at, 1u << 22u, k, first); }
    if DEPTH > 21u { at = narrow(at, 1u << 21u, k, first); }
    if DEPTH > 20u { at = narrow(at, 1u << 20u, k, first); }
    if DEPTH > 19u { at = narrow(at, 1u << 19u, k, first); }
    if DEPTH > 18u { at = narrow(at, 1u << 18u, k, first); }
    if DEPTH > 17u { at = narrow(at, 1u << 17u, k, first); }
    if DEPTH > 16u { at = narrow(at, 1u << 16u, k, first); }
    if DEPTH > 15u { at = narrow(at, 1u << 15u, k, first); }
    if DEPTH > 14u { at = narrow(at, 1u << 14u, k, first); }
    if DEPTH > 13u { at = narrow(at, 1u << 13u, k, first); }
    if DEPTH > 12u { at = narrow(at, 1u << 12u, k, first); }
    if DEPTH > 11u { at = narrow(at, 1u << 11u, k, first); }
    if DEPTH > 10u { at = narrow(at, 1u << 10u, k, first); }
    if DEPTH > 9u { at = narrow(at, 1u << 9u, k, first); }
    if DEPTH > 8u { at = narrow(at, 1u << 8u, k, first); }
    if DEPTH > 7u { at = narrow(at, 1u << 7u, k, first); }
    if DEPTH > 6u { at = narrow(at, 1u << 6u, k, first); }
    if DEPTH > 5u { at = narrow(at, 1u << 5u, k, first); }
    if DEPTH > 4u { at = narrow(at, 1u << 4u, k, first); }
    if DEPTH > 3u { at = narrow(at, 1u << 3u, k, first); }
    if DEPTH > 2u { at = narrow(at, 1u << 2u, k, first); }
    if DEPTH > 1u { at = narrow(at, 1u << 1u, k, first); }
    if DEPTH > 0u { at = narrow(at, 1u, k, first); }
    return at;
}

fn evaluate(asked: vec4<Bits>, row: u32) -> vec4<Bits> {
    let query = vec4<Bits>(wrap(asked.x), wrap(asked.y), wrap(asked.z), wrap(asked.w));
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w));
    var first = 0u;
    if TABLES { first = row * parameters.knots; }
    let at = descend(first_place(query, k, row), k, first);
    // All loads before all arithmetic, so that they can be under way together.
    let a = segments[first + at.x];
    let b = segments[first + at.y];
    let c = segments[first + at.z];
    let d = segments[first + at.w];
    return vec4<Bits>(
        answer(query.x, k.x, a, first, at.x),
        answer(query.y, k.y, b, first, at.y),
        answer(query.z, k.z, c, first, at.z),
        answer(query.w, k.w, d, first, at.w),
    );
}
