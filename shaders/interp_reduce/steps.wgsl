// Looks up four queries of a row and takes in those that are before the end.
fn take_four(from_state: State, row: u32, place: u32, end: u32) -> State {
    let queries = load_queries(select(row * parameters.places + place, place, has(FLAG_SHARED_QUERIES)));
    let values = evaluate(queries, parameters.first_line + row);
    let others = weights_at(row, place);
    var state = state_step(from_state, values.x, others.x, place);
    if place + 1u < end { state = state_step(state, values.y, others.y, place + 1u); }
    if place + 2u < end { state = state_step(state, values.z, others.z, place + 2u); }
    if place + 3u < end { state = state_step(state, values.w, others.w, place + 3u); }
    return state;
}

fn leave(state: State, row: u32, part: u32) {
    if parameters.parts == 1u {
        state_finish(state, row);
    } else {
        partials[part * parameters.lines + row] = state;
    }
}
