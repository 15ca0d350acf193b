@group(0) @binding(7) var<storage, read> segments: array<vec4<Bits>>;
