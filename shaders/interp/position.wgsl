// provides: TABLES, Position, first_cell
// needs: Bits, parameters
// Where four queries of one row lie in its table.
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
