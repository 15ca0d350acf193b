// provides: output, means, State, state_zero, aux_of_row, state_step, state_merge, state_finalize
// needs: Bits, Accumulator, sum_zero, parameters, is_skipped, real, sum_add, sum_add_product, sum_merge, variance
// needs: REDUCTION_STD, counted
// Variances and standard deviations, in the second of two passes: the first computed the means. A mean is rounded, so
// the deviations do not add up to zero; their sum corrects the sum of their squares (the corrected two-pass algorithm:
// T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37, 1983).
@group(0) @binding(3) var<storage, read_write> output: array<Bits>;
@group(0) @binding(4) var<storage, read> means: array<Bits>;

struct State { deviations: Accumulator, squares: Accumulator, count: u32 }

fn state_zero() -> State { return State(sum_zero(), sum_zero(), 0u); }

// The auxiliary operand is the mean.
fn aux_of_row(row: u32) -> Bits { return means[parameters.mean_offset + row]; }

fn state_step(state: State, value: Bits, mean: Bits, index: u32) -> State {
    if is_skipped(value) { return state; }
    let deviation = real(value) - real(mean);
    return State(
        sum_add(state.deviations, deviation),
        sum_add_product(state.squares, deviation, deviation),
        counted(state.count),
    );
}

fn state_merge(a: State, b: State) -> State {
    return State(sum_merge(a.deviations, b.deviations), sum_merge(a.squares, b.squares), a.count + b.count);
}

fn state_finalize(state: State, row: u32) {
    output[parameters.output_offset + row] =
        variance(state.deviations, state.squares, state.count, parameters.reduction == REDUCTION_STD);
}
