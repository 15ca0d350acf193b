// provides: last_knot
// needs: parameters, segments, has, FLAG_RAGGED, NAN_KEY
// The last knot of a table, behind which a ragged one is NaN.
fn last_knot(first: u32) -> u32 {
    var last = parameters.table.knots - 1u;
    if !has(FLAG_RAGGED) { return last; }
    // The first knot may be NaN for itself, that before an infinite period.
    var low = 0u;
    while low < last {
        let middle = (low + last + 1u) / 2u;
        if segments[first + middle].x == NAN_KEY { last = middle - 1u; } else { low = middle; }
    }
    return last;
}
