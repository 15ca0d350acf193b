// provides: TABLES, first_cell
// needs: parameters
// Where the cells of a table begin.
override TABLES: bool;

fn first_cell(table: u32) -> u32 {
    if TABLES { return table * parameters.table.knots; }
    return 0u;
}
