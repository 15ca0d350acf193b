// provides: cotangents, load_cotangents
// needs: Bits, parameters
// A cotangent for each result.
@group(0) @binding(4) var<storage, read> cotangents: array<Bits>;

fn load_cotangents(index: u32) -> vec4<Bits> {
    let at = parameters.cotangent_offset + index;
    return vec4<Bits>(cotangents[at], cotangents[at + 1u], cotangents[at + 2u], cotangents[at + 3u]);
}
