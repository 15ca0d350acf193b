fn weights_at(row: u32, place: u32) -> vec4<Bits> { return vec4<Bits>(Bits(0u)); }
