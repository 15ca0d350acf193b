// provides: find, locate
// needs: Bits, key, Position, wrap, descend, search_start, first_cell, load_queries, has, FLAG_SHARED_QUERIES
// Finding: where four queries of one row lie in its table. Evaluating (evaluate.wgsl) needs nothing else.
fn find(asked: vec4<Bits>, table: u32) -> Position {
    let query = vec4<Bits>(wrap(asked.x), wrap(asked.y), wrap(asked.z), wrap(asked.w));
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w));
    return Position(query, k, descend(search_start(query, k, table), k, first_cell(table)));
}

// Of four results, and their place in the row.
fn locate(index: u32, column: u32, table: u32) -> Position {
    return find(load_queries(select(index, column, has(FLAG_SHARED_QUERIES))), table);
}
