// Smallest and largest values, and where they are. Values compete by their keys: NaN beats everything, of equals the first
// wins.
struct State { score: Bits, place: u32 }

const NOWHERE: u32 = 0xffffffffu;

// The score of a value: the larger wins. None is 0.
fn score_of(value: Bits) -> Bits {
    let k = key(value);
    let wants_small = parameters.finish == FINISH_MIN || parameters.finish == FINISH_ARGMIN;
    return select(k, ~k, wants_small && k != NAN_KEY);
}

fn state_zero() -> State { return State(Bits(0u), NOWHERE); }

fn other_of_line(line: u32) -> Bits { return Bits(0u); }

fn state_step(state: State, value: Bits, other: Bits, place: u32) -> State {
    if is_skipped(value) { return state; }
    return state_merge(state, State(score_of(value), parameters.first_place + place));
}

fn state_merge(a: State, b: State) -> State {
    if b.score > a.score || (b.score == a.score && b.place < a.place) { return b; }
    return a;
}
