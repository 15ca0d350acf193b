// provides: output, state_finalize
// needs: State, parameters
// The index of the winning value.
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

fn state_finalize(state: State, row: u32) {
    output[parameters.output_offset + row] = state.index;
}
