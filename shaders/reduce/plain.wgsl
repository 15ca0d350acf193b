// Sums and means.
@group(0) @binding(3) var<storage, read_write> result: array<Bits>;

struct State { values: Accumulator, count: u32 }

fn state_zero() -> State { return State(sum_zero(), 0u); }

fn other_of_line(line: u32) -> Bits { return Bits(0u); }

fn state_step(state: State, value: Bits, other: Bits, place: u32) -> State {
    if is_skipped(value) { return state; }
    return State(sum_add(state.values, real(value)), state.count + 1u);
}

fn state_merge(a: State, b: State) -> State { return State(sum_merge(a.values, b.values), a.count + b.count); }

fn state_finish(state: State, line: u32) {
    var answer = bits(sum_round(state.values));
    if parameters.finish == FINISH_MEAN {
        if state.count == 0u {
            answer = bits_of_words(parameters.nan);
        } else {
            answer = bits(sum_ratio(state.values, sum_of_count(state.count)));
        }
    }
    result[parameters.output_shift + line] = answer;
}
