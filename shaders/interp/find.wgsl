// provides: TABLES, Position, first_cell, find
// needs: Bits, key, parameters, wrap, descend, search_start
// Finding: where four queries of one row lie in its table. Evaluating (evaluate.wgsl) needs nothing else.
override TABLES: bool;

struct Position {
    query: vec4<Bits>,    // taken into the period
    key: vec4<Bits>,      // of that query
    segment: vec4<u32>,   // the number of its segment within the table
}

fn first_cell(table: u32) -> u32 {
    if TABLES { return table * parameters.table.knots; }
    return 0u;
}

fn find(asked: vec4<Bits>, table: u32) -> Position {
    let query = vec4<Bits>(wrap(asked.x), wrap(asked.y), wrap(asked.z), wrap(asked.w));
    let k = vec4<Bits>(key(query.x), key(query.y), key(query.z), key(query.w));
    return Position(query, k, descend(search_start(query, k, table), k, first_cell(table)));
}
