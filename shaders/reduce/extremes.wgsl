// provides: State, NOWHERE, score_of, state_zero, aux_of_row, state_step, state_merge
// needs: Bits, key, parameters, REDUCTION_MIN, REDUCTION_ARGMIN, NAN_KEY, is_skipped
// Smallest and largest values, and their indices. Values compete by their keys: NaN beats everything, of equals the
// first wins.
struct State { score: Bits, index: u32 }

const NOWHERE: u32 = 0xffffffffu;

// The score of a value: the larger wins. That of no value is 0.
fn score_of(value: Bits) -> Bits {
    let k = key(value);
    let is_min = parameters.reduction == REDUCTION_MIN || parameters.reduction == REDUCTION_ARGMIN;
    return select(k, ~k, is_min && k != NAN_KEY);
}

fn state_zero() -> State { return State(Bits(0u), NOWHERE); }

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }

fn state_step(state: State, value: Bits, aux: Bits, index: u32) -> State {
    if is_skipped(value) { return state; }
    return state_merge(state, State(score_of(value), parameters.first_index + index));
}

fn state_merge(a: State, b: State) -> State {
    if b.score > a.score || (b.score == a.score && b.index < a.index) { return b; }
    return a;
}
