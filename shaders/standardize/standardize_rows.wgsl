// (a - mean) / std of rows that fit into a workgroup's memory: a workgroup a row, which is read once. The means and
// deviations are those of shaders/reduce (plain, moments).

struct Parameters {
    rows: u32,  // of this dispatch
    len: u32,   // of a row, at most ROW
    value_shift: u32,
    output_shift: u32,
    zero: u32,  // zero, which only the host knows
    unused: u32,
    nan: vec2<u32>,
    infinity: vec2<u32>,
    ddof: vec2<u32>,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read_write> result: array<Bits>;

// 12 KiB, which with the sums is less than what every device has.
const ROW: u32 = 3072u / BITS_WORDS;
var<workgroup> row: array<Bits, ROW>;
var<workgroup> sums: array<Accumulator, WORKGROUP>;
var<workgroup> squares: array<Accumulator, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Uniform in the workgroup, so that everybody reaches the barriers; a group past the end has nothing to do.
    let index = group.y * groups.x + group.x;
    let end = select(0u, parameters.len, index < parameters.rows);
    let first = index * parameters.len;

    var sum = sum_zero();
    for (var place = local; place < end; place += WORKGROUP) {
        let value = values[parameters.value_shift + first + place];
        row[place] = value;
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

    // Each looks again at what it put there itself.
    var deviations = sum_zero();
    var sum_of_squares = sum_zero();
    for (var place = local; place < end; place += WORKGROUP) {
        let deviation = real(row[place]) - mean;
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
    let scale = spread(sums[0], squares[0], parameters.len, true);
    // Where all values are the same there is no scale to measure them by.
    let is_constant = is_zero(scale);
    for (var place = local; place < end; place += WORKGROUP) {
        let answer = bits((real(row[place]) - mean) / real(scale));
        result[parameters.output_shift + first + place] =
            select(answer, bits_of_words(parameters.nan), is_constant);
    }
}
