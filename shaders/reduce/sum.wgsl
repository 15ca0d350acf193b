// provides: output, State, state_zero, aux_of_row, state_step, state_merge, state_finalize
// needs: Bits, Accumulator, sum_zero, is_skipped, sum_add, real, sum_merge, bits, sum_round, parameters
// needs: REDUCTION_MEAN, nan, sum_ratio, sum_of_count, counted
// Sums and means.
@group(0) @binding(3) var<storage, read_write> output: array<Bits>;

struct State { sum: Accumulator, count: u32 }

fn state_zero() -> State { return State(sum_zero(), 0u); }

fn aux_of_row(row: u32) -> Bits { return Bits(0u); }

fn state_step(state: State, value: Bits, aux: Bits, index: u32) -> State {
    if is_skipped(value) { return state; }
    return State(sum_add(state.sum, real(value)), counted(state.count));
}

fn state_merge(a: State, b: State) -> State { return State(sum_merge(a.sum, b.sum), a.count + b.count); }

fn state_finalize(state: State, row: u32) {
    var value = bits(sum_round(state.sum));
    if parameters.reduction == REDUCTION_MEAN {
        if state.count == 0u {
            value = nan();
        } else {
            value = bits(sum_ratio(state.sum, sum_of_count(state.count)));
        }
    }
    output[parameters.output_offset + row] = value;
}
