// Sums and means.
struct State { values: Accumulator }

fn state_zero() -> State { return State(sum_zero()); }

fn state_step(state: State, line: u32, place: u32) -> State {
    let value = real(values[parameters.value_shift + element(line, place)]);
    return State(sum_add(state.values, value));
}

fn state_merge(a: State, b: State) -> State { return State(sum_merge(a.values, b.values)); }

fn state_finish(state: State, line: u32) {
    var answer = bits(sum_round(state.values));
    if parameters.finish == FINISH_MEAN {
        if parameters.count == 0u {
            answer = bits_of_words(parameters.nan);
        } else {
            answer = bits(sum_ratio(state.values, sum_of_count(parameters.count)));
        }
    }
    result[parameters.output_shift + line] = answer;
}
