// provides: Output, main
// needs: Bits, WORKGROUP, work_item, TABLES, parameters, store_results, evaluate, locate
// Interpolation in tables: one invocation takes four queries of one row.
alias Output = Bits;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let item = work_item(group, groups, local);
    var row = 0u;
    var column = item * 4u;
    if TABLES {
        let quads = (parameters.columns + 3u) / 4u;
        row = item / quads;
        column = (item - row * quads) * 4u;
    }
    if row >= parameters.rows || column >= parameters.columns { return; }
    let index = row * parameters.columns + column;
    let table = parameters.first_row + row;
    store_results(index, parameters.columns - column, evaluate(locate(index, column, table), table));
}
