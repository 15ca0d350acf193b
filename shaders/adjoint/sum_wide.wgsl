// provides: sums, part_of, take, main
// needs: Bits, real, WHOLE, NOTHING, share_of, first_cell, slot_at, WORKGROUP, parameters, locate, load_cotangents
// Sums shares by slot without atomics: one invocation takes a part of the queries of one field, in their order, and has
// sums of its own. For software rasterisers, where atomics are slow and a few invocations keep all cores busy.
@group(0) @binding(2) var<storage, read_write> sums: array<vec2<f64>>;

fn part_of(kind: u32, g: Bits, from_x: Bits, to_x: Bits) -> f64 {
    let factor = select(f64(real(to_x)) - f64(real(from_x)), 1.0lf, kind == WHOLE);
    // Nothing of a cotangent is nothing, be it infinite.
    let is_none = (kind == NOTHING) | (factor == 0.0lf);
    return select(f64(real(g)) * factor, 0.0lf, is_none);
}

fn take(field: u32, part: u32, table: u32, query: Bits, k: Bits, at: u32, g: Bits) {
    let found = share_of(query, k, first_cell(table), at);
    let slot = slot_at(field, part, found.slot);
    let parts = vec2<f64>(part_of(found.left, g, query, found.x1), part_of(found.right, g, found.x0, query));
    sums[slot] = sums[slot] + parts;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // One vector of lanes a workgroup, so that there are as many workgroups as can be.
    let item = (group.y * groups.x + group.x) * parameters.lanes + local;
    let row = item / parameters.copies;
    if local >= parameters.lanes || row >= parameters.rows { return; }
    let part = item - row * parameters.copies;
    let table = parameters.first_row + row;
    let field = select(table - parameters.first_set, 0u, parameters.one_set != 0u);
    let first = min(part * parameters.part_len, parameters.columns);
    let end = min(first + parameters.part_len, parameters.columns);
    for (var column = first; column < end; column += 4u) {
        let index = row * parameters.columns + column;
        let at = locate(index, column, table);
        let g = load_cotangents(index);
        take(field, part, table, at.query.x, at.key.x, at.segment.x, g.x);
        if column + 1u < end { take(field, part, table, at.query.y, at.key.y, at.segment.y, g.y); }
        if column + 2u < end { take(field, part, table, at.query.z, at.key.z, at.segment.z, g.z); }
        if column + 3u < end { take(field, part, table, at.query.w, at.key.w, at.segment.w, g.w); }
    }
}
