// provides: numerators, divisors, factors, main
// needs: Bits, WORKGROUP, work_item, parameters, real, bits, bits_of_words, is_zero
// The factors of rows, from what reductions left of them: one invocation a row.

@group(0) @binding(1) var<storage, read> numerators: array<Bits>;
@group(0) @binding(2) var<storage, read> divisors: array<Bits>;
@group(0) @binding(3) var<storage, read_write> factors: array<Bits>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = work_item(group, groups, local);
    if row >= parameters.rows { return; }
    let at = parameters.row_offset + row;
    var factor = real(bits_of_words(parameters.scale));
    if parameters.has_numerators != 0u { factor = real(numerators[at]) * factor; }
    var is_replaced = false;
    if parameters.has_divisors != 0u {
        factor = factor / real(divisors[at]);
        is_replaced = parameters.has_where_zero != 0u && is_zero(divisors[at]);
    }
    factor = factor / real(bits_of_words(parameters.count));
    factors[at] = select(bits(factor), bits_of_words(parameters.where_zero), is_replaced);
}
