// provides: steps, steps_before, joint_steps, joint_before, store, main
// needs: State, LANES, Bits, Joint, parameters, blocks, sharing, between, place_of, rows_of, offsets_of, index_of
// needs: IN_TURNS, WHOLE, FOUR_ROWS, state_zero, state_step, state_merge, state_close, state_finalize, aux_of_row
// needs: joint_zero, joint_step, partials, cursor_of, cursor_step, load_values, aux_cursor_of, aux_cursor_step
// needs: load_aux, shared_states, merged
// For hardware. A lane folds sixteen values a turn, of four rows, or of one row in four places, in loads that do not
// wait for one another. Then the lanes that share rows merge their states in the workgroup's memory.
//
// Which rows are a lane's, with how many others it shares them and how far apart those are, is said by lanes_along.wgsl
// and lanes_across.wgsl; which elements a load brings by lanes_by_four_along.wgsl, lanes_by_four_across.wgsl and
// lanes_by_one.wgsl.

fn steps(from_state: State, quad: vec4<Bits>, aux: vec4<Bits>, index: u32, stride: u32) -> State {
    var state = state_step(from_state, quad.x, aux.x, index);
    state = state_step(state, quad.y, aux.y, index + stride);
    state = state_step(state, quad.z, aux.z, index + 2u * stride);
    return state_step(state, quad.w, aux.w, index + 3u * stride);
}

// The same for the last of a row: what is at `end` or beyond belongs to others. Where rows are whole
// fours it is all of a load, or nothing.
fn steps_before(end: u32, before: State, quad: vec4<Bits>, aux: vec4<Bits>, index: u32, stride: u32) -> State {
    if WHOLE {
        if index < end { return steps(before, quad, aux, index, stride); }
        return before;
    }
    var state = before;
    if index < end { state = state_step(state, quad.x, aux.x, index); }
    if index + stride < end { state = state_step(state, quad.y, aux.y, index + stride); }
    if index + 2u * stride < end { state = state_step(state, quad.z, aux.z, index + 2u * stride); }
    if index + 3u * stride < end { state = state_step(state, quad.w, aux.w, index + 3u * stride); }
    return state;
}

// What rows have in common is folded once for all of them.
fn joint_steps(before: Joint, aux: vec4<Bits>) -> Joint {
    return joint_step(joint_step(joint_step(joint_step(before, aux.x), aux.y), aux.z), aux.w);
}

fn joint_before(end: u32, before: Joint, aux: vec4<Bits>, index: u32, stride: u32) -> Joint {
    if WHOLE {
        if index < end { return joint_steps(before, aux); }
        return before;
    }
    var joint = before;
    if index < end { joint = joint_step(joint, aux.x); }
    if index + stride < end { joint = joint_step(joint, aux.y); }
    if index + 2u * stride < end { joint = joint_step(joint, aux.z); }
    if index + 3u * stride < end { joint = joint_step(joint, aux.w); }
    return joint;
}

