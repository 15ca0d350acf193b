// provides: WEIGHTS_ALONG, weights, load_aux
// needs: Bits, parameters
// Four weights one by one: those of the indices along the row, the same for all rows, or one for each element.
override WEIGHTS_ALONG: bool;
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn load_aux(row: u32, index: u32) -> vec4<Bits> {
    let at = parameters.weight_offset + select(row * parameters.reduce_len + index, index, WEIGHTS_ALONG);
    return vec4<Bits>(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u]);
}
