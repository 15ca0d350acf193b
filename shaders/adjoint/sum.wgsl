// provides: State, start, add_to_memory, finish, flag_of, take
// needs: Fixed, parameters, OUTSIDE_NOWHERE, fixed_zero, is_negative, negate, subtract_limb, Bits, ALL, BITS_WORDS
// needs: add_limb, sum_at, sums, Scaled, is_nan, FLAG_NAN, FLAG_INFINITY, FLAG_MINUS_INFINITY, SIGN, share_of
// needs: first_cell, unit_of, exponent_at, PART, width_exponent, NOTHING, factor_of, is_finite, fixed_add
// needs: fixed_product
// Sums shares by slot, in integers. Neighbours that fall into the same slot are added before they go to memory, so that
// sorted queries, and those that all lie in one segment, cost less and not more.
struct State { unit: vec2<i32>, field: u32, copy: u32, slot: u32, left: Fixed, right: Fixed, flags: vec2<u32> }

fn start(field: u32, copy: u32) -> State {
    let nowhere = parameters.table.knots + OUTSIDE_NOWHERE;
    return State(vec2<i32>(0), field, copy, nowhere, fixed_zero(), fixed_zero(), vec2<u32>(0u));
}

fn add_to_memory(at: u32, sum: Fixed) {
    if is_negative(sum) {
        let size = negate(sum);
        let borrow = subtract_limb(at, size.low);
        var more = Bits(1u);
        if !(borrow == Bits(1u) && size.middle == ALL) { more = subtract_limb(at + BITS_WORDS, size.middle + borrow); }
        subtract_limb(at + 2u * BITS_WORDS, size.high + more);
        return;
    }
    let carry = add_limb(at, sum.low);
    var more = Bits(1u);
    if !(carry == Bits(1u) && sum.middle == ALL) { more = add_limb(at + BITS_WORDS, sum.middle + carry); }
    add_limb(at + 2u * BITS_WORDS, sum.high + more);
}

fn finish(state: State) {
    if state.slot == parameters.table.knots + OUTSIDE_NOWHERE { return; }
    let left = sum_at(state.field, state.copy, state.slot, 0u);
    let right = sum_at(state.field, state.copy, state.slot, 1u);
    add_to_memory(left, state.left);
    add_to_memory(right, state.right);
    if state.flags.x != 0u { atomicOr(&sums[left + 3u * BITS_WORDS], state.flags.x); }
    if state.flags.y != 0u { atomicOr(&sums[right + 3u * BITS_WORDS], state.flags.y); }
}

// What a cotangent that is no finite number makes of a sum.
fn flag_of(g: Bits, factor: Scaled) -> u32 {
    if is_nan(g) { return FLAG_NAN; }
    return select(FLAG_INFINITY, FLAG_MINUS_INFINITY, ((g & SIGN) != Bits(0u)) != factor.negative);
}

fn take(from_state: State, table: u32, query: Bits, k: Bits, at: u32, g: Bits) -> State {
    var state = from_state;
    let found = share_of(query, k, first_cell(table), at);
    if found.slot != state.slot {
        finish(state);
        state.slot = found.slot;
        state.unit = vec2<i32>(
            unit_of(atomicLoad(&sums[exponent_at(state.field, 0u, found.slot, 0u)])),
            unit_of(atomicLoad(&sums[exponent_at(state.field, 0u, found.slot, 1u)])),
        );
        state.left = fixed_zero();
        state.right = fixed_zero();
        state.flags = vec2<u32>(0u);
    }
    var scale = 0;
    if found.left == PART { scale = width_exponent(found.x0, found.x1); }
    if found.left != NOTHING {
        let factor = factor_of(found.left, query, found.x1, scale);
        if is_finite(g) {
            state.left = fixed_add(state.left, fixed_product(g, factor, state.unit.x));
        } else if factor.mantissa != Bits(0u) {
            state.flags.x |= flag_of(g, factor);
        }
    }
    if found.right != NOTHING {
        let factor = factor_of(found.right, found.x0, query, scale);
        if is_finite(g) {
            state.right = fixed_add(state.right, fixed_product(g, factor, state.unit.y));
        } else if factor.mantissa != Bits(0u) {
            state.flags.y |= flag_of(g, factor);
        }
    }
    return state;
}
