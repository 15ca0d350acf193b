// provides: Position
// needs: Bits
// Where four queries of one row lie in its table.
struct Position {
    query: vec4<Bits>,    // taken into the period
    key: vec4<Bits>,      // of that query
    segment: vec4<u32>,   // the number of its segment within the table
}
