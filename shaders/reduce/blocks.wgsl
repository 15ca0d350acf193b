// provides: SINGLE_PASS, steps, store_partial, main
// needs: State, Bits, state_step, parameters, state_finalize, partials, WORKGROUP, work_item, SIDE_BY_SIDE, NEIGHBOURS
// needs: row_offset, aux_of_row, state_zero, quads_at, load_values, load_aux
// An invocation for each part of each four rows: sixteen values an iteration, in four or five loads.
//
// For software rasterisers, where a load of four costs less than two of one, an iteration as much as a load, and
// neighbouring invocations need not read side by side. Code that a constant rules out is compiled away; skipping it at
// run time would cost as much as executing it. There are no barriers: they cost more than a second pass.
override SINGLE_PASS: bool;

fn steps(from_state: State, block: vec4<Bits>, aux: vec4<Bits>, index: u32, end: u32) -> State {
    var state = state_step(from_state, block.x, aux.x, index);
    if index + 1u < end { state = state_step(state, block.y, aux.y, index + 1u); }
    if index + 2u < end { state = state_step(state, block.z, aux.z, index + 2u); }
    if index + 3u < end { state = state_step(state, block.w, aux.w, index + 3u); }
    return state;
}

fn store_partial(state: State, row: u32, part: u32) {
    if row >= parameters.outputs { return; }
    if SINGLE_PASS {
        state_finalize(state, row);
    } else {
        partials[part * parameters.outputs + row] = state;
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let fours = (parameters.outputs + 3u) / 4u;
    if item >= fours * parameters.parts { return; }
    var part = item / fours;
    var row = (item - part * fours) * 4u;
    var first = part * parameters.part_len;
    var end = min(first + parameters.part_len, parameters.reduce_len);
    var step = 4u;
    if SIDE_BY_SIDE {
        let four = item / parameters.parts;
        row = four * 4u;
        part = item - four * parameters.parts;
        // This part and its neighbours share the range of all of them.
        let number = part % NEIGHBOURS;
        let leader = part - number;
        let neighbours = min(NEIGHBOURS, parameters.parts - leader);
        let start = leader * parameters.part_len;
        first = start + number * 4u;
        end = min(start + neighbours * parameters.part_len, parameters.reduce_len);
        step = neighbours * 4u;
    }

    // Rows past the end stand for the last one and store nothing.
    let rows = min(row + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(parameters.outputs - 1u));
    let row_offsets = vec4<u32>(row_offset(rows.x), row_offset(rows.y), row_offset(rows.z), row_offset(rows.w));
    let row_aux = vec4<Bits>(aux_of_row(rows.x), aux_of_row(rows.y), aux_of_row(rows.z), aux_of_row(rows.w));
    var a = state_zero();
    var b = state_zero();
    var c = state_zero();
    var d = state_zero();
    if !SINGLE_PASS && parameters.continue_partial != 0u {
        let before = part * parameters.outputs + rows;
        a = partials[before.x];
        b = partials[before.y];
        c = partials[before.z];
        d = partials[before.w];
    }
    for (var index = first; index < end; index += step) {
        let at = quads_at(row_offsets, index);
        let block = load_values(at);
        let aux = load_aux(at, index, row_aux);
        a = steps(a, block.a, aux.a, index, end);
        b = steps(b, block.b, aux.b, index, end);
        c = steps(c, block.c, aux.c, index, end);
        d = steps(d, block.d, aux.d, index, end);
    }
    store_partial(a, row, part);
    store_partial(b, row + 1u, part);
    store_partial(c, row + 2u, part);
    store_partial(d, row + 3u, part);
}
