// provides: accumulate4, store_partial
// needs: State, parameters, evaluate, locate, load_aux, state_step, state_finalize, partials
// Evaluates a table at four queries of a row and adds those before the end.
fn accumulate4(from_state: State, row: u32, index: u32, end: u32) -> State {
    let table = parameters.first_output + row;
    let results = evaluate(locate(row * parameters.reduce_len + index, index, table), table);
    let aux = load_aux(row, index);
    var state = state_step(from_state, results.x, aux.x, index);
    if index + 1u < end { state = state_step(state, results.y, aux.y, index + 1u); }
    if index + 2u < end { state = state_step(state, results.z, aux.z, index + 2u); }
    if index + 3u < end { state = state_step(state, results.w, aux.w, index + 3u); }
    return state;
}

fn store_partial(state: State, row: u32, part: u32) {
    if parameters.parts == 1u {
        state_finalize(state, row);
    } else {
        partials[part * parameters.outputs + row] = state;
    }
}
