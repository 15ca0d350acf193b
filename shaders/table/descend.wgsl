// provides: DEPTH, narrow, descend
// needs: Bits, key_at, parameters
// The search among the sorted knots of a table, four queries at a time.
//
// It is a fixed number of steps (DEPTH, known to the host), written out, and selects instead of branching: a software
// rasteriser executes both sides of every branch for a whole vector and pays more for a loop than for its steps; on a
// GPU neighbouring invocations would diverge.
override DEPTH: u32;

// One step towards the last knot that is not above the query: `first` is the table's first cell. A knot past its end
// never counts.
fn narrow(at: vec4<u32>, step: u32, k: vec4<Bits>, first: u32) -> vec4<u32> {
    let next = at + step;
    let cell = next + first;
    let found = vec4<Bits>(key_at(cell.x), key_at(cell.y), key_at(cell.z), key_at(cell.w));
    return select(at, next, (next < vec4<u32>(parameters.table.knots)) & (found <= k));
}

// The last of the knots start .. start + 2^DEPTH that is not above the query, or start.
fn descend(start: vec4<u32>, k: vec4<Bits>, first: u32) -> vec4<u32> {
    var at = start;
    if DEPTH > 29u { at = narrow(at, 1u << 29u, k, first); }
    if DEPTH > 28u { at = narrow(at, 1u << 28u, k, first); }
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
