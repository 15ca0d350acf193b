// provides: WEIGHTS_ALONG, weights, load_aux
// needs: Bits, parameters
// Four weights in one load: those of the indices along the row, the same for all rows, or one for each element.
override WEIGHTS_ALONG: bool;
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn load_aux(row: u32, index: u32) -> vec4<Bits> {
    let at = select(row * parameters.reduce_len + index, index, WEIGHTS_ALONG);
    return weights[(parameters.weight_offset + at) / 4u];
}
