// provides: output, state_finalize
// needs: Bits, State, parameters, REDUCTION_MIN, NAN_KEY, NOWHERE, bits_of_key, nan
// The winning value. (Of zeros the positive one, whichever won.)
@group(0) @binding(3) var<storage, read_write> output: array<Bits>;

fn state_finalize(state: State, row: u32) {
    var k = state.score;
    if parameters.reduction == REDUCTION_MIN && k != NAN_KEY { k = ~k; }
    let is_none = state.index == NOWHERE || state.score == NAN_KEY;
    output[parameters.output_offset + row] = select(bits_of_key(k), nan(), is_none);
}
