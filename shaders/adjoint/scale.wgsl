// provides: State, start, exponent_above, stored_exponent, keep_largest, finish, take
// needs: parameters, OUTSIDE_NOWHERE, Scaled, BITS, leading_zeros, Bits, NOTHING, factor_of, NO_EXPONENT, sums
// needs: exponent_at, share_of, first_cell, is_finite, magnitude, decode, PART, width_exponent
// The largest exponent of the shares of each sum, so that it can be counted in a unit that leaves room for all of them
// and is as small as can be.
struct State { field: u32, slot: u32, largest: vec2<u32> }

fn start(field: u32, copy: u32) -> State {
    return State(field, parameters.table.knots + OUTSIDE_NOWHERE, vec2<u32>(0u));
}

// Below 2 to this power.
fn exponent_above(number: Scaled) -> i32 { return number.exponent + BITS - leading_zeros(number.mantissa); }

// Of a share, above NO_EXPONENT; 0 if it is nothing.
fn stored_exponent(kind: u32, of_cotangent: i32, from_x: Bits, to_x: Bits, scale: i32) -> u32 {
    if kind == NOTHING { return 0u; }
    let factor = factor_of(kind, from_x, to_x, scale);
    if factor.mantissa == Bits(0u) { return 0u; }
    return u32(of_cotangent + exponent_above(factor) + NO_EXPONENT);
}

fn keep_largest(at: u32, largest: u32) {
    // Looked at first: after a few of many there is seldom anything left to do.
    if largest > 0u && atomicLoad(&sums[at]) < largest { atomicMax(&sums[at], largest); }
}

fn finish(state: State) {
    keep_largest(exponent_at(state.field, 0u, state.slot, 0u), state.largest.x);
    keep_largest(exponent_at(state.field, 0u, state.slot, 1u), state.largest.y);
}

fn take(from_state: State, table: u32, query: Bits, k: Bits, at: u32, g: Bits) -> State {
    var state = from_state;
    let found = share_of(query, k, first_cell(table), at);
    if found.slot != state.slot {
        finish(state);
        state.slot = found.slot;
        state.largest = vec2<u32>(0u);
    }
    if !is_finite(g) || magnitude(g) == Bits(0u) { return state; }
    let of_cotangent = exponent_above(decode(g));
    var scale = 0;
    if found.left == PART { scale = width_exponent(found.x0, found.x1); }
    state.largest = max(state.largest, vec2<u32>(
        stored_exponent(found.left, of_cotangent, query, found.x1, scale),
        stored_exponent(found.right, of_cotangent, found.x0, query, scale),
    ));
    return state;
}
