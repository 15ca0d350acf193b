// provides: keys, key_at
// needs: Bits
// The keys of knots alone, for searches that evaluate nothing.
@group(1) @binding(0) var<storage, read> keys: array<Bits>;

fn key_at(cell: u32) -> Bits { return keys[cell]; }
