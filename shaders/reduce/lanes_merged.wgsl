// provides: shared_states, merged
// needs: State, LANES, between, state_merge
// The states of lanes that share a row, in the workgroup's memory.
var<workgroup> shared_states: array<State, 2u * LANES>;

// Those of so many lanes, merged in a tree; the first of them has the whole.
fn merged(own: State, local: u32, place: u32, lanes: u32) -> State {
    var state = own;
    for (var half = lanes / 2u; half > 0u; half /= 2u) {
        shared_states[local] = state;
        workgroupBarrier();
        if place < half { state = state_merge(state, shared_states[local + half * between()]); }
        workgroupBarrier();
    }
    return state;
}
