// The search index of all tables.
@group(0) @binding(8) var<storage, read> starts: array<u32>;
@group(0) @binding(9) var<storage, read> origins: array<Bits>;
