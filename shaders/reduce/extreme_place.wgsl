// Where the value is that won.
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

fn state_finish(state: State, line: u32) {
    result[parameters.output_shift + line] = state.place;
}
