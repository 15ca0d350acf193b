// provides: output, weight_sums, checks, State, state_zero, state_step, state_merge, state_finalize
// needs: Bits, Accumulator, sum_zero, is_skipped, real, sum_add_product, weight_added, sum_merge, bits
// needs: sum_round, parameters, REDUCTION_AVERAGE, sum_ratio, sum_is_zero, bits_of_words
// Weighted sums and averages: the sum of products and the sum of weights.
@group(0) @binding(3) var<storage, read_write> output: array<Bits>;
@group(0) @binding(5) var<storage, read_write> weight_sums: array<Bits>;
@group(0) @binding(6) var<storage, read_write> checks: array<atomic<u32>>;

struct State { products: Accumulator, weight: Accumulator }

fn state_zero() -> State { return State(sum_zero(), sum_zero()); }

fn state_step(state: State, value: Bits, aux: Bits, index: u32) -> State {
    if is_skipped(value) { return state; }
    let weight = real(aux);
    return State(sum_add_product(state.products, weight, real(value)), weight_added(state.weight, weight));
}

fn state_merge(a: State, b: State) -> State {
    return State(sum_merge(a.products, b.products), sum_merge(a.weight, b.weight));
}

fn state_finalize(state: State, row: u32) {
    var value = bits(sum_round(state.products));
    if parameters.reduction == REDUCTION_AVERAGE {
        value = bits(sum_ratio(state.products, state.weight));
        if sum_is_zero(state.weight) {
            if parameters.has_fill != 0u {
                value = bits_of_words(parameters.fill);
            } else {
                // The error names the first of them: the largest complement is that of the smallest index.
                atomicMax(&checks[parameters.check], ~(parameters.first_output + row));
            }
        }
    }
    output[parameters.output_offset + row] = value;
    if parameters.has_sums != 0u {
        weight_sums[parameters.output_offset + row] = bits(sum_round(state.weight));
    }
}