fn store(state: State, row: u32, part: u32) {
    if row >= parameters.outputs || part >= parameters.parts { return; }
    let at = part * parameters.outputs + row;
    var whole = state;
    if parameters.continue_partial != 0u { whole = state_merge(partials[at], state); }
    if parameters.single_pass != 0u {
        state_finalize(whole, row);
    } else {
        partials[at] = whole;
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // All of a workgroup work on one part, and on one block of rows. A workgroup past the last part reads nothing.
    let item = group.y * groups.x + group.x;
    let part = item / blocks();
    let first = part * parameters.part_len;
    let end = select(first, min(first + parameters.part_len, parameters.reduce_len), part < parameters.parts);

    // Rows past the end stand for the last one and store nothing.
    let rows = rows_of(item - part * blocks(), local);
    let read = min(rows, vec4<u32>(parameters.outputs - 1u));
    let offsets = offsets_of(read);
    let row_aux = vec4<Bits>(aux_of_row(read.x), aux_of_row(read.y), aux_of_row(read.z), aux_of_row(read.w));
    // The lanes that share rows take a stretch of four elements each, and one row alone takes four such stretches.
    let stretch = 4u * sharing();
    let apart = select(vec4<u32>(0u, 1u, 2u, 3u) * stretch, vec4<u32>(0u), FOUR_ROWS);
    let turn = select(4u * stretch, stretch, FOUR_ROWS);
    let stride = select(1u, sharing(), IN_TURNS);
    var place = place_of(local);

    var a = state_zero();
    var b = state_zero();
    var c = state_zero();
    var d = state_zero();
    var joint = joint_zero();
    var at = vec4<u32>(first + index_of(place)) + apart;
    // Where loads begin, which is all that a turn has to work out.
    var cursor = cursor_of(offsets, at);
    var aux_cursor = aux_cursor_of(offsets, at);
    var left = end - first;
    while left >= turn {
        let loaded = load_values(cursor, stride);
        let aux = load_aux(aux_cursor, stride, row_aux);
        a = steps(a, loaded.a, aux.a, at.x, stride);
        b = steps(b, loaded.b, aux.b, at.y, stride);
        c = steps(c, loaded.c, aux.c, at.z, stride);
        d = steps(d, loaded.d, aux.d, at.w, stride);
        joint = joint_steps(joint, aux.a);
        if !FOUR_ROWS { joint = joint_steps(joint_steps(joint_steps(joint, aux.b), aux.c), aux.d); }
        at += turn;
        cursor += cursor_step(turn);
        aux_cursor += aux_cursor_step(turn);
        left -= turn;
    }
    if left > 0u {
        let loaded = load_values(cursor, stride);
        let aux = load_aux(aux_cursor, stride, row_aux);
        a = steps_before(end, a, loaded.a, aux.a, at.x, stride);
        b = steps_before(end, b, loaded.b, aux.b, at.y, stride);
        c = steps_before(end, c, loaded.c, aux.c, at.z, stride);
        d = steps_before(end, d, loaded.d, aux.d, at.w, stride);
        joint = joint_before(end, joint, aux.a, at.x, stride);
        if !FOUR_ROWS {
            joint = joint_before(end, joint, aux.b, at.y, stride);
            joint = joint_before(end, joint, aux.c, at.z, stride);
            joint = joint_before(end, joint, aux.d, at.w, stride);
        }
    }

    var lanes = sharing();
    if !FOUR_ROWS {
        a = merged(state_close(state_merge(state_merge(a, b), state_merge(c, d)), joint), local, place, lanes);
        if place == 0u { store(a, rows.x, part); }
        return;
    }
    a = state_close(a, joint);
    b = state_close(b, joint);
    c = state_close(c, joint);
    d = state_close(d, joint);
    if lanes == 1u {
        store(a, rows.x, part);
        store(b, rows.y, part);
        store(c, rows.z, part);
        store(d, rows.w, part);
        return;
    }
    // Of two lanes one goes on with two of the rows, the other with the other two, and so once more: three merges,
    // and what is left is one state a lane.
    lanes /= 2u;
    let is_upper = place >= lanes;
    if is_upper {
        shared_states[local] = a;
        shared_states[LANES + local] = b;
        a = c;
        b = d;
    } else {
        shared_states[local] = c;
        shared_states[LANES + local] = d;
    }
    let across = lanes * between();
    workgroupBarrier();
    let other = select(local + across, local - across, is_upper);
    a = state_merge(a, shared_states[other]);
    b = state_merge(b, shared_states[LANES + other]);
    workgroupBarrier();
    let pair = select(rows.xy, rows.zw, is_upper);
    place -= select(0u, lanes, is_upper);
    if lanes == 1u {
        store(a, pair.x, part);
        store(b, pair.y, part);
        return;
    }
    lanes /= 2u;
    let is_second = place >= lanes;
    if is_second {
        shared_states[local] = a;
        a = b;
    } else {
        shared_states[local] = b;
    }
    let near = lanes * between();
    workgroupBarrier();
    a = state_merge(a, shared_states[select(local + near, local - near, is_second)]);
    workgroupBarrier();
    place -= select(0u, lanes, is_second);
    a = merged(a, local, place, lanes);
    if place == 0u { store(a, select(pair.x, pair.y, is_second), part); }
}
