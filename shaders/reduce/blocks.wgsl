// An invocation for each part of each four lines: sixteen values an iteration, in four or five loads.
//
// For software rasterisers, where a load of four costs less than two of one, an iteration as much as a load, and neighbours
// need not lie side by side. What a constant rules out is not there: skipping it would cost as much as doing it. No barriers: there they cost more than a second pass.
// As many as a vector of the processor has lanes.
const NEIGHBOURS: u32 = 8u;

fn steps(from_state: State, values: vec4<Bits>, others: vec4<Bits>, place: u32, end: u32) -> State {
    var state = state_step(from_state, values.x, others.x, place);
    if place + 1u < end { state = state_step(state, values.y, others.y, place + 1u); }
    if place + 2u < end { state = state_step(state, values.z, others.z, place + 2u); }
    if place + 3u < end { state = state_step(state, values.w, others.w, place + 3u); }
    return state;
}

fn leave(state: State, line: u32, part: u32) {
    if line >= parameters.lines { return; }
    if DIRECT {
        state_finish(state, line);
    } else {
        partials[part * parameters.lines + line] = state;
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = work_item(group, groups, local);
    let fours = (parameters.lines + 3u) / 4u;
    if index >= fours * parameters.parts { return; }
    var part = index / fours;
    var line = (index - part * fours) * 4u;
    var first = part * parameters.part_places;
    var end = min(first + parameters.part_places, parameters.places);
    var step = 4u;
    if SIDE_BY_SIDE {
        let four = index / parameters.parts;
        line = four * 4u;
        part = index - four * parameters.parts;
        // Of this part and its neighbours, which share what is theirs together.
        let place_among = part % NEIGHBOURS;
        let leader = part - place_among;
        let neighbours = min(NEIGHBOURS, parameters.parts - leader);
        let start = leader * parameters.part_places;
        first = start + place_among * 4u;
        end = min(start + neighbours * parameters.part_places, parameters.places);
        step = neighbours * 4u;
    }

    // Lines past the end stand for the last one and leave nothing.
    let lines = min(line + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(parameters.lines - 1u));
    let beginnings =
        vec4<u32>(beginning_of(lines.x), beginning_of(lines.y), beginning_of(lines.z), beginning_of(lines.w));
    let of_lines =
        vec4<Bits>(other_of_line(lines.x), other_of_line(lines.y), other_of_line(lines.z), other_of_line(lines.w));
    var a = state_zero();
    var b = state_zero();
    var c = state_zero();
    var d = state_zero();
    if !DIRECT && parameters.resume != 0u {
        let before = part * parameters.lines + lines;
        a = partials[before.x];
        b = partials[before.y];
        c = partials[before.z];
        d = partials[before.w];
    }
    for (var place = first; place < end; place += step) {
        let at = quads_at(beginnings, place);
        let values = values_at(at);
        let others = others_at(at, place, of_lines);
        a = steps(a, values.a, others.a, place, end);
        b = steps(b, values.b, others.b, place, end);
        c = steps(c, values.c, others.c, place, end);
        d = steps(d, values.d, others.d, place, end);
    }
    leave(a, line, part);
    leave(b, line + 1u, part);
    leave(c, line + 2u, part);
    leave(d, line + 3u, part);
}
