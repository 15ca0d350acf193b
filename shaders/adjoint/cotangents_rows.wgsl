// provides: WEIGHTS, factors, weights, cotangent, load_cotangents
// needs: Bits, real, bits, parameters
// What a reduction of rows hands back: a factor for each row, times the weight of the element. WEIGHTS is 0 without
// weights, 1 if rows share theirs, 2 for one for each element.
override WEIGHTS: u32;
@group(0) @binding(4) var<storage, read> factors: array<Bits>;
@group(0) @binding(5) var<storage, read> weights: array<Bits>;

fn cotangent(index: u32) -> Bits {
    let result = parameters.first_result + index;
    let row = result / parameters.row_len;
    let factor = factors[parameters.cotangent_offset + row];
    if WEIGHTS == 0u { return factor; }
    let place = select(index, result - row * parameters.row_len, WEIGHTS == 1u);
    return bits(real(factor) * real(weights[parameters.weight_offset + place]));
}

fn load_cotangents(index: u32) -> vec4<Bits> {
    return vec4<Bits>(cotangent(index), cotangent(index + 1u), cotangent(index + 2u), cotangent(index + 3u));
}
