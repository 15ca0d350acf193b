// provides: indices, data, indptr, order, column_of, weight_of, write_entries, main
// needs: Bits, Real, real, bits, parameters, Share, share_of, NOTHING, WHOLE, first_cell, locate, WORKGROUP, work_item
// needs: OUTSIDE_FIRST_KNOT, OUTSIDE_LAST_KNOT, last_knot
// The matrix of an interpolation in compressed sparse rows: one invocation writes the entries of four results.
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> data: array<Bits>;
@group(0) @binding(4) var<storage, read_write> indptr: array<u32>;
@group(0) @binding(5) var<storage, read> order: array<u32>;

// The place of a knot as the caller gave them.
fn column_of(table: u32, knot: u32) -> u32 {
    if parameters.has_order == 0u { return knot; }
    return order[parameters.own_knots * table * parameters.table.knots + knot];
}

// The part of the way from one x to another in the width of the segment.
fn weight_of(kind: u32, found: Share, from_x: Bits, to_x: Bits) -> Bits {
    if kind == NOTHING { return Bits(0u); }
    if kind == WHOLE { return bits(Real(1.0)); }
    return bits((real(to_x) - real(from_x)) / (real(found.x1) - real(found.x0)));
}

fn write_entries(result: u32, table: u32, query: Bits, k: Bits, at: u32) {
    indptr[parameters.indptr_offset + result] = (parameters.first_result + result) * parameters.entries;
    let first = first_cell(table);
    let found = share_of(query, k, first, at);
    let knots = parameters.table.knots;
    let last = last_knot(first);
    var knot = min(found.slot, last);
    if found.slot >= knots { knot = select(0u, last, found.slot == knots + OUTSIDE_LAST_KNOT); }
    let is_end = found.slot == knots + OUTSIDE_FIRST_KNOT || found.slot == knots + OUTSIDE_LAST_KNOT;
    let counts = found.slot < knots || is_end;
    var left = select(Bits(0u), weight_of(found.left, found, query, found.x1), counts);
    var right = weight_of(found.right, found, found.x0, query);
    let left_column = column_of(table, knot);
    // Beside a single knot stands another with a weight of zero.
    let beside = select(max(left_column, 1u) - 1u, left_column + 1u, left_column + 1u < parameters.given_knots);
    var right_column = beside;
    if found.slot < last { right_column = column_of(table, knot + 1u); }
    if right_column == left_column {
        // Two copies of the only knot that closes a period.
        left = bits(real(left) + real(right));
        right = Bits(0u);
        right_column = beside;
    }
    let base = table * parameters.given_knots * parameters.own_columns;
    let entry = parameters.indices_offset + result * parameters.entries;
    let value = parameters.data_offset + result * parameters.entries;
    if parameters.entries == 1u {
        indices[entry] = base;
        data[value] = bits(real(left) + real(right));
        return;
    }
    let swapped = left_column > right_column;
    indices[entry] = base + min(left_column, right_column);
    indices[entry + 1u] = base + max(left_column, right_column);
    data[value] = select(left, right, swapped);
    data[value + 1u] = select(right, left, swapped);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    let quads = (parameters.columns + 3u) / 4u;
    let row = item / quads;
    let column = (item - row * quads) * 4u;
    if item == 0u && parameters.is_last != 0u {
        let count = parameters.rows * parameters.columns;
        indptr[parameters.indptr_offset + count] = (parameters.first_result + count) * parameters.entries;
    }
    if row >= parameters.rows || column >= parameters.columns { return; }
    let index = row * parameters.columns + column;
    let table = parameters.first_row + row;
    let at = locate(index, column, table);
    write_entries(index, table, at.query.x, at.key.x, at.segment.x);
    if column + 1u < parameters.columns { write_entries(index + 1u, table, at.query.y, at.key.y, at.segment.y); }
    if column + 2u < parameters.columns { write_entries(index + 2u, table, at.query.z, at.key.z, at.segment.z); }
    if column + 3u < parameters.columns { write_entries(index + 3u, table, at.query.w, at.key.w, at.segment.w); }
}
