// provides: values, output, ROW, row_values, sums, squares, nan, main
// needs: Bits, ROW_BYTES, BITS_WORDS, Accumulator, WORKGROUP, bits_of_words, parameters, sum_zero, sum_add, real
// needs: sum_merge, sum_ratio, sum_of_count, sum_add_product, variance, is_zero, bits
// (a - mean) / std of rows that fit into a workgroup's memory: a workgroup a row, which is read once. The means and
// deviations are those of shaders/reduce (sum.wgsl, moments.wgsl).

@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read_write> output: array<Bits>;

const ROW: u32 = ROW_BYTES / (4u * BITS_WORDS);
var<workgroup> row_values: array<Bits, ROW>;
var<workgroup> sums: array<Accumulator, WORKGROUP>;
var<workgroup> squares: array<Accumulator, WORKGROUP>;

fn nan() -> Bits { return bits_of_words(parameters.nan); }

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Uniform in the workgroup, so that all invocations reach the barriers; a group past the end reads nothing.
    let number = group.y * groups.x + group.x;
    let end = select(0u, parameters.len, number < parameters.rows);
    let first = number * parameters.len;

    var sum = sum_zero();
    for (var index = local; index < end; index += WORKGROUP) {
        let value = values[parameters.value_offset + first + index];
        row_values[index] = value;
        sum = sum_add(sum, real(value));
    }
    sums[local] = sum;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half { sums[local] = sum_merge(sums[local], sums[local + half]); }
    }
    workgroupBarrier();
    let mean = sum_ratio(sums[0], sum_of_count(parameters.len));
    workgroupBarrier();

    // Each invocation reads back the elements that it stored itself.
    var deviations = sum_zero();
    var sum_of_squares = sum_zero();
    for (var index = local; index < end; index += WORKGROUP) {
        let deviation = real(row_values[index]) - mean;
        deviations = sum_add(deviations, deviation);
        sum_of_squares = sum_add_product(sum_of_squares, deviation, deviation);
    }
    sums[local] = deviations;
    squares[local] = sum_of_squares;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            sums[local] = sum_merge(sums[local], sums[local + half]);
            squares[local] = sum_merge(squares[local], squares[local + half]);
        }
    }
    workgroupBarrier();
    let scale = variance(sums[0], squares[0], parameters.len, true);
    // A constant row has no scale: 0 would be indistinguishable from an element equal to its mean.
    let is_constant = is_zero(scale);
    for (var index = local; index < end; index += WORKGROUP) {
        let scaled = bits((real(row_values[index]) - mean) / real(scale));
        output[parameters.output_offset + first + index] =
            select(scaled, nan(), is_constant);
    }
}
