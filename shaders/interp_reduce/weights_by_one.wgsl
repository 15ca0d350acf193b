// Four weights one by one. The constant WEIGHTS_ALONG says whether all rows have the same.
@group(0) @binding(4) var<storage, read> weights: array<Bits>;

fn weights_at(row: u32, place: u32) -> vec4<Bits> {
    let at = parameters.weight_shift + select(row * parameters.places + place, place, WEIGHTS_ALONG);
    return vec4<Bits>(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u]);
}
