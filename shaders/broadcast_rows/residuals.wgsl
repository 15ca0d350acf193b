// provides: values, means, scores, slopes, product
// needs: Bits, parameters, real, bits
// The factor times what is left of a deviation beside a line through the scores of its row.
@group(0) @binding(3) var<storage, read> values: array<Bits>;
@group(0) @binding(4) var<storage, read> means: array<Bits>;
@group(0) @binding(5) var<storage, read> scores: array<Bits>;
@group(0) @binding(6) var<storage, read> slopes: array<Bits>;

fn product(factor: Bits, index: u32, along: u32, row: u32) -> Bits {
    let at = parameters.element_offset + index;
    let of_row = parameters.row_offset + row;
    let deviation = real(values[at]) - real(means[of_row]);
    return bits(real(factor) * (deviation - real(scores[at]) * real(slopes[of_row])));
}
