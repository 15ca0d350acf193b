// provides: slots_of_table, slot_at
// needs: parameters, OUTSIDE_COUNT
// How sums in f64 lie in memory: for each field, each part of the queries and each slot two of them.
fn slots_of_table() -> u32 { return parameters.table.knots + OUTSIDE_COUNT; }

fn slot_at(field: u32, part: u32, slot: u32) -> u32 {
    return (field * parameters.copies + part) * slots_of_table() + slot;
}
