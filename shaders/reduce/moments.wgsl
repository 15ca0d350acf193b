// Variances and standard deviations, in the second of two passes: the first found the means. The mean is rounded, so the
// deviations do not add up to zero; what they add up to corrects the sum of their squares (the corrected two-pass
// algorithm: T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37, 1983).
@group(0) @binding(3) var<storage, read_write> result: array<Bits>;
@group(0) @binding(4) var<storage, read> means: array<Bits>;

struct State { deviations: Accumulator, squares: Accumulator, count: u32 }

fn state_zero() -> State { return State(sum_zero(), sum_zero(), 0u); }

// The mean goes with every value.
fn other_of_line(line: u32) -> Bits { return means[parameters.mean_shift + line]; }

fn state_step(state: State, value: Bits, mean: Bits, place: u32) -> State {
    if is_skipped(value) { return state; }
    let deviation = real(value) - real(mean);
    return State(
        sum_add(state.deviations, deviation),
        sum_add_product(state.squares, deviation, deviation),
        state.count + 1u,
    );
}

fn state_merge(a: State, b: State) -> State {
    return State(sum_merge(a.deviations, b.deviations), sum_merge(a.squares, b.squares), a.count + b.count);
}

fn state_finish(state: State, line: u32) {
    result[parameters.output_shift + line] =
        spread(state.deviations, state.squares, state.count, parameters.finish == FINISH_STD);
}
