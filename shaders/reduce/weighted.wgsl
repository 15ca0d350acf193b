// Weighted sums and averages: the sum of products and the sum of weights go side by side.
@group(0) @binding(3) var<storage, read_write> result: array<Bits>;
@group(0) @binding(5) var<storage, read_write> weight_sums: array<Bits>;
@group(0) @binding(6) var<storage, read_write> checks: array<atomic<u32>>;

struct State { values: Accumulator, weights: Accumulator }

fn state_zero() -> State { return State(sum_zero(), sum_zero()); }

fn state_step(state: State, value: Bits, other: Bits, place: u32) -> State {
    if is_skipped(value) { return state; }
    let weight = real(other);
    return State(sum_add_product(state.values, weight, real(value)), sum_add(state.weights, weight));
}

fn state_merge(a: State, b: State) -> State {
    return State(sum_merge(a.values, b.values), sum_merge(a.weights, b.weights));
}

fn state_finish(state: State, line: u32) {
    var answer = bits(sum_round(state.values));
    if parameters.finish == FINISH_AVERAGE {
        answer = bits(sum_ratio(state.values, state.weights));
        if sum_is_zero(state.weights) {
            if parameters.has_fill != 0u {
                answer = bits_of_words(parameters.fill);
            } else {
                // The first of them is to be named: the largest complement is that of the smallest index.
                atomicMax(&checks[parameters.check], ~(parameters.first_line + line));
            }
        }
    }
    result[parameters.output_shift + line] = answer;
    if parameters.has_sums != 0u {
        weight_sums[parameters.output_shift + line] = bits(sum_round(state.weights));
    }
}
