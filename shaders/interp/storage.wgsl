@group(0) @binding(3) var<storage, read> segments: array<vec4<Bits>>;
