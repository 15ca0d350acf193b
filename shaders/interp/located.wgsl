// provides: locate
// needs: Bits, key, Position, load_queries, load_cells, has, FLAG_SHARED_QUERIES, FLAG_SHARED_CELLS
// Queries whose segments were found before, and which have been taken into the period.
fn locate(index: u32, column: u32, table: u32) -> Position {
    let query = load_queries(select(index, column, has(FLAG_SHARED_QUERIES)));
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w));
    return Position(query, k, load_cells(select(index, column, has(FLAG_SHARED_CELLS))));
}
