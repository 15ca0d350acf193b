// provides: values, means, product
// needs: Bits, parameters, real, bits
// The factor times the deviation of a value from the mean of its row.
@group(0) @binding(3) var<storage, read> values: array<Bits>;
@group(0) @binding(4) var<storage, read> means: array<Bits>;

fn product(factor: Bits, index: u32, along: u32, row: u32) -> Bits {
    let deviation = real(values[parameters.element_offset + index]) - real(means[parameters.row_offset + row]);
    return bits(real(factor) * deviation);
}
