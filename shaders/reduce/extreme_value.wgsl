// The value that won. (Of zeros the positive one, whichever it was.)
@group(0) @binding(3) var<storage, read_write> result: array<Bits>;

fn state_finish(state: State, line: u32) {
    var k = state.score;
    if parameters.finish == FINISH_MIN && k != NAN_KEY { k = ~k; }
    let is_none = state.place == NOWHERE || state.score == NAN_KEY;
    result[parameters.output_shift + line] = select(bits_of_key(k), bits_of_words(parameters.nan), is_none);
}
