// provides: EXTENDED, State, start, exponent_above, take, finish
// needs: Bits, BITS, decode, is_finite, magnitude, leading_zeros, share_of, first_cell, factor_of, width_exponent, PART
// needs: Scaled, NO_EXPONENT, exponent_at, OUTSIDE_NOWHERE, parameters, sums
// The largest exponent of the shares of each slot, so that its sums can be counted in a unit that leaves room for all
// of them and is as small as can be. Inside of a table a share is at most twice the cotangent; on lines that go on
// outside it may be any multiple.
override EXTENDED: bool;

struct State { field: u32, slot: u32, largest: u32 }

fn start(field: u32, copy: u32) -> State { return State(field, parameters.table.knots + OUTSIDE_NOWHERE, 0u); }

// Below 2 to this power.
fn exponent_above(number: Scaled) -> i32 {
    if number.mantissa == Bits(0u) { return -NO_EXPONENT; }
    return number.exponent + BITS - leading_zeros(number.mantissa);
}

fn finish(state: State) {
    if state.largest == 0u { return; }
    let at = exponent_at(state.field, state.slot);
    // Looked at first: after a few of many there is seldom anything left to do.
    if atomicLoad(&sums[at]) < state.largest { atomicMax(&sums[at], state.largest); }
}

fn take(from_state: State, table: u32, query: Bits, k: Bits, at: u32, g: Bits) -> State {
    var state = from_state;
    let found = share_of(query, k, first_cell(table), at);
    if found.slot != state.slot {
        finish(state);
        state.slot = found.slot;
        state.largest = 0u;
    }
    if !is_finite(g) || magnitude(g) == Bits(0u) { return state; }
    let of_cotangent = exponent_above(decode(g));
    var exponent = of_cotangent + 1;
    if EXTENDED && found.left == PART {
        let scale = width_exponent(found.x0, found.x1);
        let left = exponent_above(factor_of(PART, query, found.x1, scale));
        let right = exponent_above(factor_of(PART, found.x0, query, scale));
        exponent = of_cotangent + max(max(left, right), 1);
    }
    state.largest = max(state.largest, u32(exponent + NO_EXPONENT));
    return state;
}
