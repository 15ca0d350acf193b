// provides: values, factors, means, add_rows
// needs: Bits, Accumulator, parameters, real, sum_add_product
// The factors of rows times what their values deviate from their means.
@group(0) @binding(1) var<storage, read> values: array<Bits>;
@group(0) @binding(2) var<storage, read> factors: array<Bits>;
@group(0) @binding(3) var<storage, read> means: array<Bits>;

// Adds every `step`th row from `first` to `end` at an index along the axis. Their elements are counted off: a
// division for each would take longer than its product. Where there are several outer indices, `step` is at most
// `inner`, so that none is left out.
fn add_rows(before: Accumulator, column: u32, first: u32, end: u32, step: u32) -> Accumulator {
    var sum = before;
    let outer = first / parameters.inner;
    var inner = first - outer * parameters.inner;
    var at = parameters.value_offset + column * parameters.axis_stride + outer * parameters.outer_stride + inner;
    for (var row = first; row < end; row += step) {
        let value = real(values[at]);
        let deviation = value - real(means[parameters.row_offset + row]);
        let factor = real(factors[parameters.row_offset + row]);
        sum = sum_add_product(sum, factor, select(value, deviation, parameters.has_means != 0u));
        // On to the next outer index, as soon as this one has no more.
        let is_past = inner + step >= parameters.inner;
        inner += step - select(0u, parameters.inner, is_past);
        at += step + select(0u, parameters.outer_stride - parameters.inner, is_past);
    }
    return sum;
}
