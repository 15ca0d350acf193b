// Four weights in one load. The constant WEIGHTS_ALONG says whether all rows have the same.
@group(0) @binding(4) var<storage, read> weights: array<vec4<Bits>>;

fn weights_at(row: u32, place: u32) -> vec4<Bits> {
    let at = select(row * parameters.places + place, place, WEIGHTS_ALONG);
    return weights[(parameters.weight_shift + at) / 4u];
}
